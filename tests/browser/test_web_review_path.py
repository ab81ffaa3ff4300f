"""The whole review, from the queue of doubtful places to the approval, by keys alone and by touch alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from support.chromium import sign_in, until
from support.web_box import NAME, PASSPHRASE, WebBox
from support.web_sessions import add_session, conversation

from app.domain import MarkKind
from app.review import Review
from app.vault.vault import Vault

SESSION = "5e" * 16
NewContext = Callable[..., BrowserContext]


@pytest.fixture
def vault(box: WebBox) -> Vault:
    vault = box.new_person()
    add_session(vault, box.tapes_dir, conversation(turns=14), session_id=SESSION, started_at_ms=1_795_000_000_000)
    return vault


def opened(page: Page, box: WebBox) -> Page:
    sign_in(page, box.address, PASSPHRASE)
    page.goto(f"/sessions/{SESSION}")
    page.wait_for_load_state("load")
    return page


def places(page: Page) -> Locator:
    return page.locator("#review .place")


def resting(page: Page) -> None:
    until(page, "document.getElementById('sound').paused")


def note_on_pause(page: Page) -> None:
    """By keys: to the last line, which follows a pause."""
    until(page, "!document.querySelector('.htmx-request')")
    for _ in range(14):
        page.keyboard.press("j")
    page.keyboard.press("C")
    expect(page.get_by_label("What this pause was like")).to_be_focused()
    page.keyboard.type("a long breath")
    page.keyboard.press("Enter")
    expect(page.locator(".beside", has_text="In the pause before: a long breath")).to_be_visible()
    expect(page.locator(".quiet-row form")).to_have_count(0)


def test_review__by_keys_alone__hears_accepts_edits_notes_withholds_and_approves(
    page: Page, box: WebBox, vault: Vault
) -> None:
    keys = opened(page, box).keyboard
    expect(places(page).first).to_be_visible()
    count = places(page).count()
    assert count >= 3
    keys.press("n")
    until(page, "!document.getElementById('sound').paused")
    expect(places(page).first).to_have_attribute("aria-current", "true")
    resting(page)  # by itself, a moment after the place
    expect(places(page).first).to_contain_text("heard")
    for left in range(count - 1, 0, -1):
        keys.press("a")
        expect(places(page)).to_have_count(left)
        expect(page.locator(".place[aria-current]")).to_have_count(1)
    seq = int(places(page).first.get_attribute("data-seq") or 0)
    keys.press("e")
    field = page.locator(f"#line-{seq}").get_by_role("textbox")
    expect(field).to_be_focused()
    keys.press("End")
    keys.type(" Yes.")
    keys.press("Enter")
    expect(page.get_by_text("Every place worth hearing was found right.")).to_be_visible()
    keys.press("c")
    expect(page.get_by_label("What a microphone does not hear")).to_be_focused()
    keys.type("a long look at the door")
    keys.press("Enter")
    expect(page.locator(".beside")).to_contain_text("a long look at the door")
    keys.press("x")
    expect(page.get_by_label("A name to withhold")).to_be_focused()
    keys.type("sister")
    keys.press("Enter")
    expect(page.locator(".said .withheld").first).to_be_attached()
    until(page, "!document.querySelector('.htmx-request')")  # all lines are fetched anew, as the name may stand in any
    expect(page.locator("[data-line][aria-current]")).to_have_count(1)
    keys.press("j")
    keys.press("p")
    expect(page.get_by_label("A note for yourself")).to_be_focused()
    keys.press("Enter")
    expect(page.locator(".line.private")).to_have_count(1)
    note_on_pause(page)
    keys.press("g")
    keys.press("a")
    expect(page.locator("#attested")).to_be_focused()
    keys.press("Space")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Approved")).to_be_visible()
    expect(page.get_by_text("listened to")).to_be_visible()
    assert Review(vault).verify(SESSION)
    kinds = {mark.kind for mark in vault.reviews.marks(SESSION)}
    assert kinds == set(MarkKind)


def test_review__by_touch_on_a_phone__hears_accepts_edits_and_approves(
    new_context: NewContext, box: WebBox, vault: Vault
) -> None:
    page = opened(new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page(), box)
    count = places(page).count()
    page.get_by_role("button", name="Next doubt").tap()
    until(page, "!document.getElementById('sound').paused")
    page.get_by_role("button", name="Right", exact=True).last.tap()
    expect(places(page)).to_have_count(count - 1)
    seq = int(places(page).first.get_attribute("data-seq") or 0)
    page.locator(f"#line-{seq} .said").tap()
    page.locator(f"#line-{seq}").get_by_role("button", name="Edit").tap()
    page.locator(f"#line-{seq}").get_by_role("textbox").fill("By touch.")
    page.get_by_role("button", name="Keep", exact=True).tap()
    expect(page.locator(f"#line-{seq} .said")).to_have_text("By touch.")
    page.get_by_role("button", name="Review", exact=True).tap()
    expect(page.locator(".aside-open")).to_be_visible()
    page.locator("#attested").tap()
    page.get_by_role("button", name="Approve").tap()
    expect(page.get_by_role("heading", name="Approved")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_undo_and_redo__go_back_and_forth_over_the_session(page: Page, box: WebBox, vault: Vault) -> None:
    review = Review(vault)
    heard = [line.text for line in review.transcript(SESSION)]
    review.edit(SESSION, 1, "first", NAME)
    review.edit(SESSION, 4, "second", NAME)
    keys = opened(page, box).keyboard
    said = [page.locator(f"#line-{seq} .said") for seq in (1, 4)]
    keys.press("u")
    expect(said[1]).to_have_text(heard[4])
    keys.press("u")
    expect(said[0]).to_have_text(heard[1])
    keys.press("r")
    expect(said[0]).to_have_text("first")
    keys.press("r")
    expect(said[1]).to_have_text("second")
    keys.press("r")
    expect(page.get_by_text("There is nothing to do again")).to_be_visible()


def test_two_windows__editing_one_line__nobodys_words_are_lost_and_it_says_so(
    page: Page, new_context: NewContext, box: WebBox, vault: Vault
) -> None:
    other = opened(new_context().new_page(), box)
    opened(page, box)
    for one, text in ((page, "What I heard."), (other, "What the other heard.")):
        one.keyboard.press("j")
        one.keyboard.press("e")
        one.locator("#line-0").get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator("#line-0 .said")).to_have_text("What I heard.")
    other.keyboard.press("Enter")
    expect(other.get_by_text("changed in another window while you were writing")).to_be_visible()
    expect(other.locator(".standing-text")).to_have_text("What I heard.")
    expect(other.get_by_role("textbox")).to_have_value("What the other heard.")
    other.get_by_role("button", name="Keep", exact=True).click()
    expect(other.locator("#line-0 .said")).to_have_text("What the other heard.")
    expect(page.locator("#line-0 .said")).to_have_text("What the other heard.")  # by itself
    history = vault.sessions.edit_history(SESSION, 0)
    assert [edit.text for edit in history] == ["What I heard.", "What the other heard."]


def test_edit__news_of_the_line_comes_while_it_opens__still_opens(page: Page, box: WebBox, vault: Vault) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    opened(page, box)
    page.route("**/lines/2/edit", hold)
    page.locator("#line-2").hover()
    with page.expect_request("**/lines/2/edit"):
        page.locator("#line-2 > .edit").click()
    with page.expect_response("**/edited?since=*"):
        Review(vault).edit(SESSION, 2, "What somebody else heard.", NAME)
        box.pipeline.changes.notify()
    until(page, "document.getElementById('last-edit').value !== '0'")
    held[0].continue_()
    expect(page.locator("#line-2").get_by_role("textbox")).to_have_value("What somebody else heard.")


def test_typing__page_goes_away__is_taken_up_again(page: Page, box: WebBox, vault: Vault) -> None:
    opened(page, box).keyboard.press("j")
    page.keyboard.press("e")
    page.locator("#line-0").get_by_role("textbox").fill("half a thought")
    expect(page.get_by_text("What you type is safe on the box.")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/sessions/{SESSION}")
    expect(page.get_by_text("1 line still open")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator("#line-0").get_by_role("textbox")).to_have_value("half a thought")
    expect(page.get_by_text("Taken up where you stopped")).to_be_visible()


def test_versions__show_what_each_step_changed(page: Page, box: WebBox, vault: Vault) -> None:
    heard = Review(vault).transcript(SESSION)[0].text
    Review(vault).edit(SESSION, 0, f"{heard} Indeed.", NAME)
    opened(page, box).keyboard.press("j")
    page.keyboard.press("v")
    expect(page.locator(".layers ins")).to_have_text("Indeed.")
    expect(page.get_by_text("The machine heard").last).to_be_visible()


def test_addendum__to_an_approved_session__stands_below_it(page: Page, box: WebBox, vault: Vault) -> None:
    Review(vault).approve(SESSION, NAME)
    opened(page, box)
    page.get_by_text("Add something").click()
    page.get_by_label("What is to be added").fill("The sister's name is spelt Anne.")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".addenda")).to_contain_text("spelt Anne.")
    assert Review(vault).verify(SESSION)
