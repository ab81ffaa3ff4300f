"""Passkeys in Chromium, with a virtual authenticator over its own protocol. The browser trusts the box's authority."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import BrowserContext, CDPSession, Page, sync_playwright
from support.chromium import CHROMIUM, FLAGS
from support.web_box import PASSPHRASE, WebBox

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[WebBox]:
    box = WebBox(tmp_path / "box")
    box.new_person()
    box.start()
    try:
        yield box
    finally:
        box.close()


@pytest.fixture
def context(box: WebBox, tmp_path: Path) -> Iterator[BrowserContext]:
    """Without a trusted certificate there is no WebAuthn, so it is trusted: by its key, for want of a trust store."""
    certificate = x509.load_pem_x509_certificate((box.settings.data_dir / "tls/cert.pem").read_bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    trusted = f"--ignore-certificate-errors-spki-list={b64encode(sha256(key).digest()).decode()}"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=str(CHROMIUM), args=[*FLAGS, trusted]
        )
        try:
            yield context
        finally:
            context.close()


def open_vault(page: Page, box: WebBox) -> None:
    page.goto(f"https://localhost:{box.port}/signin")
    page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    page.get_by_role("button", name="Open my vault").click()


def authenticator(page: Page) -> tuple[CDPSession, str]:
    protocol = page.context.new_cdp_session(page)
    protocol.send("WebAuthn.enable")
    made = protocol.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return protocol, made["authenticatorId"]


def test_passkey__made_and_used__opens_the_vault_and_nothing_else_does(box: WebBox, context: BrowserContext) -> None:
    page = context.new_page()
    protocol, device = authenticator(page)
    open_vault(page, box)
    page.wait_for_url("**/today")
    page.goto(f"https://localhost:{box.port}/account/second-step")
    page.get_by_text("Add a passkey").first.click()
    page.locator("#passphrase-passkey").fill(PASSPHRASE)
    page.locator("#passphrase-passkey").press("Enter")
    page.get_by_label("What to call it").fill("My laptop")
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_text("The passkey is kept").wait_for()
    assert page.get_by_text("My laptop").count()
    assert len(protocol.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1
    page.get_by_role("button", name="Lock").click()
    page.wait_for_url("**/signin?why=locked")

    open_vault(page, box)
    page.wait_for_url("**/signin/second")
    assert box.vaults.unlocked() == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/today")
    page.get_by_role("button", name="Lock").click()
    page.wait_for_url("**/signin?why=locked")

    protocol.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": device})
    protocol.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})  # another one, without the passkey
    open_vault(page, box)
    page.wait_for_url("**/signin/second")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("The browser gave no passkey").wait_for()
    assert box.vaults.unlocked() == []
