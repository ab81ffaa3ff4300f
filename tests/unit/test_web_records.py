"""Clients, week, consent, search, keeping and exports as their routes answer, on a real vault and a real tape."""

import io
import json
import re
import wave
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.pool_link import AWAY, link_that_says
from support.web_box import NAME
from support.web_client import WebClient, web_client
from support.web_sessions import add_session, plain

from app.clock import Reading
from app.domain import Cursor, MarkKind, SessionHead
from app.export.forms import FORMS
from app.records.consent import Method, Scope, Standing
from app.records.people import ClientDetails
from app.records.retention import Rule
from app.review import Review
from app.vault.consents import ConsentStore, Signing
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault

SESSION = "5e" * 16
STARTED_AT_MS = 1_795_000_000_000
CANARY = "xylophonist"
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def vault(client: WebClient) -> Vault:
    vault = client.new_person()
    segments = plain("Good morning Martin", f"The {CANARY} is my sister", "So how was the week")
    add_session(vault, client.tapes_dir, segments, session_id=SESSION, started_at_ms=STARTED_AT_MS)
    client.sign_in(vault)
    return vault


def added(client: WebClient, **form: str) -> str:
    answer = client.http.post("/clients", data={"name": "Zoë Berg"} | form)
    assert answer.status_code == 303
    return str(answer.headers["location"]).rpartition("/")[2]


def test_clients__empty_then_added__lists_and_finds_with_typing_mistakes(client: WebClient, vault: Vault) -> None:
    assert "No clients yet" in client.http.get("/clients").text
    client_id = added(client, people="Zoë Berg\nTom Berg", kind="couple")
    page = client.http.get(f"/clients/{client_id}")
    assert "Tom Berg" in page.text
    for typed in ("zoe", "Zoe Brg", "tom", "Bergg"):
        assert client_id in client.http.get("/clients", params={"q": typed}).text, typed
    assert client_id not in client.http.get("/clients", params={"q": "Wolfgang"}).text
    assert client.http.get(f"/clients/{'0' * 32}").status_code == 404


def test_client__same_name_again__asks_and_keeps_what_was_typed(client: WebClient, vault: Vault) -> None:
    added(client)
    answer = client.http.post("/clients", data={"name": "zoe berg", "goals": "sleep"})
    assert answer.status_code == 422
    assert "sleep" in answer.text
    assert client.http.post("/clients", data={"name": "zoe berg", "another": "yes"}).status_code == 303


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "A", "audio_days": "soon"}, {"name": "x" * 300}])
def test_client__what_cannot_be_kept__comes_back_with_a_sentence(
    client: WebClient, vault: Vault, form: dict[str, str]
) -> None:
    answer = client.http.post("/clients", data=form)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text


def test_client__names_with_markup__are_shown_as_they_are(client: WebClient, vault: Vault) -> None:
    added(client, name="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in client.http.get("/clients").text


def test_client__archived_merged_and_held__as_asked(client: WebClient, vault: Vault) -> None:
    first, second = added(client), added(client, name="Z. B.")
    client.http.post(f"/clients/{first}/archived", data={"archived": "yes"})
    assert "Archived" in client.http.get("/clients").text
    client.http.post(f"/clients/{first}/hold", data={"reason": "court order"})
    assert "court order" in client.http.get(f"/clients/{first}").text
    assert (
        "cannot" in client.http.post(f"/clients/{first}/erase", data={"confirmed": "yes"}).text or vault.clients.list()
    )
    client.http.post(f"/clients/{first}/hold/lift")
    client.http.post(f"/clients/{first}/merge", data={"duplicate": second})
    assert client.http.get(f"/clients/{second}").headers["location"] == f"/clients/{first}"


def test_consent__signed_on_the_screen_and_taken_back__stands_as_signed(client: WebClient, vault: Vault) -> None:
    client_id = added(client)
    person_id = vault.clients.get(client_id).people[0].person_id
    path = f"/clients/{client_id}/consent/{person_id}"
    page = client.http.get(path).text
    text_id = re.search(r'name="text_id" value="(\d+)"', page)
    assert text_id
    form = {"text_id": text_id[1], "scope": ["record", "transcribe"], "method": "screen"}
    assert client.http.post(path, data=form | {"signed_name": " "}).status_code == 422
    assert client.http.post(path, data=form | {"signed_name": "Zoë Berg"}).status_code == 303
    (record,) = vault.consents.records(client_id)
    assert record.standing(Scope.RECORD, 2**42) is Standing.GIVEN
    assert record.standing(Scope.KEEP_AUDIO, 2**42) is Standing.MISSING
    wording = {"title": "New", "body": "New words", "language": "en"}
    assert client.http.post("/consent/wording", data=wording).status_code == 303
    assert "new wording: ask again" in client.http.get(f"/clients/{client_id}").text
    assert client.http.get(f"{path}/take-back").status_code == 200
    client.http.post(f"{path}/take-back", data={"scope": ["record", "transcribe"], "past": "keep"})
    assert vault.consents.records(client_id)[0].standing(Scope.RECORD, 2**42) is Standing.WITHDRAWN


def test_take_back__with_erasure_of_the_past__erases_the_sessions(client: WebClient, vault: Vault) -> None:
    client_id = added(client)
    client.http.post(f"/sessions/{SESSION}/client", data={"client_id": client_id})
    person_id = vault.clients.get(client_id).people[0].person_id
    answer = client.http.post(f"/clients/{client_id}/consent/{person_id}/take-back", data={"past": "erase"})
    assert answer.status_code == 303
    assert vault.sessions.list() == []
    assert vault.erasures.receipt(SESSION) is not None
    certificate = client.http.get(answer.headers["location"]).text
    assert "Consent was taken back" in certificate
    assert "1 session<" in certificate
    (record,) = vault.consents.records(client_id)
    assert record.withdrawals[0].past_erased
    assert "Consent to the recording was withdrawn" in client.http.get(f"/receipts/{SESSION}").text


def test_consent__its_period_is_over__asks_again_and_prepares_without_it(client: WebClient, vault: Vault) -> None:
    client_id = added(client)
    person_id = vault.clients.get(client_id).people[0].person_id
    wording = {"title": "T", "body": "B", "language": "en"}
    assert client.http.post("/consent/wording", data=wording | {"valid_days": "soon"}).status_code == 409
    assert client.http.post("/consent/wording", data=wording | {"valid_days": "30"}).status_code == 303
    (text,) = vault.consents.texts()
    signing = Signing(person_id, text.text_id, frozenset({Scope.RECORD}), Method.PAPER, "Zoë Berg")
    for days_ago, standing in ((31, "run out: ask again"), (29, "yes")):
        store = ConsentStore(vault._database, lambda days=days_ago: wall_clock_ms() - days * DAY_MS)
        store.sign(signing, NAME)
        client.http.post(f"/clients/{client_id}/prepare")
        assert client.recorder.prepared[1] is (days_ago < 30)
        assert standing in client.http.get(f"/clients/{client_id}").text


def test_week__appointment_prepared_moved_and_cancelled__recorder_is_told(client: WebClient, vault: Vault) -> None:
    client_id = added(client)
    form = {"client_id": client_id, "on": "2026-03-02", "at": "10:00", "minutes": "50", "repeat": "weekly"}
    assert client.http.post("/appointments", data=form).headers["location"] == "/week?on=2026-03-02"
    page = client.http.get("/week?on=2026-03-09").text
    assert "Zoë Berg" in page
    address = re.search(r"/appointments/(\w{32})/(\d+)\?on=2026-03-09", page)
    assert address
    path = f"/appointments/{address[1]}/{address[2]}"
    assert "No written consent" in client.http.get(f"{path}?on=2026-03-09").text
    moved = client.http.post(
        f"{path}/move", data={"was_on": "2026-03-09", "on": "2026-03-10", "at": "11:00", "minutes": "30"}
    )
    assert moved.headers["location"] == "/week?on=2026-03-10"
    assert client.http.post(f"{path}/move", data={"was_on": "2026-03-10", "on": "x", "at": "y"}).status_code == 422
    assert client.http.post(f"{path}/cancel", data={"on": "2026-03-10"}).status_code == 303
    assert "Zoë Berg" not in re.sub(r"<option.*?</option>", "", client.http.get("/week?on=2026-03-09").text)
    assert client.http.get(f"{path}?on=2026-03-10").status_code == 404
    client.http.post(f"/clients/{client_id}/prepare")
    appointment_id, consented = client.recorder.prepared
    assert appointment_id is not None
    assert not consented
    vault.clients.link_from_tape(SESSION, appointment_id)
    assert vault.clients.links() == {SESSION: client_id}
    assert "The next press of the button belongs to" in client.http.get("/week").text


@pytest.mark.parametrize("form", [{"on": "2026-02-30"}, {"at": "25:00"}, {"minutes": "0"}, {"until": "2020-01-01"}])
def test_appointment__what_cannot_be__comes_back_with_a_sentence(
    client: WebClient, vault: Vault, form: dict[str, str]
) -> None:
    good = {"title": "A", "on": "2026-03-02", "at": "10:00", "minutes": "50", "repeat": "weekly"}
    answer = client.http.post("/appointments", data=good | form)
    assert answer.status_code == 422
    assert 'class="notice"' in answer.text


@pytest.mark.parametrize("on", ["", "nonsense", "0001-01-01", "1969-12-31", "9999-12-31"])
def test_week__whatever_day_is_asked_for__is_a_week(client: WebClient, vault: Vault, on: str) -> None:
    assert client.http.get("/week", params={"on": on}).status_code == 200
    assert client.http.get("/week", params={"on": on, "view": "day"}).status_code == 200


def calendar_of(events: int) -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{at}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260302T{at % 24:02}0000Z\r\n"
        f"DTEND:20260302T{at % 24:02}4500Z\r\nSUMMARY:Zoë Berg\r\nEND:VEVENT\r\n"
        for at in range(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\n{body}END:VCALENDAR\r\n".encode()


def test_import__larger_than_other_forms_may_be__is_taken_in_and_exported_without_names(
    client: WebClient, vault: Vault
) -> None:
    added(client)
    file = calendar_of(900)
    assert len(file) > 64 * 1024
    answer = client.http.post("/week/calendars", files={"file": ("Practice.ics", file, "text/calendar")})
    assert answer.status_code == 200
    assert "900 new appointments, 900 found their client by name" in answer.text
    start = datetime(2026, 3, 2, tzinfo=UTC)
    assert len(vault.appointments.between(start, start + timedelta(days=1))) == 900
    exported = client.http.post("/week/calendars/export")
    assert exported.headers["content-type"].startswith("text/calendar")
    assert "Zoë" not in exported.text
    assert client.http.post("/week/calendars/remove", data={"source": "Practice"}).status_code == 303
    assert vault.appointments.sources() == []


@pytest.mark.parametrize("content", [b"", b"no calendar", calendar_of(3)[:120]])
def test_import__broken_file__is_a_sentence_and_changes_nothing(
    client: WebClient, vault: Vault, content: bytes
) -> None:
    client.http.post("/week/calendars", files={"file": ("a.ics", calendar_of(2), "text/calendar")})
    answer = client.http.post("/week/calendars", files={"file": ("a.ics", content, "text/calendar")})
    assert answer.status_code == 409
    assert "nothing was changed" in answer.text
    assert vault.appointments.sources() == [("a", 2)]
    assert client.http.post("/week/calendars", data={"no": "file"}).status_code in {400, 409}


def test_search__words_of_a_session__lead_to_the_line(client: WebClient, vault: Vault) -> None:
    client_id = added(client)
    assert client.app.state.desk.indexer.look(vault) == 1
    page = client.http.get("/search", params={"q": "xyloph"}).text
    assert f'href="/sessions/{SESSION}#line-1"' in page
    assert f"<mark>{CANARY}</mark>" in page
    assert "Nothing was found" in client.http.get("/search", params={"q": '"xyloph"'}).text
    assert "<mark>" in client.http.get("/search", params={"q": '"my sister"'}).text
    assert "Nothing was found" in client.http.get("/search", params={"q": "xyloph", "client_id": client_id}).text
    client.http.post(f"/sessions/{SESSION}/client", data={"client_id": client_id})
    found = {"q": "xyloph", "client_id": client_id, "speaker": "2", "since": "2026-11-01", "until": "2026-11-30"}
    assert "<mark>" in client.http.get("/search", params=found).text
    assert "<mark>" not in client.http.get("/search", params=found | {"speaker": "1"}).text
    assert client_id in client.http.get("/search", params={"q": "zoe brg"}).text
    for odd in ('"', "* OR", 'NEAR("a" "b")', "a:b", "-", "'; DROP TABLE search --", "\x00", "🙂"):
        assert client.http.get("/search", params={"q": odd}).status_code == 200
    Review(vault).edit(SESSION, 1, "Nothing of it", NAME)
    assert client.app.state.desk.indexer.look(vault) == 1
    assert "Nothing was found" in client.http.get("/search", params={"q": "xyloph"}).text


@pytest.mark.parametrize("kind", sorted(FORMS))
def test_export__every_form__of_approved_work_only_and_logged(client: WebClient, vault: Vault, kind: str) -> None:
    refused = client.http.post(f"/sessions/{SESSION}/export", data={"kind": kind})
    assert refused.status_code == 409
    approval = Review(vault).approve(SESSION, NAME)
    answer = client.http.post(f"/sessions/{SESSION}/export", data={"kind": kind})
    assert answer.status_code == 200
    assert len(answer.content) > 300
    if kind not in {"pdf", "docx"}:
        assert CANARY in answer.text
        assert approval.content_hash in answer.text
        assert "Drafted by a machine" in answer.text
    assert [one.kind for one in vault.approvals.exports(SESSION)] == [kind]
    assert client.http.post(f"/sessions/{SESSION}/export", data={"kind": "exe"}).status_code == 404


def test_record__approved_session__offers_the_ways_out_and_corrects_a_wrong_client(
    client: WebClient, vault: Vault
) -> None:
    first, second = added(client), added(client, name="Somebody Else")
    client.http.post(f"/sessions/{SESSION}/client", data={"client_id": first})
    client.http.post(f"/sessions/{SESSION}/client", data={"client_id": second})
    part = client.http.get(f"/sessions/{SESSION}/record", headers={"hx-request": "true"}).text
    assert "<html" not in part
    assert "export-kind" not in part
    Review(vault).approve(SESSION, NAME)
    page = client.http.get(f"/sessions/{SESSION}/record").text
    assert "export-kind" in page
    assert f'<a href="/clients/{second}">Somebody Else</a>' in page
    assert vault.clients.sessions(first) == []


def test_keeping__approved_session__goes_when_its_time_is_over(client: WebClient, vault: Vault) -> None:
    desk = client.app.state.desk
    now_ms = STARTED_AT_MS
    desk.retention.clock = lambda: Reading(now_ms, trusted=False)
    Review(vault).approve(SESSION, NAME)
    assert not desk.retention.look(vault)
    assert "not sure of the date" in client.http.get("/keeping").text
    desk.retention.clock = lambda: Reading(now_ms, trusted=True)
    assert not desk.retention.look(vault)
    assert "The sound of" in client.http.get("/keeping").text
    now_ms += 7 * DAY_MS
    assert desk.retention.look(vault).total() == 1
    assert not (client.tapes_dir / SESSION).exists()
    assert vault.session_key(SESSION) is None
    assert client.http.get(f"/sessions/{SESSION}").status_code == 200
    assert client.http.get(f"/sessions/{SESSION}/audio.wav").status_code == 404
    certificate = re.search(r"/certificates/\w{32}", client.http.get("/keeping").text)
    assert certificate
    assert "1 recording<" in client.http.get(certificate[0]).text
    assert not desk.retention.look(vault)
    desk.retention.practice = Rule(7, 30)
    now_ms += 30 * DAY_MS
    assert desk.retention.look(vault).total() == 1
    receipt = client.http.get(f"/receipts/{SESSION}").text
    assert "The time that this session is kept was over" in receipt
    assert "onsent" not in receipt
    assert "Withdrawn" not in receipt


def test_everything_and_erase__a_client_with_a_session__as_a_file_and_then_gone(
    client: WebClient, vault: Vault
) -> None:
    client_id = added(client, goals="sleep")
    client.http.post(f"/sessions/{SESSION}/client", data={"client_id": client_id})
    client.http.post("/appointments", data={"client_id": client_id, "on": "2026-03-02", "at": "10:00", "minutes": "50"})
    Review(vault).mark(SESSION, MarkKind.CONTEXT, 0, "looked away", NAME)
    client.app.state.desk.indexer.look(vault)
    content = client.http.post(f"/clients/{client_id}/everything").content
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        everything = json.loads(file.read("everything.json"))
        page = file.read("read-me-first.html").decode()
        with wave.open(io.BytesIO(file.read(everything["sessions"][0]["sound"]))) as sound:
            assert sound.getnframes() == vault.sessions.list()[0].samples > 0
    assert everything["client"]["details"]["goals"] == "sleep"
    assert CANARY in everything["sessions"][0]["lines"][1]["text"]
    assert everything["sessions"][0]["status"].startswith("draft")
    assert everything["sessions"][0]["noted beside lines"][0]["text"] == "looked away"
    assert "BEGIN:VEVENT" in everything["appointments"][0]["ics"]
    assert "not reviewed" in page
    assert client.http.post(f"/clients/{client_id}/erase").status_code == 409
    vault.keeping.place_hold(client_id, "court", NAME)
    assert client.http.post(f"/clients/{client_id}/erase", data={"confirmed": "yes"}).status_code == 409
    assert client.http.post(f"/sessions/{SESSION}/withdraw", data={"confirmed": "yes"}).status_code == 409
    vault.keeping.lift_holds(client_id, NAME)
    done = client.http.post(f"/clients/{client_id}/erase", data={"confirmed": "yes"})
    assert "1 session<" in client.http.get(done.headers["location"]).text
    assert "All that was held about the client was erased on request" in client.http.get(f"/receipts/{SESSION}").text
    assert vault.clients.list() == []
    assert vault.sessions.list() == []
    assert not (client.tapes_dir / SESSION).exists()


def test_transparency__a_vault_with_a_session__says_what_it_holds_and_who_heard_it(
    client: WebClient, vault: Vault
) -> None:
    page = client.http.get("/trust/now").text
    assert "Whisper base: 1 session" in page
    assert "1 recording with sound" in page
    assert 'href="/trust/now"' in client.http.get("/trust").text
    assert "clinic's pool" not in page


def test_transparency__a_session_that_the_pool_heard__says_which_machine_did_it(
    client: WebClient, vault: Vault
) -> None:
    vault.sessions.add(SessionHead("0d" * 16, 0, clock_trusted=True, sample_rate_hz=16_000, channels=1))
    for number, machine in enumerate(("clinic/worker-1", "", "clinic/worker-1"), start=1):
        vault.sessions.append_segments("0d" * 16, [], Cursor(number), machine)
    page = client.http.get("/trust/now").text
    assert "clinic's pool" in page
    assert "clinic/worker-1 (2 windows), this box (1 window)" in page


def test_trust__of_a_box_in_a_pool__says_to_clients_that_a_machine_of_the_clinic_listens(
    client: WebClient, vault: Vault
) -> None:
    assert "turned into words on this box as well" in client.http.get("/trust").text
    with link_that_says(client.settings.run_dir, AWAY):
        page, now = client.http.get("/trust").text, client.http.get("/trust/now").text
    assert "by a machine of this" in page
    assert "on this box as well" not in page
    assert "No machine of the pool has heard anything of yours yet." in now


def test_sign__in_the_prepared_appointment__tells_the_recorder_at_once(client: WebClient, vault: Vault) -> None:
    client_id = added(client)
    client.http.post(f"/clients/{client_id}/prepare")
    assert client.recorder.prepared[1] is False
    person_id = vault.clients.get(client_id).people[0].person_id
    (text,) = vault.consents.texts()
    form = {"text_id": str(text.text_id), "scope": "record", "signed_name": "Zoë"}
    client.http.post(f"/clients/{client_id}/consent/{person_id}", data=form | {"method": "spoken"})
    assert client.recorder.prepared[1] is False
    client.http.post(f"/clients/{client_id}/consent/{person_id}", data=form | {"method": "paper"})
    assert client.recorder.prepared[1] is True


def test_client_details__never_in_a_repr() -> None:
    assert "Zoë" not in repr(ClientDetails("Zoë", people=("Zoë",), goals="Zoë"))
