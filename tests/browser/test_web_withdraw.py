"""Withdrawing from the page: two steps, nothing left on any page, and a receipt."""

import threading

import pytest
from playwright.sync_api import Page, expect
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox
from support.web_sessions import add_session, plain, start_tape

from app.domain import SessionHead, SessionState
from app.vault.vault import Vault
from firmware.status import BoxState
from firmware.tape import AskedBy, TapeWriter, Withdrawal, withdraw_tape

SESSION, OTHER = "5e" * 16, "0d" * 16
WORD = "xylophonist"
LIVE = SessionHead(OTHER, 1_795_000_000_000, clock_trusted=True, sample_rate_hz=8000, channels=2)


@pytest.fixture
def vault(box: WebBox) -> Vault:
    vault = box.new_person()
    lines = plain(f"Good morning {WORD}", "Yes I pressed the button")
    add_session(vault, box.tapes_dir, lines, session_id=SESSION, started_at_ms=1_795_000_000_000)
    return vault


@pytest.fixture
def signed_in(page: Page, box: WebBox, vault: Vault) -> Page:
    assert vault
    sign_in(page, box.address, PASSPHRASE)
    return page


def test_withdraw__two_steps__erases_and_shows_a_receipt(signed_in: Page, box: WebBox, vault: Vault) -> None:
    vault.sessions.add_edit(SESSION, 1, "corrected", "Ada")
    signed_in.goto(f"/sessions/{SESSION}")
    signed_in.get_by_role("link", name="Withdraw and erase").click()
    expect(signed_in.locator("main")).to_contain_text("Nobody can bring them back")
    assert vault.sessions.get(SESSION) is not None
    signed_in.get_by_label("My client has withdrawn consent").check()
    signed_in.get_by_role("button", name="Erase for good").click()
    expect(signed_in.locator("h1")).to_have_text("Erased")
    main = signed_in.locator("main")
    expect(main).to_contain_text("on the box's page")
    expect(main).to_contain_text("8 words")
    expect(main).to_contain_text("1 correction")
    expect(main).not_to_contain_text(WORD)
    assert vault.sessions.get(SESSION) is None
    assert vault.session_key(SESSION) is None
    assert not (box.tapes_dir / SESSION).exists()


def test_withdraw__box_not_ticked__erases_nothing(signed_in: Page, vault: Vault) -> None:
    signed_in.goto(f"/sessions/{SESSION}/withdraw")
    signed_in.get_by_role("button", name="Erase for good").click()
    expect(signed_in.locator("h1")).to_have_text("Erase this session?")
    answer = signed_in.request.post(f"/sessions/{SESSION}/withdraw", headers={"sec-fetch-site": "same-origin"})
    assert answer.status == 409
    signed_in.get_by_role("link", name="Keep it").click()
    expect(signed_in.locator("#transcript")).to_contain_text(WORD)
    assert vault.sessions.get(SESSION) is not None


def test_receipt__is_found_again__and_prints_on_its_own(signed_in: Page, box: WebBox, vault: Vault) -> None:
    box.app.state.desk.withdrawals.withdraw(vault, SESSION)
    signed_in.goto("/sessions")
    signed_in.get_by_role("link", name="See the receipt").click()
    expect(signed_in.locator("h1")).to_have_text("Erased")
    signed_in.emulate_media(media="print")
    expect(signed_in.get_by_role("button", name="Print it")).to_be_hidden()
    expect(signed_in.locator(".nav")).to_be_hidden()
    expect(signed_in.locator("dl.receipt")).to_be_visible()
    for path in (f"/sessions/{SESSION}", f"/sessions/{SESSION}/audio.wav", f"/sessions/{SESSION}/transcript.json"):
        assert signed_in.request.get(path).status == 404
    assert signed_in.request.get(f"/receipts/{OTHER}").status == 404


def test_open_session__withdrawn_elsewhere__leaves_the_screen_for_the_receipt(
    signed_in: Page, box: WebBox, vault: Vault
) -> None:
    signed_in.goto(f"/sessions/{SESSION}")
    expect(signed_in.locator("#transcript")).to_contain_text(WORD)
    with signed_in.expect_navigation(url=f"**/receipts/{SESSION}"):
        box.app.state.desk.withdrawals.withdraw(vault, SESSION)
    expect(signed_in.locator("body")).not_to_contain_text(WORD)


def test_strip__session_under_way__is_withdrawn_by_the_recorder(signed_in: Page, box: WebBox, vault: Vault) -> None:
    writer = start_tape(box.tapes_dir, vault.account.public_key, LIVE)
    vault.sessions.add(LIVE)
    box.recorder.show(BoxState.RECORDING, session_id=OTHER)
    recorder = threading.Thread(target=erase_as_the_recorder_does, args=(box, vault, writer))
    recorder.start()
    signed_in.get_by_role("link", name="Withdraw", exact=True).click()
    expect(signed_in.locator("main")).to_contain_text("The recording stops at once.")
    signed_in.get_by_label("My client has withdrawn consent").check()
    signed_in.get_by_role("button", name="Erase for good").click()
    expect(signed_in.locator("h1")).to_have_text("Erased")
    recorder.join()
    assert box.recorder.asked == [f"withdraw {OTHER}"]


def erase_as_the_recorder_does(box: WebBox, vault: Vault, writer: TapeWriter) -> None:
    done = threading.Event()
    while not box.recorder.asked and not done.wait(0.05):
        pass
    writer.abandon()
    asked = Withdrawal(OTHER, vault.account.key_id, AskedBy.PAGE, LIVE.started_at_ms, True, 8000, 8000)  # noqa: FBT003  the record's fields
    withdraw_tape(box.tapes_dir, asked, lambda: LIVE.started_at_ms)
    box.app.state.desk.withdrawals.look()


def test_strip__somebody_else_records__offers_no_withdrawal(signed_in: Page, box: WebBox) -> None:
    other = box.new_person("Dr. Bo Other")
    box.recorder._key_id = other.account.key_id
    box.recorder.show(BoxState.RECORDING, session_id=OTHER)
    expect(signed_in.locator("#box")).to_contain_text("Recording")
    expect(signed_in.get_by_role("link", name="Withdraw", exact=True)).to_have_count(0)


@pytest.mark.parametrize("state", [SessionState.TRANSCRIBING, SessionState.CAPTURED])
def test_withdraw__before_it_is_drafted__works_as_well(signed_in: Page, box: WebBox, vault: Vault, state: str) -> None:
    add_session(
        vault,
        box.tapes_dir,
        plain(WORD),
        session_id=OTHER,
        started_at_ms=1_795_000_000_000,
        state=SessionState(state),
    )
    signed_in.goto(f"/sessions/{OTHER}/withdraw")
    signed_in.get_by_label("My client has withdrawn consent").check()
    signed_in.get_by_role("button", name="Erase for good").click()
    expect(signed_in.locator("h1")).to_have_text("Erased")
