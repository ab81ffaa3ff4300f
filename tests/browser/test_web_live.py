"""Pages that stay open while a session goes on."""

import pytest
from playwright.sync_api import Page, expect
from support.chromium import sign_in, until, words_of
from support.web_box import PASSPHRASE, FakeAhead, FakeProgress, WebBox
from support.web_sessions import RATE_HZ, conversation, hum, start_tape

from app.domain import Cursor, SessionHead, SessionState
from app.vault.vault import Vault
from firmware.status import BoxState

SESSION = "5e" * 16


class Room:
    """A session under way: the tape grows, and the words follow."""

    def __init__(self, box: WebBox, vault: Vault) -> None:
        self.box = box
        self.sessions = vault.sessions
        self.segments = conversation(turns=8)
        self.told = 0
        head = SessionHead(SESSION, 1_795_000_000_000, clock_trusted=True, sample_rate_hz=RATE_HZ, channels=1)
        self.tape = start_tape(box.tapes_dir, vault.account.public_key, head)
        self.sessions.add(head)

    def talk(self, lines: int, state: SessionState = SessionState.RECORDING) -> None:
        heard = self.segments[self.told : self.told + lines]
        self.told += lines
        while self.tape.samples < heard[-1].end_ms * RATE_HZ // 1000 + RATE_HZ:
            self.tape.append_audio(hum(self.tape.samples // RATE_HZ, 1))
        heard_samples = heard[-1].end_ms * RATE_HZ // 1000
        self.sessions.update_length(SESSION, self.tape.samples)
        self.sessions.append_segments(SESSION, heard, Cursor(heard_samples, next_seq=self.told))
        self.sessions.set_state(SESSION, state)
        total_ms = self.tape.samples * 1000 // RATE_HZ
        self.box.pipeline.by_session[SESSION] = FakeProgress(heard[-1].end_ms, total_ms, live=True)
        self.box.pipeline.changes.notify()

    def end(self) -> None:
        self.tape.close()
        cursor = Cursor(self.tape.samples, next_seq=self.told, finished=True)
        self.sessions.append_segments(SESSION, [], cursor)
        self.sessions.set_state(SESSION, SessionState.DRAFTED)
        del self.box.pipeline.by_session[SESSION]
        self.box.pipeline.changes.notify()


@pytest.fixture
def room(page: Page, box: WebBox) -> Room:
    vault = box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    expect(page.get_by_text("Nothing has been recorded yet.")).to_be_visible()
    return Room(box, vault)


def test_today__session_begins_and_ends__the_list_follows(page: Page, room: Room) -> None:
    room.talk(2)
    entry = page.get_by_role("link", name="Recording now")
    expect(entry).to_be_visible()
    entry.focus()
    room.talk(2)
    expect(entry).to_contain_text("0:24 of 0:26 written down")
    expect(entry).to_be_focused()
    room.end()
    expect(page.get_by_role("link", name="Open the draft")).to_be_visible()


def test_transcript__grows_while_one_reads__each_line_once_and_in_order(page: Page, room: Room) -> None:
    room.talk(1)
    page.goto(f"/sessions/{SESSION}")
    expect(page.get_by_text("Recording now.")).to_be_visible()
    for _ in range(5):
        room.talk(1)
    expect(page.locator("[data-line]")).to_have_count(6)
    room.talk(2)
    expect(page.locator("[data-line]")).to_have_count(8)
    assert [line.get_attribute("id") for line in page.locator("[data-line]").all()] == [f"line-{n}" for n in range(8)]
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    expect(page.get_by_text("When the session has ended and all of it")).to_be_visible()


def test_words_ahead__stand_behind_the_last_line_until_they_are_written_down(page: Page, room: Room) -> None:
    room.talk(1)
    page.goto(f"/sessions/{SESSION}")
    room.box.pipeline.words_ahead[SESSION] = FakeAhead(20 * RATE_HZ, "And then the ferry had gone")
    room.box.pipeline.changes.notify()
    ahead = page.get_by_text("And then the ferry had gone")
    expect(ahead).to_be_visible()
    expect(page.get_by_text("More is to come.")).to_be_hidden()
    page.reload()
    expect(ahead).to_be_visible()
    del room.box.pipeline.words_ahead[SESSION]
    room.talk(1)
    expect(page.locator("[data-line]")).to_have_count(2)
    expect(ahead).to_have_count(0)
    expect(page.get_by_text("More is to come.")).to_be_visible()
    room.tape.close()


def test_session__ends_while_one_reads__becomes_a_draft_to_review(page: Page, room: Room) -> None:
    room.talk(3)
    page.goto(f"/sessions/{SESSION}")
    expect(page.get_by_text("More is to come.")).to_be_visible()
    room.end()
    expect(page.get_by_text("Draft. Words heard by Whisper base.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_have_count(3)
    expect(page.get_by_text("More is to come.")).to_have_count(0)


def test_recording__still_growing__can_be_heard_up_to_now_and_then_further(page: Page, room: Room) -> None:
    room.talk(1)
    page.goto(f"/sessions/{SESSION}")
    words_of(page.locator("#line-0")).first.click()
    until(page, "document.getElementById('sound').currentTime > 1")
    early = page.evaluate("document.getElementById('sound').duration")
    room.talk(3)
    word = words_of(page.locator("#line-3")).first
    at_ms = int(word.get_attribute("data-t") or 0)
    assert at_ms / 1000 > early
    word.click()
    until(page, f"document.getElementById('sound').currentTime > {at_ms / 1000}")
    assert page.evaluate("document.getElementById('sound').currentTime") < at_ms / 1000 + 3
    room.tape.close()


def test_speech_process_away__says_so_on_the_session(page: Page, room: Room) -> None:
    room.talk(1)
    page.goto(f"/sessions/{SESSION}")
    room.box.pipeline.speech_problem = "The speech process is not running, so new words have to wait."
    room.box.pipeline.changes.notify()
    expect(page.get_by_text("The speech process is not running")).to_be_visible()
    room.tape.close()


def test_pause_and_stop__from_the_session_page(page: Page, room: Room) -> None:
    room.talk(1)
    page.goto(f"/sessions/{SESSION}")
    room.box.recorder.show(BoxState.RECORDING, elapsed_ms=12_000)
    page.get_by_role("button", name="Pause", exact=True).first.click()
    expect(page.locator(".box-word")).to_have_text("Off the record")
    room.tape.close()
