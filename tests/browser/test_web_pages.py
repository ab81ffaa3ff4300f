"""Every page for everybody: axe finds nothing, light and dark, and nothing is cut off on the narrowest phone.

`VISITS` names every address that gives a page. A route that is in none of the tables fails the first test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, Page, expect
from support.axe import findings
from support.chromium import sign_in, until
from support.log_server import log_served
from support.web_box import NAME, PASSPHRASE, WebBox
from support.web_visits import Practice, fill_practice

from app.web.audited import mapped_routes
from firmware.status import BoxState
from tacet.log.kept import KeptLog

NOW_MS = 1_795_000_000_000
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}  # as 1280 pixels at 400 %
ZOOMED = {"width": 640, "height": 450}  # as 1280 pixels at 200 %
IT_PASSPHRASE = "seven loud orange kettles"

NOBODY, THERAPIST, IT = "nobody", "therapist", "clinic IT"
# route -> who visits it, and the addresses, with ids of the practice
VISITS: dict[str, tuple[str, tuple[str, ...]]] = {
    "/": (NOBODY, ("/", "/nowhere")),
    "/setup": (NOBODY, ()),  # only an empty box has it: below
    "/setup/recovery-code": (NOBODY, ()),  # same
    "/restore": (NOBODY, ()),  # same: test_web_restore.py
    "/join": (NOBODY, ("/join",)),
    "/signin": (NOBODY, ("/signin", "/signin?why=locked")),
    "/signin/second": (NOBODY, ("/signin/second",)),
    "/signin/lost-passphrase": (NOBODY, ("/signin/lost-passphrase",)),
    "/it/signin": (NOBODY, ("/it/signin",)),
    "/it/join": (NOBODY, ("/it/join",)),
    "/it": (IT, ("/it",)),
    "/it/second-step": (IT, ("/it/second-step",)),
    "/it/pool": (IT, ("/it/pool",)),
    "/it/log": (IT, ("/it/log", "/it/log?of=backup&level=error")),
    "/trust": (THERAPIST, ("/trust",)),
    "/trust/now": (THERAPIST, ("/trust/now",)),
    "/today": (THERAPIST, ("/today",)),
    "/sessions": (THERAPIST, ("/sessions", "/sessions?from=1")),
    "/week": (THERAPIST, ("/week", "/week?view=day", "/week?on=1999-01-04")),
    "/search": (THERAPIST, ("/search", "/search?q=light", "/search?q=zzzz")),
    "/account": (THERAPIST, ("/account",)),
    "/account/second-step": (THERAPIST, ("/account/second-step",)),
    "/account/invite": (THERAPIST, ("/account/invite",)),
    "/account/events": (THERAPIST, ("/account/events",)),
    "/seats": (THERAPIST, ("/seats",)),
    "/keeping": (THERAPIST, ("/keeping",)),
    "/certificates/{certificate_id}": (THERAPIST, ("/certificates/{certificate_id}",)),
    "/consent/wording": (THERAPIST, ("/consent/wording",)),
    "/clients": (THERAPIST, ("/clients",)),
    "/clients/new/form": (THERAPIST, ("/clients/new/form",)),
    "/clients/{client_id}": (THERAPIST, ("/clients/{client_id}", "/clients/" + "0" * 32)),
    "/clients/{client_id}/edit": (THERAPIST, ("/clients/{client_id}/edit",)),
    "/clients/{client_id}/erase": (THERAPIST, ("/clients/{client_id}/erase",)),
    "/clients/{client_id}/process-notes": (THERAPIST, ("/clients/{client_id}/process-notes",)),
    "/clients/{client_id}/consent/{person_id}": (THERAPIST, ("/clients/{client_id}/consent/{person_id}",)),
    "/clients/{client_id}/consent/{person_id}/take-back": (
        THERAPIST,
        ("/clients/{client_id}/consent/{person_id}/take-back",),
    ),
    "/appointments/new": (THERAPIST, ("/appointments/new",)),
    "/appointments/{series_id}/{recurrence}": (THERAPIST, ("/appointments/{series_id}/{recurrence}",)),
    "/receipts/{session_id}": (THERAPIST, ("/receipts/{withdrawn}",)),
    "/sessions/{session_id}": (
        THERAPIST,
        ("/sessions/{draft}", "/sessions/{approved}", "/sessions/{live}", "/sessions/" + "0" * 32),
    ),
    "/sessions/{session_id}/withdraw": (THERAPIST, ("/sessions/{draft}/withdraw",)),
    "/sessions/{session_id}/erase-end": (THERAPIST, ("/sessions/{draft}/erase-end",)),  # says why it cannot be
    "/sessions/{session_id}/erased": (THERAPIST, ("/sessions/{draft}/erased",)),
    "/sessions/{session_id}/hearings": (THERAPIST, ("/sessions/{approved}/hearings",)),
    "/sessions/{session_id}/record": (THERAPIST, ("/sessions/{draft}/record", "/sessions/{approved}/record")),
    "/sessions/{session_id}/note": (THERAPIST, ("/sessions/{draft}/note", "/sessions/{approved}/note")),
    "/sessions/{session_id}/note/sentences/{sentence_id}/edit": (
        THERAPIST,
        ("/sessions/{draft}/note/sentences/{sentence_id}/edit",),
    ),
    "/sessions/{session_id}/note/sentences/{sentence_id}/source": (
        THERAPIST,
        ("/sessions/{draft}/note/sentences/{sentence_id}/source",),
    ),
    "/sessions/{session_id}/lines/{seq}/note": (THERAPIST, ("/sessions/{draft}/lines/3/note",)),
    "/sessions/{session_id}/note/approved": (THERAPIST, ("/sessions/{approved}/note/approved",)),
    "/sessions/{session_id}/voices": (THERAPIST, ("/sessions/{draft}/voices",)),
    "/sessions/{session_id}/lines/{seq}/edit": (THERAPIST, ("/sessions/{draft}/lines/3/edit",)),
    "/sessions/{session_id}/lines/{seq}/marks/{kind}": (
        THERAPIST,
        ("/sessions/{draft}/lines/3/marks/context", "/sessions/{draft}/lines/3/marks/silence"),
    ),
}
NO_PAGE = {
    "/assets/{name}": "a file",
    "/metrics": "for the clinic's monitoring",
    "/sessions.json": "for scripts",
    "/sessions/{session_id}/transcript.json": "for scripts",
    "/sessions/{session_id}/audio.wav": "sound",
    "/events": "a stream",
    "/today/events": "a stream",
    "/sessions/{session_id}/events": "a stream",
    "/sessions/{session_id}/lines": "a part of the session page",
    "/sessions/{session_id}/lines/{seq}": "a part of the session page",
    "/sessions/{session_id}/lines/{seq}/layers": "a part of the session page",
    "/sessions/{session_id}/edited": "a part of the session page",
    "/sessions/{session_id}/review": "a part of the session page",
    "/restore/now": "a part of the page that puts a backup back",
    "/it/backup": "a part of clinic IT's page",
    "/it/selftest": "a part of clinic IT's page",
    "/it/pool/now": "a part of clinic IT's page",
    "/it/queue": "a part of clinic IT's page",
    "/it/log/tacet-log.txt": "a file",
    "/seats/step": "a part of the page of seats",
    "/sessions/{session_id}/transcript": "a part of the session page",
}


@dataclass(frozen=True)
class Visited:
    """A box in use, and a window of everybody who visits it."""

    box: WebBox
    practice: Practice
    windows: dict[str, Page]

    def go(self, who: str, address: str) -> Page:
        page = self.windows[who]
        page.set_viewport_size(DESK)  # type: ignore[arg-type]
        page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
        page.goto(address.format_map(asdict_of(self.practice)))
        settled(page)
        return page


def asdict_of(practice: Practice) -> dict[str, object]:
    return {name: getattr(practice, name) for name in practice.__dataclass_fields__}


@pytest.fixture(scope="module")
def visited(browser: Browser) -> Iterator[Visited]:
    with TemporaryDirectory() as folder:
        box = WebBox(Path(folder))
        practice = fill_practice(box, box.new_person(), NOW_MS)
        box.app.state.desk.it_account.set_passphrase(IT_PASSPHRASE)
        box.start()
        contexts = [browser.new_context(ignore_https_errors=True, base_url=box.address) for _ in range(3)]
        windows = dict(zip((NOBODY, THERAPIST, IT), [context.new_page() for context in contexts], strict=True))
        sign_in(windows[THERAPIST], box.address, PASSPHRASE)
        windows[IT].goto("/it/signin")
        windows[IT].get_by_label("Passphrase", exact=True).fill(IT_PASSPHRASE)
        windows[IT].get_by_label("Passphrase", exact=True).press("Enter")
        windows[IT].wait_for_url("**/it")
        log = KeptLog()
        log.take(
            "recorder", "<4>recorder: not ready: No microphone is connected. Plug it in; the box will notice by itself."
        )
        log.take("asr", "<6>asr: model loaded")
        with log_served(log, box.settings.run_dir):
            yield Visited(box, practice, windows)
        for context in contexts:
            context.close()
        box.close()


def settled(page: Page) -> None:
    """All parts that the page fetches by itself are there."""
    page.wait_for_load_state("load")
    until(page, "!document.querySelector('.htmx-request, .slot > h2:only-child > a')", timeout_s=60)


def check(page: Page) -> None:
    """Look at the page as it stands: light on a desk, dark and still on a phone, narrow, enlarged, on paper."""
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert findings(page) == [], f"{page.url} in the light"
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert findings(page) == [], f"{page.url} in the dark"
    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert page.evaluate(moving) == 0, f"{page.url} moves"
    for size in (NARROW, ZOOMED, DESK):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{page.url} is {wide} wide at {size['width']}"
    page.emulate_media(media="print", color_scheme="light", reduced_motion="no-preference")
    assert not page.locator(".nav").is_visible(), f"{page.url} prints its navigation"
    page.emulate_media(media="screen")


def test_tables__every_route_that_is_read__is_a_page_to_visit_or_says_why_not(tmp_path: Path) -> None:
    box = WebBox(tmp_path)
    read = {route.path for route in mapped_routes(box.app) if "GET" in route.methods}
    box.close_unserved()
    assert VISITS.keys() | NO_PAGE.keys() == read
    assert not VISITS.keys() & NO_PAGE.keys()


@pytest.mark.parametrize("route", VISITS)
def test_page__anybody_visits_it__can_use_it(visited: Visited, route: str) -> None:
    who, addresses = VISITS[route]
    for address in addresses:
        check(visited.go(who, address))


def _opened(page: Page) -> None:
    page.locator("#line-1 summary").click()
    page.locator("#line-3 .said").click()


def _edited(page: Page) -> None:
    page.locator("#line-3").hover()
    page.locator("#line-3 > .edit").click()
    expect(page.locator("#line-3 textarea")).to_be_visible()


def _meanwhile(page: Page) -> None:
    _edited(page)
    page.locator("#line-3 input[name=base]").evaluate("(field) => { field.value = '99'; }")
    page.locator("#line-3 textarea").fill("Something else.")
    page.locator("#line-3 textarea").press("Enter")
    expect(page.locator("#line-3 .notice")).to_be_visible()


def _tool(key: str, selector: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        for _ in range(4):
            page.keyboard.press("j")
        page.keyboard.press(key)
        expect(page.locator(selector)).to_be_visible()

    return act


def _unfolded(page: Page) -> None:
    page.evaluate("for (const one of document.querySelectorAll('.aside details')) one.open = true")


def _keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def _sheet(page: Page) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.locator("#open-review").click()
    expect(page.locator(".aside-open")).to_be_visible()


def _away(page: Page) -> None:
    lost = "document.body.dispatchEvent(new Event('htmx:sseError'))"
    until(page, f"({lost}, !document.getElementById('out-of-touch').hidden)", timeout_s=60)


ACTS: dict[str, tuple[str, Callable[[Page], None]]] = {
    "versions unfolded, tools of a line": ("/sessions/{draft}", _opened),
    "a line is edited": ("/sessions/{draft}", _edited),
    "edited in another window": ("/sessions/{draft}", _meanwhile),
    "a context note": ("/sessions/{draft}", _tool("c", ".mark-form")),
    "versions of a line": ("/sessions/{draft}", _tool("v", ".layers")),
    "all of the review unfolded": ("/sessions/{draft}", _unfolded),
    "all of an approved one unfolded": ("/sessions/{approved}", _unfolded),
    "the sheet of keys": ("/sessions/{draft}", _keys),
    "the review on a phone": ("/sessions/{draft}", _sheet),
    "out of touch with the box": ("/today", _away),
}


@pytest.mark.parametrize("act", ACTS)
def test_page__something_is_open_on_it__can_be_used(visited: Visited, act: str) -> None:
    address, does = ACTS[act]
    page = visited.go(THERAPIST, address)
    does(page)
    settled(page)
    check(page)


@pytest.mark.parametrize("state", [*BoxState, None], ids=lambda state: state.value if state else "away")
def test_strip__whatever_the_box_does__can_be_read(visited: Visited, state: BoxState | None) -> None:
    why = ("A reason that says what is wrong. Then what to do.",)
    visited.box.recorder.show(state, *why, elapsed_ms=1000, level_dbfs=-9.0, session_id=visited.practice.live)
    check(visited.go(THERAPIST, "/sessions/{live}" if state is BoxState.RECORDING else "/trust"))
    visited.box.recorder.show(BoxState.READY)


def test_empty_box__set_up_and_first_pages__can_be_used(page: Page, box: WebBox) -> None:
    page.goto("/setup")
    check(page)
    page.get_by_label("Code of this box").fill(box.setup_code)
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Passphrase", exact=True).fill("one")
    page.get_by_label("The passphrase again").fill("two")
    page.get_by_role("button", name="Set up").click()
    expect(page.locator(".problem")).to_be_visible()
    check(page)
    page.get_by_label("Code of this box").fill(box.setup_code)
    page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    page.get_by_label("The passphrase again").fill(PASSPHRASE)
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="Your recovery code")).to_be_visible()
    check(page)
    page.context.clear_cookies()
    sign_in(page, box.address, PASSPHRASE)
    for address in (
        "/today",
        "/sessions",
        "/clients",
        "/week",
        "/keeping",
        "/search?q=x",
        "/account/events",
        "/trust/now",
    ):
        page.goto(address)
        check(page)
