"""Clinic IT's page: what it shows of other boxes."""

from pathlib import Path

from support.web_client import web_client

from app.box.invitations import Role

PASSPHRASE = "seven loud orange kettles"


def test_it_page__another_box_needs_somebody__names_it_and_says_so(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        client.new_person()
        form = {"passphrase": PASSPHRASE, "again": PASSPHRASE}
        form["code"] = client.app.state.desk.invitations.invite(Role.CLINIC_IT)
        client.http.post("/it/join", data=form)
        assert "None was heard on this network." in client.http.get("/it").text
        client.app.state.desk.neighbours.heard("tacet-room-2", "attention")
        page = client.http.get("/it").text
    assert "tacet-room-2.local" in page
    assert "needs somebody to look" in page
