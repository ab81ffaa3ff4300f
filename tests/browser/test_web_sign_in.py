import re

from playwright.sync_api import Page, expect
from support.chromium import sign_in
from support.web_box import PASSPHRASE, WebBox


def test_sign_in__wrong_then_right__opens_the_vault(page: Page, box: WebBox) -> None:
    vault = box.new_person()
    box.vaults.lock(vault.account.vault_id)
    page.goto("/")
    page.get_by_label("Passphrase", exact=True).fill("not it at all")
    page.keyboard.press("Enter")
    expect(page.get_by_text("does not open this vault")).to_be_visible()
    expect(page.get_by_label("Passphrase", exact=True)).to_be_focused()
    assert box.vaults.unlocked() == []
    page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    assert len(box.vaults.unlocked()) == 1


def test_sign_in__two_people__opens_the_one_chosen(page: Page, box: WebBox) -> None:
    ada, jonas = box.new_person(), box.new_person("Jonas Brandt")
    box.vaults.lock_all()
    page.goto("/signin")
    page.get_by_label("Jonas Brandt").check()
    page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    page.get_by_role("button", name="Open my vault").click()
    page.wait_for_url("**/today")
    assert box.vaults.get(jonas.account.vault_id) is not None
    assert box.vaults.get(ada.account.vault_id) is None


def test_lock__drops_the_keys_and_takes_every_open_page_along(page: Page, box: WebBox) -> None:
    box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    other_tab = page.context.new_page()
    other_tab.goto("/trust")
    page.get_by_role("button", name="Lock").click()
    expect(page.get_by_text("The keys are out of memory.")).to_be_visible()
    assert box.vaults.unlocked() == []
    expect(other_tab).to_have_url(re.compile("/signin"))
    page.go_back()
    expect(page.get_by_label("Passphrase", exact=True)).to_be_visible()


def test_sign_in__over_after_a_while__the_page_leaves_by_itself(page: Page, box: WebBox) -> None:
    vault = box.new_person()
    sign_in(page, box.address, PASSPHRASE)
    (begun,) = box.app.state.desk.sign_ins._by_digest.values()
    begun.seen_s -= 16 * 60
    box.recorder.changes.notify()
    expect(page.get_by_text("You were signed out after a while")).to_be_visible(timeout=10_000)
    assert box.vaults.get(vault.account.vault_id) is not None  # transcription goes on
