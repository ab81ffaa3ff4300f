"""Correcting who said what on the session page, with mouse, keys and a real vault."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from support.chromium import sign_in, words_of
from support.web_box import PASSPHRASE, WebBox
from support.web_sessions import add_session, conversation

import app.web
from app.domain import Attribution, Told, Turn
from app.review import Review
from app.vault.vault import Vault

SESSION = "5e" * 16
PATIENT_MS = 60_000
AXE = Path(app.web.__file__).parent / "assets/node_modules/axe-core/axe.min.js"


@pytest.fixture
def vault(page: Page, box: WebBox) -> Vault:
    """Ada's, with the demo conversation as a draft; its page is open, with the panel of voices in it."""
    vault = box.new_person()
    segments = conversation(turns=14)
    add_session(vault, box.tapes_dir, segments, session_id=SESSION, started_at_ms=1_795_000_000_000)
    turns = tuple(Turn(one.start_ms, one.end_ms, one.speaker or "1", sure=one.seq != 3) for one in segments)
    vault.sessions.add_attribution(SESSION, Attribution(turns, Told.VOICES, 3))
    sign_in(page, box.address, PASSPHRASE)
    page.get_by_role("link", name="Open the draft").click()
    expect(page.locator("#voices")).to_be_visible(timeout=PATIENT_MS)
    page.wait_for_load_state("load")
    return vault


def line(page: Page, seq: int) -> Locator:
    return page.locator(f"#line-{seq}")


def speakers(vault: Vault) -> list[str | None]:
    return [one.speaker for one in Review(vault).transcript(SESSION)]


def select(page: Page, first: Locator, last: Locator) -> None:
    """Select from the beginning of one word to the end of another, as by dragging."""
    first.evaluate(
        "(from, to) => getSelection().setBaseAndExtent(from.firstChild, 0, to.firstChild, to.textContent.length)",
        last.element_handle(),
    )


SELECT_TEXT = """
(said, words) => {
  const [from, to] = [said.textContent.indexOf(words), said.textContent.indexOf(words) + words.length];
  const texts = document.createTreeWalker(said, NodeFilter.SHOW_TEXT);
  const ends = [];
  for (let at = 0; texts.nextNode(); at += texts.currentNode.length) {
    for (const end of [from, to].slice(ends.length / 2)) {
      if (end <= at + texts.currentNode.length) ends.push(texts.currentNode, end - at);
    }
  }
  getSelection().setBaseAndExtent(...ends);
}
"""


def words(page: Page, seq: int) -> Locator:
    return words_of(line(page, seq))


def test_five_lines__selected_at_once_and_one_key__are_the_other_speakers(page: Page, vault: Vault) -> None:
    before = speakers(vault)
    select(page, words(page, 2).first, words(page, 6).last)
    page.keyboard.press("1")
    for seq in range(2, 7):
        expect(line(page, seq)).to_have_attribute("data-voice", "1", timeout=PATIENT_MS)
    assert speakers(vault) == [*before[:2], *["1"] * 5, *before[7:]]
    page.keyboard.press("Shift+U")
    expect(line(page, 3)).to_have_attribute("data-voice", str(before[3]), timeout=PATIENT_MS)
    assert speakers(vault) == before


def test_words_within_a_line__given_away_by_key__make_a_line_of_their_own(page: Page, vault: Vault) -> None:
    own = speakers(vault)[4]
    select(page, words(page, 4).nth(1), words(page, 4).nth(2))
    page.keyboard.press("s")
    expect(page.locator("[data-line]")).to_have_count(16, timeout=PATIENT_MS)
    middle = Review(vault).transcript(SESSION)[5]
    assert (len(middle.words), middle.machine_speaker) == (2, own)
    assert middle.speaker != own
    expect(line(page, middle.seq)).to_be_visible(timeout=PATIENT_MS)


def test_words__selected_while_their_line_is_plain_text__are_the_ones_given_away(page: Page, vault: Vault) -> None:
    said = line(page, 4).locator(".said[data-words]")  # no pointer was there so far
    _, second, third, *_ = (said.text_content() or "").split()
    said.evaluate(SELECT_TEXT, f"{second} {third}")
    page.keyboard.press("s")
    expect(page.locator("[data-line]")).to_have_count(16, timeout=PATIENT_MS)
    assert [one.text for one in Review(vault).transcript(SESSION)[5].words] == [second, third]


def test_line__broken_and_joined_by_keys__is_as_before(page: Page, vault: Vault) -> None:
    before = [one.text for one in Review(vault).transcript(SESSION)]
    select(page, words(page, 4).nth(2), words(page, 4).nth(2))
    page.keyboard.press("b")
    expect(page.locator("[data-line]")).to_have_count(15, timeout=PATIENT_MS)
    second = Review(vault).transcript(SESSION)[5].seq
    select(page, words(page, second).first, words(page, second).first)
    page.keyboard.press("m")
    expect(page.locator("[data-line]")).to_have_count(14, timeout=PATIENT_MS)
    assert [one.text for one in Review(vault).transcript(SESSION)] == before


def test_therapist__named_once__is_named_in_every_line(page: Page, vault: Vault) -> None:
    panel = page.locator("#voices")
    expect(panel.get_by_text("asks most")).to_be_visible(timeout=PATIENT_MS)
    panel.get_by_role("radio", name="Speaker 2").check()
    panel.get_by_role("button", name="Keep who is who").click()
    expect(line(page, 1).get_by_text("Therapist")).to_be_attached(timeout=PATIENT_MS)
    expect(line(page, 0).get_by_text("Client")).to_be_attached(timeout=PATIENT_MS)


def test_everything_of_a_voice_and_swap__by_the_panels_buttons__change_all_lines(page: Page, vault: Vault) -> None:
    before, panel = speakers(vault), page.locator("#voices")
    panel.get_by_text("Correct who said what").click()
    panel.get_by_role("button", name="Swap the two everywhere").click()
    expect(line(page, 0)).to_have_attribute("data-voice", "2", timeout=PATIENT_MS)
    assert speakers(vault) == [{"1": "2", "2": "1"}[str(one)] for one in before]
    panel.get_by_label("Everything of").select_option("1")
    panel.get_by_label("was said by").select_option("3")
    panel.get_by_role("button", name="Change", exact=True).click()
    expect(line(page, 1)).to_have_attribute("data-voice", "3", timeout=PATIENT_MS)
    assert set(speakers(vault)) == {"2", "3"}


def test_line_by_button__one_is_at__is_given_without_a_keyboard(page: Page, vault: Vault) -> None:
    page.keyboard.press("j")
    page.locator("#voices").get_by_text("Correct who said what").click()
    page.locator("[data-give='3']").click()
    expect(line(page, 0)).to_have_attribute("data-voice", "3", timeout=PATIENT_MS)
    assert speakers(vault)[0] == "3"


def test_three_people__asked_for_and_named__are_told_apart_without_a_reload(
    page: Page, vault: Vault, box: WebBox
) -> None:
    panel = page.locator("#voices")
    expect(panel.get_by_text("sounds as if 3 people spoke")).to_be_visible(timeout=PATIENT_MS)
    expect(line(page, 3).get_by_text("who?")).to_be_attached(timeout=PATIENT_MS)
    expect(line(page, 2).get_by_text("who?")).not_to_be_attached(timeout=PATIENT_MS)
    panel.get_by_label("People in the room").select_option("3")
    panel.get_by_role("button", name="Tell them apart again").click()
    expect(panel.get_by_text("listening again for 3 people")).to_be_visible(timeout=PATIENT_MS)
    before = vault.sessions.content(SESSION).attribution
    assert before is not None
    three = [replace(turn, speaker="3" if at in {1, 5} else turn.speaker) for at, turn in enumerate(before.turns)]
    anew = replace(before, turns=tuple(three), asked=3, overlaps=((three[4].start_ms, three[4].start_ms + 900),))
    vault.sessions.tell_anew(SESSION, lambda _: anew)
    box.pipeline.changes.notify()
    expect(line(page, 5)).to_have_attribute("data-voice", "3", timeout=PATIENT_MS)
    expect(line(page, 4).get_by_text("both speak")).to_be_attached(timeout=PATIENT_MS)
    expect(panel.get_by_text("listening again")).to_have_count(0, timeout=PATIENT_MS)
    panel.get_by_role("radio", name="Speaker 1").check()
    panel.get_by_role("textbox", name="Speaker 3").fill("Jo")
    panel.get_by_role("button", name="Keep who is who").click()
    expect(line(page, 5).get_by_text("Jo")).to_be_attached(timeout=PATIENT_MS)
    expect(line(page, 0).get_by_text("Therapist")).to_be_attached(timeout=PATIENT_MS)
    page.evaluate(AXE.read_text())
    assert page.evaluate("axe.run('#voices', {resultTypes: ['violations']})")["violations"] == []
    page.goto("/seats")
    page.evaluate(AXE.read_text())
    assert page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"] == []


def test_edited_line__cut_by_a_selection__is_refused_in_a_sentence(page: Page, vault: Vault) -> None:
    Review(vault).edit(SESSION, 4, "Something else entirely.", "Ada")
    select(page, words(page, 4).nth(1), words(page, 4).nth(2))
    page.keyboard.press("s")
    expect(page.locator("#notice").get_by_text("Take that back first")).to_be_visible(timeout=PATIENT_MS)
    assert len(speakers(vault)) == 14
