"""One person alone: how soon a page answers, what it weighs, how it scrolls on a phone."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from playwright.sync_api import Browser, Page
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
    took = [interactive_ms(page, f"{box.address}/sessions/{LONG}") for _ in range(opened)]
    assert page.locator("[data-line]").count() == LINES
    yield Figure("15,000 words, interactive, median", sorted(took)[opened // 2], 1000, "ms")
    yield Figure("15,000 words, interactive, slowest", max(took), None, "ms")
    for name, path in (
        ("Today", "/today"),
        ("the list of all", "/sessions"),
        ("its last page", f"/sessions?from={sessions - 40}"),
    ):
        progress(f"opening {name} 20 times")
        listed = [interactive_ms(page, f"{box.address}{path}") for _ in range(20)]
        yield from percentiles(f"{sessions:,} sessions, {name}", listed, 1000)
    context.close()


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
    for _ in range(10):
        gesture = {"x": 195, "y": 500, "yDistance": -3000, "speed": 4000, "gestureSourceType": "touch"}
        slower.send("Input.synthesizeScrollGesture", gesture)
    frames = sorted(page.evaluate("window.frames_ms"))
    assert page.evaluate("window.scrollY") > 10_000
    yield Figure("scrolling it on a phone 4 times slower, frame p95", frames[len(frames) * 95 // 100], 50, "ms")
    yield Figure("the same, slowest frame", frames[-1], None, "ms")
    context.close()


@contextmanager
def signed_client(box: WebBox) -> Iterator[httpx2.Client]:
    headers = {"origin": box.address, "accept-encoding": "gzip"}
    with httpx2.Client(base_url=box.address, verify=False, timeout=60, headers=headers) as client:
        (account,) = box.vaults.accounts()
        client.post("/signin", data={"person": account.vault_id, "passphrase": PASSPHRASE})
        yield client
