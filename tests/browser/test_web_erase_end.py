"""Erasing the last minutes from the page: two steps, only of the session under way, and what it says then."""

import pytest
from playwright.sync_api import Page, expect
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox
from support.web_sessions import add_session, plain

from app.domain import ErasedEnd, SessionState
from app.vault.vault import Vault
from firmware.status import BoxState

SESSION = "5e" * 16
WORD = "xylophonist"


@pytest.fixture
def vault(box: WebBox) -> Vault:
    vault = box.new_person()
    lines = plain("Good morning", f"I am a {WORD}")
    add_session(
        vault,
        box.tapes_dir,
        lines,
        session_id=SESSION,
        started_at_ms=1_795_000_000_000,
        state=SessionState.RECORDING,
    )
    return vault


@pytest.fixture
def signed_in(page: Page, box: WebBox, vault: Vault) -> Page:
    sign_in(page, box.address, PASSPHRASE)
    box.recorder.show(BoxState.RECORDING, session_id=SESSION)
    box.recorder.on_erase_end = lambda: vault.erasures.erase_end(
        SESSION, ErasedEnd(3000, 63_000, 1_795_000_060_000, clock_trusted=True), 24_000
    )
    return page


def test_erase_last_minutes__two_steps__erases_and_says_what(signed_in: Page, box: WebBox, vault: Vault) -> None:
    signed_in.goto("/today")
    signed_in.get_by_role("link", name="Erase last").click()
    expect(signed_in.locator("h1")).to_have_text("Erase the last minutes?")
    assert not [asked for asked in box.recorder.asked if asked.startswith("erase")]
    signed_in.get_by_label("1 minute", exact=True).check()
    signed_in.get_by_role("button", name="Erase for good").click()
    expect(signed_in.locator("h1")).to_have_text("Erased from this session")
    main = signed_in.locator("main")
    expect(main).to_contain_text("1 minute")
    expect(main).to_contain_text("4 words")
    expect(main).not_to_contain_text(WORD)
    assert f"erase_end {SESSION} 1" in box.recorder.asked
    signed_in.goto(f"/sessions/{SESSION}")
    expect(signed_in.locator("main")).not_to_contain_text(WORD)
    assert len(vault.sessions.segments(SESSION)) == 1


def test_erase_last_minutes__session_that_is_over__asks_the_recorder_nothing(signed_in: Page, box: WebBox) -> None:
    box.recorder.show(BoxState.READY)
    answer = signed_in.request.get(f"/sessions/{SESSION}/erase-end")
    assert answer.status == 409
    headers = {"sec-fetch-site": "same-origin"}
    for minutes in ("1", "7"):
        answer = signed_in.request.post(f"/sessions/{SESSION}/erase-end", form={"minutes": minutes}, headers=headers)
        assert answer.status == 409
    assert not [asked for asked in box.recorder.asked if asked.startswith("erase")]
