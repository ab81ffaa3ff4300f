"""Whatever people type and machines hear stays text."""

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox
from support.web_sessions import add_session, plain

from app.review import Review

SESSION = "5e" * 16
ATTACKS = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<svg onload=window.hit=1>",
    '"><b hx-get=/lock hx-trigger=load>',
    "' hx-on:click=window.hit=1 x='",
    "{{7*7}}{% raw %}",
    "</textarea><script>window.hit=1</script>",
    "javascript:window.hit=1",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_text__from_person_or_machine__is_shown_and_never_run(page: Page, box: WebBox, attack: str) -> None:
    name = f"Ada {attack}"[:80]
    vault = box.new_person(name)
    add_session(vault, box.tapes_dir, plain(attack, "second"), session_id=SESSION, started_at_ms=1_795_000_000_000)
    vault.sessions.set_state(SESSION, vault.sessions.list()[0].state, attack)
    box.recorder.show(box.recorder.status.state, attack)  # type: ignore[union-attr]
    sign_in(page, box.address, PASSPHRASE)
    expect(page.locator("#box")).to_contain_text(attack)
    page.goto(f"/sessions/{SESSION}")
    expect(page.locator("#line-0 .said")).to_have_text(" ".join(attack.split()))
    page.locator("#line-1").hover()
    page.locator("#line-1").get_by_role("link", name="Edit").click()
    expect(page.get_by_role("textbox")).to_be_focused()
    page.get_by_role("textbox").fill(attack)
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#line-1 .said")).to_have_text(attack)
    page.locator("#line-1").hover()
    page.locator("#line-1").get_by_role("link", name="Edit").click()
    expect(page.get_by_role("textbox")).to_have_value(attack)
    page.reload()
    page.locator("#line-1 summary").click()
    page.get_by_label("I have checked").check()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("heading", name="Approved")).to_be_visible()
    page.goto("/today")
    assert page.evaluate("window.hit") is None
    assert page.evaluate("window.violations") == []
    assert box.vaults.get(vault.account.vault_id) is not None  # no smuggled hx-get has locked it
    assert Review(vault).transcript(SESSION)[1].text == attack


def test_injected_attribute__would_not_run_even_if_it_got_in(browser: Browser, box: WebBox) -> None:
    page = browser.new_page(ignore_https_errors=True)
    page.goto(f"{box.address}/trust")
    page.evaluate(
        """() => { const one = document.createElement("div");
             one.innerHTML = '<img src=x onerror="window.hit=1"><button id=b hx-on:click="window.hit=1">b</button>';
             document.body.append(one); window.htmx.process(one); document.getElementById("b").click(); }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.hit") is None
    page.close()
