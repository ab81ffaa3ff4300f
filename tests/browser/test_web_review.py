"""A draft on its way to an export: read, heard, edited, approved."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from support.chromium import sign_in, until, words_of
from support.web_box import NAME, PASSPHRASE, WebBox
from support.web_sessions import add_session, conversation

from app.domain import Pause
from app.review import Review
from app.vault.vault import Vault

SESSION = "5e" * 16


@pytest.fixture
def vault(page: Page, box: WebBox) -> Vault:
    """Ada's, with the demo conversation as a draft; its page is open."""
    vault = box.new_person()
    add_session(
        vault,
        box.tapes_dir,
        conversation(turns=14),
        session_id=SESSION,
        started_at_ms=1_795_000_000_000,
        pauses=[Pause(61_000)],
    )
    sign_in(page, box.address, PASSPHRASE)
    page.get_by_role("link", name="Open the draft").click()
    expect(page.get_by_text("Draft. Words heard by Whisper base.")).to_be_visible()
    page.wait_for_load_state("load")
    return vault


def sound(page: Page, what: str) -> float:
    value: float = page.evaluate(f"document.getElementById('sound').{what}")
    return value


def line(page: Page, seq: int) -> Locator:
    return page.locator(f"#line-{seq}")


def text_of(vault: Vault, seq: int) -> str:
    return Review(vault).transcript(SESSION)[seq].text


def edit(page: Page, seq: int, text: str) -> None:
    line(page, seq).hover()
    line(page, seq).get_by_role("link", name="Edit").click()
    expect(line(page, seq).get_by_role("textbox")).to_be_focused()
    line(page, seq).get_by_role("textbox").fill(text)
    line(page, seq).get_by_role("button", name="Keep", exact=True).click()
    expect(line(page, seq).get_by_text(f"Changed by {NAME}")).to_be_visible()


def test_word__clicked__is_heard_from_its_time(page: Page, vault: Vault) -> None:
    word = words_of(line(page, 9)).filter(has_text=re.compile("^sister$"))
    at_ms = int(word.get_attribute("data-t") or 0)
    assert at_ms > 30_000  # beyond what the first answer holds
    word.click()
    until(page, f"document.getElementById('sound').currentTime > {at_ms / 1000}")
    assert sound(page, "paused") is False
    assert at_ms / 1000 <= sound(page, "currentTime") < at_ms / 1000 + 15  # however slow the machine
    expect(page.locator(".said .playing")).to_have_count(1)
    expect(line(page, 9)).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Pause").click()
    assert sound(page, "paused") is True


def test_recording__played_through__is_as_long_as_the_tape(page: Page, vault: Vault) -> None:
    page.get_by_role("button", name="Play").click()
    until(page, "document.getElementById('sound').duration > 0")
    row = vault.sessions.get(SESSION)
    assert row is not None
    assert sound(page, "duration") == pytest.approx(row.duration_ms / 1000, abs=0.01)
    page.locator("#position").evaluate(
        "(slider) => { slider.value = slider.max - 1000; slider.dispatchEvent(new Event('input')); }"
    )
    until(page, "document.getElementById('sound').ended")


def test_speed__chosen__plays_so(page: Page, vault: Vault) -> None:
    page.get_by_label("Speed").select_option("1.5")
    line(page, 0).get_by_role("button", name="Hear from").click()
    until(page, "document.getElementById('sound').currentTime > 1.5")
    assert sound(page, "playbackRate") == 1.5


def test_edit__kept__stands_over_the_machines_words_and_can_be_undone(page: Page, vault: Vault) -> None:
    heard = text_of(vault, 1)
    edit(page, 1, "Yes, that is fine. I pressed the button myself.")
    assert text_of(vault, 1) == "Yes, that is fine. I pressed the button myself."
    line(page, 1).locator("summary").click()
    expect(line(page, 1).get_by_text(f"The machine heard: {heard}")).to_be_visible()
    line(page, 1).get_by_role("button", name="Undo").click()
    expect(line(page, 1).locator(".said")).to_have_text(heard)
    assert text_of(vault, 1) == heard
    assert len(vault.sessions.edit_history(SESSION, 1)) == 2


def test_edit__of_a_doubtful_line__makes_fewer_places_worth_hearing(page: Page, vault: Vault) -> None:
    place = page.locator("[data-place]").first
    seq = int((place.locator("xpath=ancestor::*[@data-line]").get_attribute("id") or "").removeprefix("line-"))
    before = page.locator("#doubts").inner_text()
    edit(page, seq, text_of(vault, seq) + " Yes.")
    expect(page.locator("#doubts")).not_to_have_text(before)
    expect(line(page, seq).locator("[data-place]")).to_have_count(0)


def test_edit__left__changes_nothing(page: Page, vault: Vault) -> None:
    heard = text_of(vault, 2)
    line(page, 2).hover()
    line(page, 2).get_by_role("link", name="Edit").click()
    expect(line(page, 2).get_by_role("textbox")).to_be_focused()
    line(page, 2).get_by_role("textbox").fill("something else")
    line(page, 2).get_by_role("link", name="Leave as it was").click()
    expect(line(page, 2).locator(".said")).to_have_text(heard)
    assert text_of(vault, 2) == heard


def test_edit__emptied__strikes_the_line_out(page: Page, vault: Vault) -> None:
    edit(page, 2, "")
    expect(line(page, 2).get_by_text("Struck out")).to_be_visible()
    assert text_of(vault, 2) == ""


def test_edited_line__word_clicked__is_still_heard_from_its_time(page: Page, vault: Vault) -> None:
    word = words_of(line(page, 5)).filter(has_text=re.compile("^wrote$"))
    at_ms = word.get_attribute("data-t")
    edit(page, 5, text_of(vault, 5).replace("I had not", "I really had not"))
    after = words_of(line(page, 5)).filter(has_text=re.compile("^wrote$"))
    expect(after).to_have_attribute("data-t", at_ms or "")


def test_approval__attested__makes_it_read_only_and_lets_it_be_exported(
    page: Page, vault: Vault, tmp_path: Path
) -> None:
    expect(page.get_by_text("A draft stays on this box.")).to_be_visible()
    expect(page.get_by_role("button", name="Export")).to_have_count(0)
    page.get_by_role("button", name="Approve").click()  # nothing attested: the browser asks for the tick
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    page.get_by_label("I have checked this transcript").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Approved")).to_be_visible()
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    assert Review(vault).verify(SESSION)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as text").click()
    file = tmp_path / "export.txt"
    download.value.save_as(file)
    assert text_of(vault, 0) in file.read_text()
    page.reload()
    expect(page.get_by_role("heading", name="Approved and exported")).to_be_visible()
    page.get_by_role("button", name="Take the approval back").click()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    line(page, 0).hover()
    expect(line(page, 0).get_by_role("link", name="Edit")).to_be_visible()


def test_export__of_a_draft__is_refused_on_a_page_that_says_why(page: Page, vault: Vault) -> None:
    page.evaluate(
        """(session) => { const form = document.createElement("form"); form.method = "post";
             form.action = `/sessions/${session}/export`; document.body.append(form); form.submit(); }""",
        SESSION,
    )
    expect(page.get_by_role("heading", name="Not possible just now")).to_be_visible()
    expect(page.locator(".lead")).to_contain_text(re.compile("approve", re.IGNORECASE))
    page.get_by_role("link", name="Back to the session").click()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()


def test_paper__takes_no_draft(page: Page, vault: Vault) -> None:
    page.emulate_media(media="print")
    expect(page.locator("[data-line]").first).to_be_hidden()
    expect(page.get_by_text("A draft stays on the box and is not printed.")).to_be_visible()
    page.emulate_media(media="screen")
    Review(vault).approve(SESSION, NAME)
    page.reload()
    page.emulate_media(media="print")
    expect(page.locator("[data-line]").first).to_be_visible()
    expect(page.get_by_text("A draft stays on the box and is not printed.")).to_be_hidden()


def test_approval__a_line_still_open__is_not_lost(page: Page, vault: Vault) -> None:
    line(page, 2).hover()
    line(page, 2).get_by_role("link", name="Edit").click()
    expect(line(page, 2).get_by_role("textbox")).to_be_focused()
    line(page, 2).get_by_role("textbox").fill("half a thought")
    page.get_by_label("I have checked this transcript").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("A line is still open.")).to_be_visible()
    expect(line(page, 2).get_by_role("textbox")).to_be_focused()
    assert Review(vault).approval(SESSION) is None


def test_approved_in_another_tab__an_edit_is_refused_where_one_sees_it(page: Page, vault: Vault) -> None:
    line(page, 2).hover()
    line(page, 2).get_by_role("link", name="Edit").click()
    Review(vault).approve(SESSION, NAME)
    expect(line(page, 2).get_by_role("textbox")).to_be_focused()
    line(page, 2).get_by_role("textbox").fill("too late")
    line(page, 2).get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("approved")
    expect(line(page, 2).get_by_role("textbox")).to_have_value("too late")
    assert Review(vault).verify(SESSION)


def test_keys__listening__needs_no_mouse(page: Page, vault: Vault) -> None:
    keys = page.keyboard
    keys.press("j")
    keys.press("j")
    expect(line(page, 1)).to_have_attribute("aria-current", "true")
    keys.press("k")
    expect(line(page, 0)).to_have_attribute("aria-current", "true")
    keys.press("j")
    keys.press("Space")
    start_s = conversation()[1].start_ms / 1000
    until(page, f"document.getElementById('sound').currentTime > {start_s}")
    keys.press("Space")
    until(page, "document.getElementById('sound').paused")
    before = sound(page, "currentTime")
    keys.press("ArrowRight")
    until(page, f"document.getElementById('sound').currentTime > {before + 1.9}")
    keys.press("ArrowLeft")
    until(page, f"document.getElementById('sound').currentTime < {before + 0.1}")
    keys.press("n")
    expect(page.locator(".found")).to_have_count(1)
    until(page, "!document.getElementById('sound').paused")
    expect(page.locator("[data-line][aria-current]")).to_have_count(1)


def test_keys__editing_and_approving__needs_no_mouse(page: Page, vault: Vault) -> None:
    keys, seq = page.keyboard, 0
    keys.press("j")
    heard = text_of(vault, seq)
    keys.press("e")
    expect(line(page, seq).get_by_role("textbox")).to_be_focused()
    keys.press("End")
    keys.type(" Indeed, I said j k e u n.")
    keys.press("Enter")
    expect(line(page, seq).get_by_text(f"Changed by {NAME}")).to_be_visible()
    assert text_of(vault, seq) == f"{heard} Indeed, I said j k e u n."
    keys.press("u")
    expect(line(page, seq).locator(".said")).to_have_text(heard)
    keys.press("e")
    expect(line(page, seq).get_by_role("textbox")).to_be_focused()
    keys.type("not this")
    keys.press("Escape")
    expect(line(page, seq).locator(".said")).to_have_text(heard)
    keys.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("heading", name="Keys")).to_be_hidden()
    for _ in range(200):
        keys.press("Tab")
        if page.evaluate("document.activeElement.name") == "attested":
            break
    keys.press("Space")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Approved")).to_be_visible()
    page.wait_for_load_state("load")
    keys.press("g")
    keys.press("t")
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def test_reading_along__in_a_reader_that_wants_stillness__lights_no_word(page: Page, vault: Vault) -> None:
    page.emulate_media(reduced_motion="reduce")
    line(page, 3).get_by_role("button", name="Hear from").click()
    until(page, "document.getElementById('sound').currentTime > 18")
    expect(page.locator(".said .playing")).to_have_count(0)
    expect(line(page, 3)).to_have_attribute("aria-current", "true")


def test_off_the_record__stands_in_the_transcript(page: Page, vault: Vault) -> None:
    expect(page.get_by_text("Off the record. What was said here was not recorded.")).to_be_visible()


def test_whole_review__without_htmx__works_with_plain_forms(page: Page, vault: Vault) -> None:
    page.route("**/assets/htmx.js", lambda route: route.abort())
    page.route("**/assets/sse.js", lambda route: route.abort())
    page.route("**/static/*.js", lambda route: route.abort())
    page.reload()
    line(page, 1).hover()
    line(page, 1).get_by_role("link", name="Edit").click()
    page.get_by_role("textbox").fill("By plain form.")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(line(page, 1).locator(".said")).to_have_text("By plain form.")
    line(page, 1).locator("summary").click()
    line(page, 1).get_by_role("button", name="Undo").click()
    expect(line(page, 1).locator(".said")).to_have_text(text_of(vault, 1))
    page.get_by_label("I have checked this transcript").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Approved")).to_be_visible()
