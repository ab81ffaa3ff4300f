"""A week in a practice, in one browser: calendar, consent, a session in its appointment, approval, every export, and
then everything goes when its time is over.

The recorder is a real one with a simulated button, prepared as the page asked; the words heard are the test's own.
"""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.chromium import sign_in
from support.decrypted_pages import pages_in_clear
from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav
from support.web_box import PASSPHRASE, WebBox
from support.web_sessions import plain

from app.clock import Reading
from app.domain import Cursor, SessionState
from app.ingest import Ingest
from app.records.retention import Rule
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault
from firmware.status import BoxState

CANARY = "xylophonist"
SPELLINGS = (CANARY.encode(), CANARY[2:].encode(), CANARY.encode("utf-16-le"))  # an index may leave a beginning out
ROOM_HZ = 16_000
DAY_MS = 24 * 3600 * 1000
FORMS = ("pdf", "docx", "text", "markdown", "fhir", "captions")


def calendar_of_today(vault: Vault) -> bytes:
    """Somebody is in the room at this moment, every week since four weeks ago."""
    start = datetime.now(vault.appointments.zone).replace(second=0, microsecond=0) - timedelta(days=28, minutes=5)
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//practice//EN", "X-WR-CALNAME:Practice", "BEGIN:VEVENT",
        "UID:1@practice", "DTSTAMP:20260101T000000Z", f"DTSTART:{start.astimezone().strftime('%Y%m%dT%H%M%S')}",
        "DURATION:PT50M", "RRULE:FREQ=WEEKLY", "SUMMARY:Zoë Berg", "DESCRIPTION:stays outside", "END:VEVENT",
        "END:VCALENDAR", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode()


def traces(box: WebBox, vault: Vault) -> int:
    """How many pages in clear, and how many files as they lie there, hold the canary in any spelling."""
    folder = box.settings.data_dir / "vaults" / vault.account.vault_id
    assert vault._keys is not None
    pages = list(pages_in_clear(folder / "vault.db", vault._keys.database_key))
    files = [one.read_bytes() for one in box.settings.data_dir.rglob("*") if one.is_file()]
    return sum(any(one in content for one in SPELLINGS) for content in (*pages, *files))


def record(box: WebBox, vault: Vault, appointment_id: str) -> str:
    """Press the button of a real recorder that is prepared so, speak, hold it; then enter words of the test's own."""
    room = box.settings.run_dir / "room.wav"
    write_wav(room, noise(6 * ROOM_HZ))
    with RecorderProcess(
        box.settings.run_dir, data_dir=box.settings.data_dir, microphone="file", audio_file=room, at_end="end", speed=4
    ) as recorder:
        recorder.command(
            command="prepare",
            public_key=vault.account.public_key.hex(),
            appointment_id=appointment_id,
            consent_on_file=True,
        )
        recorder.wait_for(lambda status: status.appointment_id == appointment_id)
        recorder.press()
        recorder.wait_for(lambda status: status.microphone_ended)
        recorder.hold()
        recorder.wait_for_state(BoxState.READY)
    ingest = Ingest(box.tapes_dir, vault)
    (tape,) = ingest.tapes()
    ingest.follow(tape)
    segments = plain("How was the week", f"My sister the {CANARY} came")
    vault.sessions.update_length(tape.session_id, tape.reader.samples)
    heard = Cursor(tape.reader.samples, next_seq=len(segments), finished=True)
    vault.sessions.append_segments(tape.session_id, segments, heard)
    vault.sessions.set_state(tape.session_id, SessionState.DRAFTED)
    return tape.session_id


def import_calendar(page: Page, box: WebBox, vault: Vault, folder: Path) -> None:
    file = folder / "practice.ics"
    file.write_bytes(calendar_of_today(vault))
    page.get_by_role("link", name="Clients", exact=True).click()
    page.get_by_role("link", name="New client").click()
    page.get_by_label("Name or code").fill("Zoë Berg")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Week", exact=True).click()
    page.get_by_label(re.compile("An .ics file")).set_input_files(file)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("status")).to_contain_text("1 new appointment, 1 found their client by name")


def sign_consent(page: Page, box: WebBox) -> None:
    page.get_by_role("link", name=re.compile("Zoë Berg")).first.click()
    expect(page.get_by_text("No written consent is on file.")).to_be_visible()
    page.get_by_role("link", name="Ask for it").click()
    page.get_by_role("link", name="Ask for consent").click()
    for scope in ("record the session", "turn the recording into words", "draft notes from the words"):
        page.get_by_label(scope).check()
    page.get_by_label("My name").fill("Zoë Berg")
    page.get_by_role("button", name="Sign").click()
    expect(page.get_by_text("Zoë Berg agreed on the screen")).to_be_visible()


def prepare(page: Page, box: WebBox) -> str:
    page.get_by_role("link", name="Week", exact=True).click()
    page.get_by_role("link", name=re.compile("Zoë Berg")).first.click()
    prepare_button = page.get_by_role("button", name="Prepare the box")
    if prepare_button.count():
        prepare_button.click()
    expect(page.get_by_text("The box is prepared")).to_be_visible()
    appointment_id, consented = box.recorder.prepared
    assert consented
    assert appointment_id is not None
    return appointment_id


def review_and_export(page: Page, box: WebBox, vault: Vault, session_id: str) -> None:
    page.goto(f"{box.address}/sessions/{session_id}")
    expect(page.locator("#slot-record")).to_contain_text("Linked by the appointment")
    page.get_by_label(re.compile("I have checked this transcript")).check()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_url(f"**/sessions/{session_id}")
    for kind in FORMS:
        page.goto(f"{box.address}/sessions/{session_id}/record")
        page.get_by_text("Other ways to export").click()
        page.locator("#export-kind").select_option(kind)
        with page.expect_download() as download:
            page.get_by_role("button", name="Export", exact=True).click()
        assert Path(download.value.path()).stat().st_size > 200
        download.value.delete()
    assert [one.kind for one in vault.approvals.exports(session_id)] == list(FORMS)


def find(page: Page, box: WebBox, vault: Vault) -> None:
    box.app.state.desk.indexer.look(vault)
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("Words, or a name").fill("xylo")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("mark")).to_have_text(CANARY)


@pytest.mark.timeout(300)
def test_a_week__calendar_to_erasure__leaves_no_trace_of_what_was_said(page: Page, box: WebBox, tmp_path: Path) -> None:
    vault = box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    import_calendar(page, box, vault, tmp_path)
    sign_consent(page, box)
    session_id = record(box, vault, prepare(page, box))
    review_and_export(page, box, vault, session_id)
    find(page, box, vault)
    retention = box.app.state.desk.retention
    retention.practice = Rule(7, 30)
    now_ms = wall_clock_ms()
    retention.clock = lambda: Reading(now_ms, trusted=True)
    assert not retention.look(vault)
    page.goto(f"{box.address}/keeping")
    expect(page.locator(".entry")).to_have_count(2)
    assert traces(box, vault) > 0
    now_ms += 7 * DAY_MS
    assert retention.look(vault).total() == 1
    assert not (box.tapes_dir / session_id).exists()
    now_ms += 23 * DAY_MS
    assert retention.look(vault).total() == 1
    assert vault.sessions.list() == []
    assert traces(box, vault) == 0
    page.goto(f"{box.address}/search?q=xylo")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    page.goto(f"{box.address}/keeping")
    expect(page.get_by_text("Its time was over").first).to_be_visible()
