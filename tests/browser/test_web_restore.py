"""A box that takes the place of another one: its first page leads to the backup on a stick, and that to the sign-in."""

import re
import threading
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, expect
from support.axe import findings
from support.backed_up_box import box as backed_up_box
from support.restore_offers import OFFER
from support.web_box import WebBox

from app.put_back import take_in
from app.restore_state import RestoreState, Stage, keep_restore_state
from tacet.backup.awaiting import Awaiting
from tacet.backup.copying import back_up
from tacet.backup.found import Sticks
from tacet.backup.repository import Repository


def check(page: Page) -> None:
    for size in ({"width": 320, "height": 640}, {"width": 1440, "height": 900}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert findings(page) == [], scheme
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_restore__from_the_first_page__ends_on_the_sign_in(page: Page, box: WebBox, tmp_path: Path) -> None:
    with backed_up_box(tmp_path / "old"):
        pass
    back_up(tmp_path / "old", Repository(tmp_path / "media/sda1", "tacet-room-3"), datetime(2026, 11, 26, tzinfo=UTC))
    process = Awaiting(box.settings.data_dir, Sticks(tmp_path / "media", None), "0.1.0", threading.Event())
    keep_restore_state(box.settings.data_dir, RestoreState())
    page.goto("/setup")
    page.get_by_role("link", name="Put a backup of it back").click()
    expect(page.get_by_text("Plug the USB stick with the backup into the box.")).to_be_visible()
    process.look()
    expect(page.get_by_text("tacet-room-3")).to_be_visible()  # by itself
    page.get_by_label("Code of this box").fill("0000-0000")
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_text("That is not the code of this box")).to_be_visible()
    page.get_by_label("Code of this box").fill(box.setup_code.lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("About to begin.")).to_be_visible()
    process.look()
    expect(page.get_by_text("every file was checked")).to_be_visible()
    take_in(box.settings.data_dir)
    expect(page).to_have_url(re.compile("/signin$"))
    expect(page.get_by_text("Dr. Ada Example")).to_be_visible()


def test_restore__in_every_state__is_for_everybody(page: Page, box: WebBox) -> None:
    states = (
        RestoreState(),
        RestoreState(offers=(OFFER,), problem="The storage refused. Nothing was put in place."),
        RestoreState(stage=Stage.COPYING, chosen=OFFER, done=120, of=612),
        RestoreState(stage=Stage.READY, chosen=OFFER),
    )
    page.goto("/restore")
    expect(page.get_by_text("does not look for backups by itself")).to_be_visible()
    check(page)
    for state in states:
        keep_restore_state(box.settings.data_dir, state)
        page.goto("/restore")
        check(page)
