"""A served box and a browser for each module; every page is watched for what it should never do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support.chromium import chromium
from support.web_box import WebBox

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
  console.error(`CSP ${event.violatedDirective} ${event.blockedURI}`);
});
"""
NewContext = Callable[..., BrowserContext]


# one a module, as the loop that it runs in this thread would be in the way of other tests' own
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=60_000)  # a machine that does other things as well may take its time
    with chromium() as browser:
        yield browser


@pytest.fixture
def box() -> Iterator[WebBox]:
    with TemporaryDirectory() as folder:
        box = WebBox(Path(folder))
        box.start()
        yield box
        seconds = box.close()
        assert seconds < 3, f"open streams kept the server for {seconds:.1f} s"


@pytest.fixture
def new_context(browser: Browser, box: WebBox) -> Iterator[NewContext]:
    """Gives browsers of their own; none may break the policy, throw, or talk to anybody but the box."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_context(**options: object) -> BrowserContext:
        context = browser.new_context(ignore_https_errors=True, base_url=box.address, **options)  # type: ignore[arg-type]
        context.add_init_script(WATCH)
        context.on("console", lambda message: wrong.append(message.text) if "CSP" in message.text else None)
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        context.on("request", lambda sent: None if sent.url.startswith(box.address) else wrong.append(sent.url))
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(new_context: NewContext) -> Page:
    return new_context().new_page()
