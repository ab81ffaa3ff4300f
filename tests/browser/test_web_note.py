"""The note in a browser: it comes and follows by itself, flags keep a session from being approved, goals take a key."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from support.axe import findings
from support.chromium import sign_in
from support.web_box import NAME, PASSPHRASE, WebBox
from support.web_sessions import add_session, plain

from app.records.people import ClientDetails
from app.review import Review
from app.vault.vault import Vault

SESSION = "5e" * 16
NARROW, DESK = {"width": 320, "height": 640}, {"width": 1440, "height": 900}
WALK = "Go out for a walk"
SAID = (
    "How was your week since we met?",
    "I slept three hours on Monday night and my sister shouted at me.",
    "What did you do when she shouted?",
    "I went for a walk by the river and I felt calmer afterwards.",
    "Shall we try that again before Thursday?",
    "Yes, I will go for a walk on Wednesday evening.",
)


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


def check(page: Page) -> None:
    """The page as it stands, on the narrowest phone in the dark and on a desk by day."""
    for size, scheme in ((NARROW, "dark"), (DESK, "light")):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert findings(page) == [], f"{page.url} {scheme}"
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


@pytest.fixture
def vault(box: WebBox) -> Vault:
    vault = box.new_person()
    add_session(vault, box.tapes_dir, plain(*SAID), session_id=SESSION, started_at_ms=1_795_000_000_000)
    client = vault.clients.add(ClientDetails("Zoë", goals=WALK))
    vault.clients.link(SESSION, client.client_id, NAME)
    return vault


@pytest.fixture
def note(page: Page, box: WebBox, vault: Vault) -> Locator:
    """The note's panel on the session page, once its draft has come by itself."""
    sign_in(page, box.address, PASSPHRASE)
    page.goto(f"/sessions/{SESSION}")
    note = page.locator("#slot-note")
    expect(note).to_contain_text("The note is being drafted.")
    box.app.state.desk.drafting.draft_waiting(vault)
    box.pipeline.changes.notify()
    expect(note.locator(".note-label")).to_contain_text("Draft by the extractive drafter 1.0")
    return note


def elsewhere(box: WebBox, vault: Vault, seq: int, text: str) -> None:
    """A line is edited in another window."""
    Review(vault).edit(SESSION, seq, text, NAME)
    box.pipeline.changes.notify()


@pytest.mark.timeout(240)
def test_approval__open_flag__is_blocked_on_the_page_and_names_the_sentence_until_it_is_settled(
    page: Page, box: WebBox, vault: Vault, note: Locator
) -> None:
    approve = page.get_by_role("button", name="Approve")
    accept = note.get_by_role("button", name="Accept under my name")
    expect(approve).to_be_enabled()
    elsewhere(box, vault, 1, "I slept four hours on Monday night and my sister shouted at me.")
    expect(note.locator(".note-flagged", has_text="three hours").first).to_be_visible()
    expect(approve).to_be_disabled()
    expect(page.locator("#flagged")).to_contain_text("three hours")
    page.get_by_label(re.compile("I have checked this transcript")).check()
    form, origin = {"attested": "yes"}, {"Origin": box.address}
    assert page.request.post(f"/sessions/{SESSION}/approve", form=form, headers=origin).status == 409
    assert vault.approvals.standing(SESSION) is None
    page.locator("#flagged a").first.click()
    for waiting in range(accept.count(), 0, -1):
        accept.first.click()
        expect(accept).to_have_count(waiting - 1)
    expect(page.locator("#flagged")).to_have_count(0)
    check(page)
    approve.click()
    expect(page.locator("#review")).to_contain_text("Approved")
    assert Review(vault).verify(SESSION)


@pytest.mark.timeout(240)
def test_note__transcript_changes__follows_by_news_and_swaps_away_nothing_that_is_typed(
    page: Page, box: WebBox, vault: Vault, note: Locator
) -> None:
    elsewhere(box, vault, 3, "")
    expect(note.locator(".note-gone").first).to_be_visible()
    Review(vault).undo_edit(SESSION, 3, NAME)
    box.pipeline.changes.notify()
    expect(note.locator(".note-gone")).to_have_count(0)
    slept = note.locator(".note-sentence", has_text="three hours").last
    slept.get_by_role("link", name="Change").click()
    field = note.locator("textarea[autofocus]")
    field.fill("The client slept three hours.")
    elsewhere(box, vault, 0, "How was your week since we last met?")
    expect(page.locator("#note-behind")).to_be_visible()
    expect(field).to_have_value("The client slept three hours.")
    note.get_by_role("button", name="Keep", exact=True).click()
    expect(note.locator(".note-edited", has_text="The client slept three hours.")).to_be_visible()
    events = [one.action for one in vault.audit.latest(500)]
    assert events.count("note.opened") < 20  # by news, not by asking all the time


@pytest.mark.timeout(240)
def test_goal__one_key__links_and_the_clients_page_leads_to_the_place(page: Page, vault: Vault, note: Locator) -> None:
    page.locator("#transcript").focus()
    page.keyboard.press("o")
    expect(note.locator("[data-suggested-goal]:focus")).to_have_count(1)
    page.keyboard.press("o")
    expect(note.locator(".note-goal-linked")).to_have_count(1)
    check(page)
    Review(vault).approve(SESSION, NAME)
    page.goto(f"/clients/{vault.clients.list()[0].client_id}")
    check(page)
    page.locator("#goals").get_by_role("link", name=re.compile("Hear it at")).first.click()
    page.wait_for_url(re.compile(rf"/sessions/{SESSION}\?hear=\d+#line-\d+"))


def test_process_notes__locked_opened_and_written__axe_finds_nothing(page: Page, box: WebBox, vault: Vault) -> None:
    sign_in(page, box.address, PASSPHRASE)
    page.goto(f"/clients/{vault.clients.list()[0].client_id}/process-notes")
    check(page)
    page.get_by_label(re.compile("They are closed")).fill(PASSPHRASE)
    page.get_by_role("button", name="Open").click()
    page.get_by_label("A new note").fill("Something stays unsaid about the sister.")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator(".process-notes")).to_contain_text("Something stays unsaid")
    page.get_by_text("Change or erase").click()
    check(page)
    page.get_by_role("button", name="Close them").click()
    page.wait_for_url(re.compile(r"/clients/[0-9a-f]{32}$"))
