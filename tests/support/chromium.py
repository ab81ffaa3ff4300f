"""Debian's Chromium, headless, talking to nobody but the box."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
WORDS_WITHIN_S = 20.0
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def until(page: Page, condition: str, timeout_s: float = 60) -> None:
    """Wait for a JavaScript expression; Playwright's own way would need `eval`, which the page's policy forbids."""
    deadline = time.monotonic() + timeout_s
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"never came true: {condition}"
        page.wait_for_timeout(20)


def words_of(line: Locator) -> Locator:
    """The words of a line, which are elements once a pointer has come to it.

    The pointer comes again where the page's script was not there yet, or the line was drawn anew meanwhile.
    """
    words, deadline_s = line.locator("[data-t]"), time.monotonic() + WORDS_WITHIN_S
    line.locator(".said").hover()
    while not words.count() and time.monotonic() < deadline_s:
        line.page.mouse.move(0, 0)
        line.page.wait_for_timeout(100)
        line.locator(".said").hover()
    return words


def sign_in(page: Page, address: str, passphrase: str) -> None:
    page.goto(f"{address}/signin")
    page.get_by_label("Passphrase", exact=True).fill(passphrase)
    page.get_by_role("button", name="Open my vault").click()
    page.wait_for_url("**/today")
