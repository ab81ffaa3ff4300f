"""A draft that a second model hears anew while its page is open."""

from playwright.sync_api import Page, expect
from support.axe import findings
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox
from support.web_hearings import hear_anew
from support.web_sessions import add_session, plain

SESSION = "5e" * 16


def test_session_page__heard_anew_meanwhile__shows_it_and_gives_the_old_words_back(page: Page, box: WebBox) -> None:
    vault = box.new_person()
    texts = plain("We met on a Thursday then", "And once more in spring")
    add_session(vault, box.tapes_dir, texts, session_id=SESSION, started_at_ms=1_795_000_000_000)
    sign_in(page, box.address, PASSPHRASE)
    page.get_by_role("link", name="Open the draft").click()
    transcript = page.get_by_role("region", name="Transcript")
    expect(transcript).to_contain_text("Thursday")
    page.wait_for_load_state("load")
    hear_anew(vault, SESSION, {"Thursday": "Tuesday"})
    box.pipeline.changes.notify()
    expect(page.get_by_text("Heard anew by Whisper small: 1 word changed.")).to_be_visible()
    expect(transcript).to_contain_text("Tuesday")
    expect(transcript).not_to_contain_text("Thursday")
    assert page.locator("input[name=hearing]").input_value() == "1"
    page.get_by_role("link", name="See what changed").click()
    expect(page.locator("del")).to_have_text("Thursday")
    expect(page.locator("ins")).to_have_text("Tuesday")
    assert findings(page) == []
    page.get_by_role("button", name="Take the first hearing back").press("Enter")
    expect(page.get_by_role("button", name="Let the second hearing stand")).to_be_visible()
    page.get_by_role("link", name="Back to the session").click()
    expect(page.get_by_text("the first hearing stands again.")).to_be_visible()
    expect(transcript).to_contain_text("Thursday")
    page.get_by_label("I have checked this transcript").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved.")).to_be_visible()
