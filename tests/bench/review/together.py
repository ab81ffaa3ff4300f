"""Several browsers at once, each editing, playing and following a session under way: nothing may be lost or fail."""

import asyncio
import time
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, Page, Request, Response, async_playwright, expect
from support.chromium import CHROMIUM, FLAGS
from support.web_box import PASSPHRASE, WebBox

from app.vault.vault import Vault
from tests.bench.review.figures import Figure, progress
from tests.bench.review.filled import LINES, LIVE, LONG, Room

SHARED = LINES - 1  # a line that all of them edit
SHARED_EVERY = 5
PATIENCE_MS = 120_000


@dataclass
class Seen:
    """What the browsers kept, and what went wrong in them."""

    kept: list[tuple[int, str]] = field(default_factory=list)
    played: int = 0
    meanwhile: int = 0  # times that somebody was told of other words
    wrong: list[str] = field(default_factory=list)


def together_figures(box: WebBox, vault: Vault, browsers: int, minutes: float) -> list[Figure]:
    seen, room = Seen(), Room(box, vault)
    try:
        asyncio.run(_all(box, room, seen, browsers, minutes))
    finally:
        room.close()
    history = {(edit.seq, edit.text) for edit in vault.sessions.session_edits(LONG)}
    lost = [one for one in seen.kept if one not in history]
    for words in sorted(set(seen.wrong))[:10]:
        progress(f"wrong: {words}")
    name = f"{browsers} browsers, {minutes:g} min"
    return [
        Figure(f"{name}: edits kept", len(seen.kept), None),
        Figure(f"{name}: stretches played", seen.played, None),
        Figure(f"{name}: lines followed live", room.lines, None),
        Figure(f"{name}: told of words by somebody else", seen.meanwhile, None),
        Figure(f"{name}: edits lost", len(lost), 0),
        Figure(f"{name}: errors", len(seen.wrong), 0),
    ]


async def _all(box: WebBox, room: Room, seen: Seen, browsers: int, minutes: float) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        people = [await _Person.come(browser, box, seen, number) for number in range(browsers)]
        progress(f"{browsers} browsers have both sessions open")
        until = time.monotonic() + minutes * 60
        talking = asyncio.create_task(_talk(room, until))
        await asyncio.gather(*(person.work(browsers, until) for person in people))
        await talking
        progress("all have stopped; their pages are compared with the vault")
        for person in people:
            await person.compare(room.lines)
        await browser.close()


async def _talk(room: Room, until: float) -> None:
    told = time.monotonic()
    while time.monotonic() < until:
        await asyncio.to_thread(room.say_a_line)
        if time.monotonic() - told > 30:
            told = time.monotonic()
            progress(f"{until - told:.0f} s to go, {room.lines} lines said")
        await asyncio.sleep(1)


class _Person:
    def __init__(self, context: BrowserContext, box: WebBox, seen: Seen, number: int) -> None:
        self._context, self._box, self._seen, self._number = context, box, seen, number
        self._turn = 0
        self._desk: Page
        self._live: Page

    @classmethod
    async def come(cls, browser: Browser, box: WebBox, seen: Seen, number: int) -> "_Person":
        context = await browser.new_context(ignore_https_errors=True, base_url=box.address)
        context.set_default_timeout(PATIENCE_MS)
        context.set_default_navigation_timeout(PATIENCE_MS)
        person = cls(context, box, seen, number)
        context.on("response", person._on_response)
        context.on("requestfailed", person._on_failed)
        context.on("weberror", lambda error: seen.wrong.append(str(error.error)))
        person._desk, person._live = await context.new_page(), await context.new_page()
        await person._desk.goto("/signin")
        await person._desk.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
        await person._desk.get_by_role("button", name="Open my vault").click()
        await person._desk.wait_for_url("**/today")
        await person._desk.goto(f"/sessions/{LONG}")
        await person._live.goto(f"/sessions/{LIVE}")
        return person

    def _on_response(self, answer: Response) -> None:
        if answer.status >= 400:
            self._seen.wrong.append(f"{answer.status} {answer.request.method} {answer.url.rsplit('/', 1)[-1]}")

    def _on_failed(self, request: Request) -> None:
        own = "audio.wav" in request.url or "events" in request.url  # a browser drops these as it seeks and leaves
        if not own:
            self._seen.wrong.append(f"{request.failure} {request.method} {request.url.rsplit('/', 1)[-1]}")

    async def work(self, browsers: int, until: float) -> None:
        while time.monotonic() < until:
            self._turn += 1
            shared = self._turn % SHARED_EVERY == 0
            seq = SHARED if shared else 2 + self._number + browsers * (self._turn % 100)
            await self._edit(seq, f"person {self._number} turn {self._turn}")
            await self._play()
            await asyncio.sleep(0.5)

    async def _edit(self, seq: int, text: str) -> None:
        desk, field_ = self._desk, self._desk.locator(f"#text-{seq}")
        await desk.evaluate(f"document.querySelector('#line-{seq} > .edit').click()")
        await field_.fill(text)
        said, answer = f"#line-{seq} .said", f"#line-{seq} form:not([data-sent])"
        while not await desk.locator(said).count():
            await desk.evaluate(f"document.querySelector('#line-{seq} form').dataset.sent = ''")
            await field_.press("Enter")
            # the line, or the form once more with what somebody else has kept there meanwhile
            await expect(desk.locator(f"{said}, {answer}").first).to_be_visible(timeout=PATIENCE_MS)
            self._seen.meanwhile += await desk.locator(answer).count()
        self._seen.kept.append((seq, text))

    async def _play(self) -> None:
        """The first line has sound."""
        await self._desk.evaluate("document.querySelector('#line-0 [data-hear]').click()")
        before = await self._desk.evaluate("document.getElementById('sound').currentTime")
        await asyncio.sleep(1)
        now = await self._desk.evaluate("document.getElementById('sound').currentTime")
        self._seen.played += now != before
        await self._desk.evaluate("document.getElementById('sound').pause()")

    async def compare(self, live_lines: int) -> None:
        """Both pages have followed everything that the others did and the room said."""
        await expect(self._live.locator("[data-line]")).to_have_count(live_lines, timeout=PATIENCE_MS)
        latest = dict(self._seen.kept)
        del latest[SHARED]  # who was last there the vault knows, and not the order in which the pages noted it
        for seq, text in latest.items():
            await expect(self._desk.locator(f"#line-{seq} .said")).to_have_text(text, timeout=PATIENCE_MS)
        await expect(self._desk.locator("#out-of-touch")).to_be_hidden()
        await self._context.close()
