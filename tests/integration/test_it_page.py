"""Clinic IT's page: what it shows of other boxes and of the pool."""

from pathlib import Path

from support.pool_link import REACHABLE, REFUSED, link_that_says
from support.web_client import WebClient, web_client

from app.hearing_queue import Progress, queue_of


def signed_in(client: WebClient) -> WebClient:
    client.new_person()
    client.join_as_it()
    return client


def test_pool_page__of_a_box_in_none__says_how_to_join_and_what_was_seen_here(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        page = signed_in(client).http.get("/it/pool").text
        assert "This box hears by itself." in page
        assert "No pool announces itself here." in page
        assert "tacet pool invite tacet --as box" in page
        client.app.state.desk.neighbours.pools.heard("clinic", "192.168.7.9", 8790)
        page = client.http.get("/it/pool").text
    assert "192.168.7.9 port 8790" in page
    assert "never by this" in page


def test_pool_page__of_a_box_in_one__says_how_it_stands_and_again_when_that_changes(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        signed_in(client)
        with link_that_says(tmp_path, REACHABLE):
            page = client.http.get("/it/pool").text
            assert "clinic hears" in client.http.get("/it").text
        assert "strong-1, strong-2" in page
        assert "tacet pool invite" not in page
        with link_that_says(tmp_path, REFUSED):
            assert "Bring both to the same version." in client.http.get("/it/pool/now").text


def test_pool_page__left_open__is_no_sign_of_life_of_clinic_it(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        signed_in(client)
        client.http.get("/it/pool")
        (sign_in,) = client.app.state.desk.sign_ins._by_digest.values()
        sign_in.seen_s -= 60
        before_s = sign_in.seen_s
        assert client.http.get("/it/pool/now").status_code == 200
        assert sign_in.seen_s == before_s
        client.http.get("/it/pool")
        assert sign_in.seen_s > before_s


def test_it_page__another_box_needs_somebody__names_it_and_says_so(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        signed_in(client)
        assert "None was heard on this network." in client.http.get("/it").text
        client.app.state.desk.neighbours.heard("tacet-room-2", "attention")
        page = client.http.get("/it").text
    assert "tacet-room-2.local" in page
    assert "needs somebody to look" in page


def test_it_page__an_encrypted_disk__says_so_and_shows_its_recovery_key_when_asked(tmp_path: Path) -> None:
    key = "-".join(["abcdefgh"] * 8)
    with web_client(tmp_path) as client:
        client.new_person()
        desk = client.app.state.desk
        client.join_as_it()
        assert "not encrypted as a whole" in client.http.get("/it").text
        (desk.settings.data_dir / "identity").mkdir()
        (desk.settings.data_dir / "identity/disk-recovery-key").write_text(key)
        page = client.http.get("/it").text
        assert "holds the key" in page
        assert key not in page
        assert key in client.http.post("/it/disk-key").text
        assert "Clinic IT saw the disk" in client.http.get("/it").text


def test_it_page__sessions_wait_to_be_heard__says_how_many_and_how_far_behind(tmp_path: Path) -> None:
    live, ended = Progress(50_000, 62_000, live=True), Progress(60_000, 900_000, live=False)
    with web_client(tmp_path) as client:
        signed_in(client)
        assert "Nothing waits" in client.http.get("/it").text
        client.vaults.lock_all()
        assert "1 vault is locked" in client.http.get("/it/queue").text
        client.pipeline.waiting = queue_of({"a": live, "b": ended}, "a")
        page = client.http.get("/it/queue").text
    assert "14 minutes of sound, in 29 windows, of 2 sessions" in page
    assert "its words are 12 seconds behind" in page
    assert "the session that goes on" in page


def test_it_page__left_open__asks_for_the_queue_without_a_sign_of_life(tmp_path: Path) -> None:
    with web_client(tmp_path) as client:
        signed_in(client)
        (sign_in,) = client.app.state.desk.sign_ins._by_digest.values()
        sign_in.seen_s -= 60
        before_s = sign_in.seen_s
        assert client.http.get("/it/queue").status_code == 200
        assert sign_in.seen_s == before_s
