"""Every page for everybody: axe finds nothing, light and dark, and nothing is cut off on the narrowest phone."""

from playwright.sync_api import Page, expect
from support.axe import findings
from support.chromium import sign_in
from support.web_box import NAME, PASSPHRASE, WebBox, fill
from support.web_practice import EMPTY_PAGES, practice_pages

from app.domain import ErasedEnd
from app.review import Review
from firmware.status import BoxState

# the form as it stands while its answer is awaited: Playwright itself waits for a page that is on its way
SEND_NOTHING = """
const form = document.querySelector("form[data-busy]");
form.addEventListener("submit", (event) => event.preventDefault());
form.requestSubmit();
"""
NOW_MS = 1_795_000_000_000
NARROW = {"width": 320, "height": 640}
TABLET = {"width": 820, "height": 1180}
DESK = {"width": 1440, "height": 900}


def check(page: Page) -> None:
    """The page as it stands, in both schemes and every size."""
    for size in (NARROW, TABLET, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert findings(page) == [], f"{page.url} {scheme} {size['width']}"
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{page.url} is {wide} wide at {size['width']}"


def test_session__draft_edited_approved_and_live(page: Page, box: WebBox) -> None:
    vault = box.new_person()
    first, approved, live, *_ = fill(box, vault, NOW_MS)
    review = Review(vault)
    review.approve(approved, NAME)
    review.edit(first, 1, "Changed.", NAME)
    review.edit(first, 2, "", NAME)
    sign_in(page, box.address, PASSPHRASE)
    for session_id in (first, approved, live):
        page.goto(f"/sessions/{session_id}")
        check(page)
    page.goto(f"/sessions/{first}")
    page.locator("#line-1 summary").click()
    page.locator("#line-3").hover()
    page.locator("#line-3 .edit").click()
    expect(page.locator("#line-3 textarea")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#line-3 textarea")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    check(page)
    page.goto(f"/sessions/{first}/lines/3/edit")
    check(page)


def test_records__every_page_empty_and_full(page: Page, box: WebBox) -> None:
    """Each page in one size and scheme that most differ; `make screenshots` looks at all of them."""
    vault = box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    for pages in (EMPTY_PAGES, practice_pages(box, vault, NOW_MS)):
        for at, path in enumerate(pages.values()):
            page.set_viewport_size((NARROW, DESK)[at % 2])  # type: ignore[arg-type]
            page.emulate_media(color_scheme=("dark", "light")[at % 2])  # type: ignore[arg-type]
            page.goto(f"/{path}")
            assert findings(page) == [], path
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{path} is {wide} too wide"


def test_erasing__asked_under_way_and_done(page: Page, box: WebBox) -> None:
    vault = box.new_person()
    done, _, live, *_ = fill(box, vault, NOW_MS)
    sign_in(page, box.address, PASSPHRASE)
    box.recorder.show(BoxState.RECORDING, session_id=live)
    page.goto(f"/sessions/{live}/erase-end")
    check(page)
    page.get_by_label("1 minute", exact=True).check()
    page.evaluate(SEND_NOTHING)
    expect(page.locator(".busy [role=status]")).to_have_text("Erasing. This may take some seconds.")
    check(page)
    vault.erasures.erase_end(live, ErasedEnd(3000, 63_000, NOW_MS, clock_trusted=True), 24_000)
    page.goto(f"/sessions/{live}/erased")
    check(page)
    page.goto(f"/sessions/{done}/withdraw")
    check(page)
    box.app.state.desk.withdrawals.withdraw(vault, done)
    page.goto(f"/receipts/{done}")
    check(page)


def test_account__events_and_invitation(page: Page, box: WebBox) -> None:
    box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    page.goto("/account")
    check(page)
    page.get_by_role("button", name="Invite a colleague").click()
    expect(page.locator(".code-alone")).to_be_visible()
    check(page)
    page.goto("/account/events")
    check(page)


def test_phone__what_is_touched__is_large_enough(page: Page, box: WebBox) -> None:
    vault = box.new_person()
    first = fill(box, vault, NOW_MS)[0]
    sign_in(page, box.address, PASSPHRASE)
    box.recorder.show(BoxState.RECORDING, elapsed_ms=1000)
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/today", f"/sessions/{first}", "/trust"):
        page.goto(address)
        expect(page.locator(".lamp-recording")).to_be_visible()
        small = page.evaluate(
            """() => [...document.querySelectorAll("button:not(.time), .button, .tool, nav a, select, .entry-link")]
                .map((one) => [one.textContent.trim() || one.className, one.getBoundingClientRect()])
                .filter(([, box]) => box.width && (box.height < 44 || box.width < 44))
                .map(([name, box]) => `${name} ${box.width}x${box.height}`)"""
        )
        assert small == []
