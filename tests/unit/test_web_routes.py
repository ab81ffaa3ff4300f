"""What the routes answer, without a browser: who may see what, and what goes in and out."""

import wave
from collections import defaultdict
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from support.web_box import NAME, PASSPHRASE
from support.web_client import WebClient, web_client
from support.web_sessions import RATE_HZ, add_session, plain

from app.domain import SessionState
from app.review import Review
from app.vault.vault import Vault
from app.web.audited import mapped_routes
from firmware.status import BoxState

SESSION = "5e" * 16
PUBLIC = {
    "/",
    "/setup",
    "/join",
    "/passphrase-strength",
    "/signin",
    "/signin/lost-passphrase",
    "/trust",
    "/events",
    "/today/events",
}
PUBLIC |= {"/it/signin", "/it/join"}
PUBLIC |= {"/signin/second", "/signin/second/passkey", "/signin/second/recovery"}  # a sign-in that is half way
PUBLIC |= {"/sessions/{session_id}/events"}  # tells nothing but that nobody is signed in
PUBLIC |= {"/restore", "/restore/now"}  # what an empty box may be filled with
PUBLIC |= {"/metrics"}  # to machines that the clinic names, to nobody else
STARTED_AT_MS = 1_795_000_000_000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def vault(client: WebClient) -> Vault:
    """Ada's, with one draft of three lines; she is signed in."""
    vault = client.new_person()
    segments = plain("Good morning Martin", "Yes I pressed the button", "So how was the week")
    add_session(vault, client.tapes_dir, segments, session_id=SESSION, started_at_ms=STARTED_AT_MS)
    client.sign_in(vault)
    return vault


def test_every_route__nobody_signed_in__leads_to_the_sign_in(client: WebClient) -> None:
    client.new_person()
    paths = client.http.app.openapi()["paths"]  # type: ignore[attr-defined]
    closed = [(path, method) for path, methods in paths.items() for method in methods if path not in PUBLIC]
    assert len(closed) >= 18
    for path, method in closed:
        answer = client.http.request(
            method.upper(),
            path.format_map(
                defaultdict(lambda: SESSION, seq="0", kind="context", mark_id="1", start_ms="0", sentence_id="0")
            ),
        )
        if path.endswith(".json"):
            assert (path, answer.status_code) == (path, 401)
            assert answer.json() == {"problem": "Nobody is signed in. Sign in first."}
        else:
            assert (path, answer.status_code, answer.headers["location"]) == (path, 303, "/signin")


def test_every_route__asked_for_a_number_beyond_all__breaks_nothing(client: WebClient, vault: Vault) -> None:
    """SQLite's integers have 64 bits; an address may hold any number."""
    beyond = "9" * 25
    for route in mapped_routes(client.app):
        if route.path.endswith("/events") or "{" not in route.path or "sign" in route.path:
            continue
        path = route.path.format_map(
            defaultdict(lambda: beyond, session_id=SESSION, client_id=SESSION, kind="context", person_id=SESSION)
        )
        query = dict.fromkeys(("since", "before", "after", "start_ms", "seq", "base"), beyond)
        for method in route.methods:
            data = query if method == "POST" else None
            answer = client.http.request(method, path, params=query, data=data)
            assert (path, answer.status_code < 500) == (path, True)


def test_event_streams__nobody_signed_in__say_only_that_it_is_over(client: WebClient) -> None:
    client.new_person()
    for path in ("/today/events", f"/sessions/{SESSION}/events", "/events?signed=true"):
        answer = client.http.get(path)
        assert answer.text.startswith("event: ended\n")
        assert answer.text.count("event:") == 1


def test_somebody_else__signed_in__finds_nothing_of_hers(client: WebClient, vault: Vault) -> None:
    client.sign_in(client.new_person("Jonas Brandt"))
    assert client.http.get("/sessions.json").json() == []
    for path in ("", "/transcript.json", "/audio.wav", "/lines", "/lines/0", "/lines/0/edit"):
        assert (path, client.http.get(f"/sessions/{SESSION}{path}").status_code) == (path, 404)
    for path in ("/approve", "/unapprove", "/export", "/lines/0/edit", "/lines/0/undo"):
        answer = client.http.post(f"/sessions/{SESSION}{path}", data={"attested": "yes", "text": "mine"})
        assert (path, answer.status_code) == (path, 404)
    assert Review(vault).transcript(SESSION)[0].text == "Good morning Martin"


def test_vault_locked_elsewhere__the_next_request_leads_to_the_sign_in(client: WebClient, vault: Vault) -> None:
    client.vaults.lock(vault.account.vault_id)
    answer = client.http.get("/today")
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin?why=over")
    by_htmx = client.http.get(f"/sessions/{SESSION}/lines/0", headers={"hx-request": "true"})
    assert by_htmx.headers["hx-redirect"] == "/signin?why=over"


def test_cookie__keeps_to_this_box_and_out_of_scripts(client: WebClient) -> None:
    vault = client.new_person()
    form = {"person": vault.account.vault_id, "passphrase": PASSPHRASE}
    cookie = client.http.post("/signin", data=form).headers["set-cookie"]
    assert cookie.startswith("__Host-tacet=")
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"secure", "httponly", "samesite=strict", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


def test_sign_in__unknown_person__looks_like_a_wrong_passphrase(client: WebClient) -> None:
    vault = client.new_person()
    wrong = client.http.post("/signin", data={"person": vault.account.vault_id, "passphrase": "not it at all"})
    unknown = client.http.post("/signin", data={"person": "00" * 16, "passphrase": "not it at all"})
    assert wrong.status_code == unknown.status_code == 422
    assert "does not open this vault" in wrong.text
    assert "does not open this vault" in unknown.text


def test_sign_in__has_the_box_record_for_this_person_and_lock_lets_go_of_the_keys(
    client: WebClient, vault: Vault
) -> None:
    assert client.recorder.status is not None
    assert client.recorder.status.recipient_key_id == vault.account.key_id
    answer = client.http.post("/lock")
    assert answer.headers["location"] == "/signin?why=locked"
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert client.vaults.unlocked() == []
    assert client.http.get("/today").status_code == 303


def test_setup__done_once__cannot_be_done_again(client: WebClient) -> None:
    code = client.setup_code
    form = {"code": code, "name": "  Dr.  Ada  Example ", "passphrase": PASSPHRASE, "again": PASSPHRASE}
    assert client.http.post("/setup", data=form).headers["location"] == "/setup/recovery-code"
    assert client.http.post("/setup", data=form | {"name": "Eve"}).headers["location"] == "/"
    assert client.http.get("/setup").headers["location"] == "/"
    assert [account.name for account in client.vaults.accounts()] == ["Dr. Ada Example"]


def test_recovery_code__not_confirmed_yet__every_page_leads_back_to_it(client: WebClient) -> None:
    form = {"code": client.setup_code, "name": NAME, "passphrase": PASSPHRASE, "again": PASSPHRASE}
    client.http.post("/setup", data=form)
    assert client.http.get("/today").headers["location"] == "/setup/recovery-code"
    (sign_in,) = client.app.state.desk.sign_ins._by_digest.values()
    group = sign_in.recovery_code.split("-")[sign_in.asked_group]
    assert group in client.http.get("/setup/recovery-code").text
    assert client.http.post("/setup/recovery-code", data={"group": "WRONG"}).status_code == 422
    typed = group.lower().replace("0", "o").replace("1", "l")
    assert client.http.post("/setup/recovery-code", data={"group": typed}).headers["location"] == "/today"
    assert client.http.get("/setup/recovery-code").headers["location"] == "/today"
    assert sign_in.recovery_code is None


def test_transcript_json__under_review__has_what_scripts_need(client: WebClient, vault: Vault) -> None:
    Review(vault).edit(SESSION, 0, "Good morning, Martin.", NAME)
    facts = client.http.get(f"/sessions/{SESSION}/transcript.json").json()
    assert (facts["state"], facts["finished"], facts["problem"]) == ("in_review", True, None)
    assert facts["samples"] == facts["duration_ms"] * RATE_HZ // 1000
    assert facts["heard_ms"] == facts["duration_ms"]
    assert (facts["sample_rate_hz"], facts["channels"]) == (RATE_HZ, 2)
    assert facts["not_understood"] == []
    first = facts["transcript"][0]
    assert (first["start_ms"], first["speaker"], first["text"]) == (500, "1", "Good morning, Martin.")
    third = {"start_ms": 1100, "end_ms": 1380, "word": "Martin", "probability": 0.95, "speaker": "1", "overlap": False}
    assert first["words"][2] == third
    assert [one["id"] for one in client.http.get("/sessions.json").json()] == [SESSION]


def test_transcript_json__still_heard__is_not_finished(client: WebClient, vault: Vault) -> None:
    vault.sessions.set_state(SESSION, SessionState.TRANSCRIBING)
    assert client.http.get(f"/sessions/{SESSION}/transcript.json").json()["finished"] is False


def test_audio__ranges__add_up_to_the_whole(client: WebClient, vault: Vault) -> None:
    path = f"/sessions/{SESSION}/audio.wav"
    whole = client.http.get(path)
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    with wave.open(BytesIO(whole.content)) as file:
        samples = file.getnframes()
    assert samples == vault.sessions.get(SESSION).samples  # type: ignore[union-attr]
    part = client.http.get(path, headers={"range": "bytes=1001-2500"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 1001-2500/{len(whole.content)}"
    assert part.content == whole.content[1001:2501]
    assert client.http.get(path, headers={"range": "bytes=99999999-"}).status_code == 416
    assert client.http.get(f"{path}?samples=100").headers["content-length"] == str(44 + 200)


def test_audio__long_recording__comes_in_bounded_answers(
    client: WebClient, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.audio.MAX_ANSWER_BYTES", 1000)
    part = client.http.get(f"/sessions/{SESSION}/audio.wav", headers={"range": "bytes=0-"})
    assert part.status_code == 206
    assert part.headers["content-range"].startswith("bytes 0-999/")
    assert len(part.content) == 1000


def test_audio__erased_tape__says_so(client: WebClient, vault: Vault) -> None:
    folder = client.tapes_dir / SESSION
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert client.http.get(f"/sessions/{SESSION}/audio.wav").status_code == 404


def test_opening_the_page__moves_a_draft_into_review(client: WebClient, vault: Vault) -> None:
    assert client.http.get(f"/sessions/{SESSION}").status_code == 200
    row = vault.sessions.get(SESSION)
    assert row is not None
    assert row.state is SessionState.IN_REVIEW


def test_export__draft_refused_then_approved_then_out(client: WebClient, vault: Vault) -> None:
    path = f"/sessions/{SESSION}"
    refused = client.http.post(f"{path}/export")
    assert refused.status_code == 409
    assert "approve" in refused.text.lower()
    assert "attachment" not in refused.headers.get("content-disposition", "")
    assert client.http.post(f"{path}/approve").status_code == 409  # nothing attested
    assert client.http.post(f"{path}/approve", data={"attested": "yes"}).status_code == 303
    exported = client.http.post(f"{path}/export")
    assert exported.headers["content-disposition"].startswith('attachment; filename="session-2026-11-18-')
    assert "Good morning Martin" in exported.text
    assert client.http.post(f"{path}/lines/0/edit", data={"text": "no"}).status_code == 409
    assert client.http.post(f"{path}/unapprove").status_code == 303
    assert client.http.post(f"{path}/export").status_code == 409


def test_edit__without_htmx__goes_back_to_its_line(client: WebClient, vault: Vault) -> None:
    path = f"/sessions/{SESSION}/lines/1"
    assert "Edit a line" in client.http.get(f"{path}/edit").text
    answer = client.http.post(f"{path}/edit", data={"text": "Yes,\r\n I pressed it"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sessions/{SESSION}#line-1")
    assert Review(vault).transcript(SESSION)[1].text == "Yes, I pressed it"
    assert client.http.post(f"{path}/undo").status_code == 303
    assert Review(vault).transcript(SESSION)[1].text == "Yes I pressed the button"


def test_edit__refused_by_htmx__comes_as_a_notice_in_place(client: WebClient, vault: Vault) -> None:
    Review(vault).approve(SESSION, NAME)
    answer = client.http.post(f"/sessions/{SESSION}/lines/1/edit", data={"text": "no"}, headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-retarget"]) == (409, "#notice")
    assert "<html" not in answer.text


def test_line_that_is_not_there__is_not_found(client: WebClient, vault: Vault) -> None:
    assert client.http.get(f"/sessions/{SESSION}/lines/99").status_code == 404
    assert client.http.post(f"/sessions/{SESSION}/lines/99/edit", data={"text": "x"}).status_code == 404
    assert client.http.get(f"/sessions/{SESSION}/lines/x").status_code == 400


def test_controls__own_recording__are_passed_on(client: WebClient, vault: Vault) -> None:
    client.recorder.show(BoxState.RECORDING)
    assert client.http.post("/box/pause", headers={"hx-request": "true"}).status_code == 204
    assert client.http.post("/box/stop").headers["location"] == "/today"
    assert client.recorder.asked == ["pause", "stop"]


def test_controls__somebody_elses_recording_or_none__are_refused(client: WebClient, vault: Vault) -> None:
    assert client.http.post("/box/pause").status_code == 409  # nothing is recorded
    client.recorder.show(None)
    assert client.http.post("/box/stop").status_code == 409
    client.recorder.show(BoxState.RECORDING)
    other = client.new_person("Jonas Brandt")
    client.sign_in(other)
    client.sign_in(vault)  # the box now records for Ada again; Jonas comes back by his cookie alone
    token, _ = client.app.state.desk.sign_ins.begin(other.account.vault_id)
    client.http.cookies.clear()
    client.http.cookies.set("__Host-tacet", token)
    assert "popovertarget" not in client.http.get("/today").text
    assert client.http.post("/box/stop").status_code == 409
    assert client.recorder.asked == []
