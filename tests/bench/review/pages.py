"""One person alone: how soon a page answers, what it weighs, how it scrolls on a phone."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
from playwright.sync_api import Browser, CDPSession, Page
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox

from tests.bench.review.figures import Figure, percentiles, progress
from tests.bench.review.filled import LINES, LONG

PHONE = {"width": 390, "height": 844}
# once the thread is free for the next key
ONCE_INTERACTIVE = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0)))"
WATCH_FRAMES = """
() => {
  window.frames_ms = [];
  let before = performance.now();
  const next = (now) => { window.frames_ms.push(now - before); before = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}
"""


def page_figures(browser: Browser, box: WebBox, sessions: int, opened: int = 5) -> Iterator[Figure]:
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    sign_in(page, box.address, PASSPHRASE)
    progress(f"opening the session of 15,000 words {opened} times")
    clock = Clock(context.new_cdp_session(page))
    took = [clock.time(lambda: interactive_ms(page, f"{box.address}/sessions/{LONG}")) for _ in range(opened)]
    assert page.locator("[data-line]").count() == LINES
    middle = sorted(took)[opened // 2]
    yield Figure("15,000 words, interactive, median", middle.wall_ms, 1000, "ms")
    yield Figure("15,000 words, interactive, slowest", max(took).wall_ms, None, "ms")
    work = sorted(one.work_ms for one in took)[opened // 2]
    yield Figure("the same, processor time of the box and the page's thread", work, 1000, "ms")
    for name, path in (
        ("Today", "/today"),
        ("the list of all", "/sessions"),
        ("its last page", f"/sessions?from={sessions - 40}"),
    ):
        progress(f"opening {name} 20 times")
        listed = [clock.time(lambda path=path: interactive_ms(page, f"{box.address}{path}")) for _ in range(20)]
        yield from percentiles(f"{sessions:,} sessions, {name}", [one.wall_ms for one in listed], 1000)
        yield from percentiles("the same, processor time", [one.work_ms for one in listed], 1000)
    context.close()


@dataclass(frozen=True, order=True)
class Took:
    wall_ms: float
    work_ms: float  # processor time: what stays the same on a machine that does other things as well


class Clock:
    """Reads the processor time of the box, which runs in this process, and of the page's own thread."""

    def __init__(self, page: CDPSession) -> None:
        self._page = page
        page.send("Performance.enable", {"timeDomain": "threadTicks"})

    def time(self, act: Callable[[], float]) -> Took:
        before, thread_before = time.process_time(), self._thread_s()
        wall_ms = act()
        work_s = time.process_time() - before + max(0.0, self._thread_s() - thread_before)
        return Took(wall_ms, work_s * 1000)

    def _thread_s(self) -> float:
        found = self._page.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in found if one["name"] == "TaskDuration"))


def interactive_ms(page: Page, address: str) -> float:
    """From the request to a page whose scripts have run and whose thread is free for the next key."""
    page.goto(address, wait_until="load")
    return float(page.evaluate(ONCE_INTERACTIVE))


def weight_figures(box: WebBox) -> Iterator[Figure]:
    with signed_client(box) as client, client.stream("GET", f"/sessions/{LONG}") as answer:
        sent = sum(len(part) for part in answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    yield Figure("its HTML as it is sent", sent / 1000, 400, "kB")


def scroll_figures(browser: Browser, box: WebBox) -> Iterator[Figure]:
    """A thumb that flicks through the whole, on a processor four times slower than this one."""
    context = browser.new_context(ignore_https_errors=True, viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, box.address, PASSPHRASE)
    page.goto(f"{box.address}/sessions/{LONG}", wait_until="load")
    slower = context.new_cdp_session(page)
    slower.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.wait_for_timeout(3000)  # what the page fetches after it has been drawn
    page.evaluate(WATCH_FRAMES)
    progress("scrolling on a phone")
    work_ms = Clock(slower).time(lambda: _flick(slower)).work_ms
    frames = sorted(page.evaluate("window.frames_ms"))
    assert page.evaluate("window.scrollY") > 5_000
    yield Figure("scrolling it on a phone 4 times slower, frame p95", frames[len(frames) * 95 // 100], 50, "ms")
    yield Figure("the same, slowest frame", frames[-1], None, "ms")
    yield Figure("the same, processor time a frame, mean", work_ms / len(frames), 16, "ms")
    context.close()


def _flick(phone: CDPSession) -> float:
    for _ in range(10):
        gesture = {"x": 195, "y": 500, "yDistance": -3000, "speed": 4000, "gestureSourceType": "mouse"}
        phone.send("Input.synthesizeScrollGesture", gesture)
    return 0


@contextmanager
def signed_client(box: WebBox) -> Iterator[httpx2.Client]:
    headers = {"origin": box.address, "accept-encoding": "gzip"}
    with httpx2.Client(base_url=box.address, verify=False, timeout=60, headers=headers) as client:
        (account,) = box.vaults.accounts()
        client.post("/signin", data={"person": account.vault_id, "passphrase": PASSPHRASE})
        yield client
