import re

from playwright.sync_api import Page, expect
from support.web_box import NAME, PASSPHRASE, WebBox


def fill_setup(page: Page, box: WebBox, passphrase: str = PASSPHRASE, again: str = PASSPHRASE) -> None:
    page.get_by_label("Code of this box").fill(box.setup_code.lower())
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Passphrase", exact=True).fill(passphrase)
    page.get_by_label("The passphrase again").fill(again)
    page.get_by_role("button", name="Set up").click()


def groups(page: Page) -> list[str]:
    expect(page.locator(".code li").first).to_be_visible()  # the page comes when the passphrase was hashed
    return [text[-4:] for text in page.locator(".code li").all_inner_texts()]  # a number stands before each


def confirm(page: Page) -> list[str]:
    """Type the group back that the page asks for; give the whole code."""
    code = groups(page)
    asked = re.search(r"group (\d+)", page.locator("label[for=group]").inner_text())
    assert asked
    page.get_by_label("From your paper").fill(code[int(asked[1]) - 1].lower())
    page.get_by_role("button", name="I have kept it").click()
    return code


def test_first_run__name_passphrase_code__ends_on_today(page: Page, box: WebBox) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/setup$"))
    fill_setup(page, box)
    expect(page.get_by_role("heading", name="Your recovery code")).to_be_visible()
    confirm(page)
    expect(page.get_by_text("Nothing has been recorded yet.")).to_be_visible()
    assert [account.name for account in box.vaults.accounts()] == [NAME]


def test_first_run__passphrases_differ__says_so_and_keeps_the_name(page: Page, box: WebBox) -> None:
    page.goto("/setup")
    fill_setup(page, box, again="something else here")
    expect(page.get_by_text("The two passphrases differ")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_value(NAME)
    expect(page.get_by_label("Passphrase", exact=True)).to_be_focused()
    assert box.vaults.accounts() == []


def test_first_run__short_passphrase__is_refused_in_a_sentence(page: Page, box: WebBox) -> None:
    page.goto("/setup")
    fill_setup(page, box, "short", "short")
    expect(page.get_by_text("at least 12 characters")).to_be_visible()
    assert box.vaults.accounts() == []


def test_recovery_code__wrong_group__is_asked_again(page: Page, box: WebBox) -> None:
    page.goto("/setup")
    fill_setup(page, box)
    before = groups(page)
    page.get_by_label("From your paper").fill("WRON")
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text("That is not group")).to_be_visible()
    assert groups(page) == before
    page.goto("/today")
    expect(page.get_by_role("heading", name="Your recovery code")).to_be_visible()


def test_recovery_code__on_paper__is_whole_and_alone(page: Page, box: WebBox) -> None:
    page.goto("/setup")
    fill_setup(page, box)
    page.emulate_media(media="print")
    expect(page.locator(".code li").last).to_be_visible()
    expect(page.get_by_text(f"Recovery code of {NAME}")).to_be_visible()
    expect(page.get_by_role("button", name="I have kept it")).to_be_hidden()
    expect(page.locator(".nav")).to_be_hidden()


def test_lost_passphrase__recovery_code__opens_the_vault_with_a_new_one(page: Page, box: WebBox) -> None:
    page.goto("/setup")
    fill_setup(page, box)
    code = confirm(page)
    page.get_by_role("button", name="Lock").click()
    page.get_by_role("link", name="I have lost the passphrase").click()
    page.get_by_label("Recovery code").fill("no such code")
    page.get_by_label("New passphrase", exact=True).fill("a quite new passphrase")
    page.get_by_label("The new passphrase again").fill("a quite new passphrase")
    page.get_by_role("button", name="Open my vault").click()
    expect(page.locator(".problem")).to_be_visible()
    page.get_by_label("Recovery code").fill(" ".join(code))
    page.get_by_label("New passphrase", exact=True).fill("a quite new passphrase")
    page.get_by_label("The new passphrase again").fill("a quite new passphrase")
    page.get_by_role("button", name="Open my vault").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def test_passphrase__shown_on_request__in_both_fields(page: Page, box: WebBox) -> None:
    page.goto("/setup")
    page.get_by_label("Show what I type").check()
    for label in ("Passphrase", "The passphrase again"):
        expect(page.get_by_label(label, exact=True)).to_have_attribute("type", "text")
