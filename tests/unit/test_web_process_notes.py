"""The page of process notes: closed until the passphrase is typed, in this browser, for this client, for a while."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.web_box import PASSPHRASE
from support.web_client import WebClient, web_client

from app.records.people import ClientDetails
from app.vault.process_notes import Place
from app.vault.vault import Vault
from app.web.sign_ins import PRIVATE_S, SignIns

CANARY = "countertransference quokka"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def vault(client: WebClient) -> Vault:
    vault = client.new_person()
    client.sign_in(vault)
    return vault


def _page(vault: Vault, name: str = "Zoë") -> str:
    found = [one for one in vault.clients.list() if one.name == name] or [vault.clients.add(ClientDetails(name))]
    return f"/clients/{found[0].client_id}/process-notes"


def _open(client: WebClient, page: str) -> None:
    assert client.http.post(f"{page}/open", data={"passphrase": PASSPHRASE}).headers["location"] == page


def test_page__signed_in__is_closed_until_the_passphrase_is_typed(client: WebClient, vault: Vault) -> None:
    page = _page(vault)
    assert "They are closed." in client.http.get(page).text
    wrong = client.http.post(f"{page}/open", data={"passphrase": "slow green river pebble"})
    assert (wrong.status_code, "That passphrase is another." in wrong.text) == (422, True)
    assert "They are closed." in client.http.get(page).text
    _open(client, page)
    assert client.http.post(page, data={"text": f"{CANARY}\nand <b>more</b>"}).status_code == 303
    shown = client.http.get(page).text
    assert CANARY in shown
    assert "<b>more</b>" not in shown
    assert CANARY in client.http.post(f"{page}/file").text


def test_page__opened__stays_closed_for_other_clients_browsers_and_people(client: WebClient, vault: Vault) -> None:
    page, other = _page(vault), _page(vault, "Tom")
    _open(client, page)
    client.http.post(page, data={"text": CANARY})
    assert "They are closed." in client.http.get(other).text
    forged = client.http.post(other, data={"text": "into another's"})
    assert (forged.status_code, "into another" in forged.text) == (409, True)
    client.sign_in(vault)  # another sign-in is another browser
    assert "They are closed." in client.http.get(page).text
    assert client.http.post(f"{page}/file").status_code == 409
    client.sign_in(client.new_person("Jonas Brandt"))
    assert client.http.get(page).status_code == 404
    assert client.http.post(f"{page}/open", data={"passphrase": PASSPHRASE}).status_code == 404


def test_write__after_the_place_was_closed__keeps_nothing_and_gives_the_words_back(
    client: WebClient, vault: Vault
) -> None:
    page = _page(vault)
    _open(client, page)
    client.http.post(f"{page}/close")
    for path in (page, f"{page}/0/1", f"{page}/0/1/erase"):
        answer = client.http.post(path, data={"text": CANARY})
        assert answer.status_code == 409
        assert "closed meanwhile" in answer.text
    assert CANARY in client.http.post(page, data={"text": CANARY}).text
    _open(client, page)
    assert CANARY not in client.http.get(page).text


def test_note__changed_and_erased__is_gone_and_an_unknown_one_is_said(client: WebClient, vault: Vault) -> None:
    page = _page(vault)
    _open(client, page)
    client.http.post(page, data={"text": CANARY})
    assert client.http.post(f"{page}/0/1", data={"text": "calmer"}).status_code == 303
    assert "calmer" in client.http.get(page).text
    assert client.http.post(f"{page}/0/1/erase").status_code == 303
    assert "Nothing is written yet." in client.http.get(page).text
    for path in (f"{page}/0/1/erase", f"{page}/7/1/erase"):
        assert client.http.post(path).status_code == 409


def test_guesses__too_many_at_this_lock__wait_like_those_at_the_door(client: WebClient, vault: Vault) -> None:
    page = _page(vault)
    answers = [client.http.post(f"{page}/open", data={"passphrase": f"wrong {at}"}).status_code for at in range(6)]
    assert answers[:4] == [422] * 4
    assert 429 in answers


def test_audit__of_all_this__names_the_client_by_id_and_holds_no_words(client: WebClient, vault: Vault) -> None:
    page = _page(vault)
    _open(client, page)
    client.http.post(page, data={"text": CANARY})
    events = [one for one in vault.audit.latest(50) if one.action.startswith("process.")]
    assert {one.action for one in events} == {"process.unlocked", "process.written"}
    assert {one.subject for one in events} == {page.split("/")[2]}
    assert "quokka" not in repr(events)


def test_private__nobody_looks_for_a_while_or_signs_out__drops_the_keys() -> None:
    now = [0.0]
    sign_ins = SignIns(clock=lambda: now[0])
    token, sign_in = sign_ins.begin("a" * 32)
    places = (Place("b" * 32, b"key"),)
    sign_ins.open_private(sign_in, places)
    now[0] += PRIVATE_S - 1
    assert sign_ins.private(sign_in, "b" * 32) == places
    assert sign_ins.private(sign_in, "c" * 32) == ()
    now[0] += PRIVATE_S
    sign_ins.close_old_private()
    assert sign_in.private == ()
    sign_ins.open_private(sign_in, places)
    sign_ins.end(token)
    assert sign_in.private == ()
    assert "key" not in repr(sign_in)
