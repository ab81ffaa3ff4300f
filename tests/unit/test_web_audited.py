"""Every route that shows or changes clinical data adds exactly one event. Drawn from the routes, not from a list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from support.web_client import WebClient, web_client
from support.web_sessions import add_session, plain

from app.audit.chain import ID
from app.vault.vault import Vault
from app.web.audited import Audited, Mapped, UnmappedRoute, audited, mapped_routes, refuse_unmapped, unaudited

SESSION = "5e" * 16


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def vault(client: WebClient) -> Vault:
    vault = client.new_person()
    add_session(vault, client.tapes_dir, plain("Martin was late"), session_id=SESSION, started_at_ms=1)
    client.sign_in(vault)
    return vault


def clinical(client: WebClient) -> list[Mapped]:
    return [route for route in mapped_routes(client.app) if isinstance(route.says[0], Audited)]


def address(path: str) -> str:
    """The route's address, with the one session there is and numbers for whatever else it asks for."""
    filled = path.replace("{session_id}", SESSION)
    while "{" in filled:
        before, _, rest = filled.partition("{")
        filled = before + "0" + rest.partition("}")[2]
    return filled


def test_every_clinical_route__asked_once__adds_exactly_one_event(client: WebClient, vault: Vault) -> None:
    routes = clinical(client)
    assert len(routes) >= 18
    last = [route for route in routes if "withdraw" in route.path and "POST" in route.methods]
    for route in [one for one in routes if one not in last] + last:
        if route.path.endswith("/events"):
            continue  # streams do not end here: see the next test
        for method in route.methods:
            client.sign_in(vault)  # anew, as some of them sign out
            before = vault.audit.head().events
            client.http.request(method, address(route.path))
            event, said = vault.audit.latest(1)[0], route.says[0]
            assert isinstance(said, Audited)
            assert (route.path, vault.audit.head().events - before) == (route.path, 1)
            assert (event.action, event.actor) == (said.action, vault.account.vault_id)
            assert event.subject == (SESSION if "{session_id}" in route.path else event.subject)
    assert vault.audit.verify() is None


def test_every_clinical_route__nobody_signed_in__adds_nothing_and_shows_nothing(
    client: WebClient, vault: Vault
) -> None:
    client.http.cookies.clear()
    before = vault.audit.head()
    for route in clinical(client):
        for method in route.methods:
            answer = client.http.request(method, address(route.path))
            assert (route.path, "Martin" in answer.text) == (route.path, False)
            over = answer.text.startswith("event: ended") or answer.status_code in {303, 401}
            assert (route.path, over) == (route.path, True)
    assert vault.audit.head() == before


def test_events__of_a_whole_day__hold_ids_and_nothing_else(client: WebClient, vault: Vault) -> None:
    client.http.get(f"/sessions/{SESSION}")
    client.http.get("/sessions/Martin%20was%20late")
    client.http.post(f"/sessions/{SESSION}/lines/0/edit", data={"text": "Martin was early"})
    client.http.post("/signin", data={"person": "Martin", "passphrase": "Martin Martin"})
    client.http.post("/lock")
    client.sign_in(vault)
    reopened = client.vaults.get(vault.account.vault_id)
    assert reopened
    events = reopened.audit.latest(100) + client.record.audit.latest(100)
    assert {"session.opened", "line.edited", "vault.locked", "person.signed_in", "signin.refused"} <= {
        event.action for event in events
    }
    for event in events:
        assert "Martin" not in repr(event)
        assert ID.fullmatch(event.subject)


def test_lock__keeps_the_vaults_head_in_the_boxs_trail(client: WebClient, vault: Vault) -> None:
    client.http.post("/lock")
    reopened = client.vaults.unlock(vault.account.vault_id, "slow green river stone")
    locked = reopened.audit.latest(1)[0]
    assert locked.action == "vault.locked"
    assert locked.hash in {event.subject for event in client.record.audit.latest(9) if event.action == "audit.head"}


def test_new_route__says_nothing_of_the_audit__keeps_the_app_from_starting() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_api_route("/good", lambda: "", dependencies=[audited("session.opened", "opened the session")])
    refuse_unmapped(app)
    app.add_api_route("/forgotten", lambda: "")
    with pytest.raises(UnmappedRoute, match="/forgotten"):
        refuse_unmapped(app)


def test_new_route__maps_itself_twice__keeps_the_app_from_starting() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    twice = [audited("session.opened", "opened the session"), unaudited("or not")]
    app.add_api_route("/twice", lambda: "", dependencies=twice)
    with pytest.raises(UnmappedRoute, match="/twice"):
        refuse_unmapped(app)
