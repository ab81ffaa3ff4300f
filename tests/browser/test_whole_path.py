"""The first paragraph of the README, by one person in one browser, on real parts."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect
from support.chromium import chromium, words_of
from support.demo_sound import CHANNELS, RATE_HZ, demo_pcm, demo_words
from support.ports import free_port
from support.pulse import PulseMicrophone, missing_programs
from support.waiting import wait_until
from support.words import word_error_rate

PASSPHRASE = "slow green river stone"
HEARD_S = 36


class RunningBox:
    """`tacet run --simulate --mic` in a folder of its own, hearing a virtual microphone."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.page_port, self.box_port = free_port(), free_port()
        self.log = folder / "log"
        places = ("--data", str(folder / "box"), "--host", "127.0.0.1", "--channels", str(CHANNELS))
        ports = ("--port", str(self.page_port), "--box-port", str(self.box_port))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tacet", "run", "--simulate", "--mic", *places, *ports],
                env=os.environ | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: b"The box is running" in self.log.read_bytes(), 60, "for the box")

    @property
    def page(self) -> str:
        return f"https://localhost:{self.page_port}"

    @property
    def picture(self) -> str:
        return f"http://127.0.0.1:{self.box_port}"

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, for sockets."""
    path = Path(tempfile.mkdtemp(prefix="tp-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def context() -> Iterator[BrowserContext]:
    with chromium() as browser:
        yield browser.new_context(ignore_https_errors=True, accept_downloads=True)


def room_noise(path: Path) -> Path:
    """A quiet room, longer than the test: a microphone that hears nothing but zeros is taken for dead."""
    rng = np.random.default_rng(4)
    path.write_bytes(rng.integers(-8, 9, 300 * RATE_HZ * CHANNELS).astype("<i2").tobytes())
    return path


def set_up(page: Page, address: str, console: str) -> None:
    page.goto(address)
    code = re.search(r"code ([0-9A-Z]{4}-[0-9A-Z]{4})", console)
    assert code
    page.get_by_label("Code of this box").fill(code[1])
    page.get_by_label("Your name").fill("Dr. Ada Example")
    page.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    page.get_by_label("The passphrase again").fill(PASSPHRASE)
    page.get_by_role("button", name="Set up").click()
    page.wait_for_url("**/setup/recovery-code")
    groups = page.locator("ol.code li").evaluate_all("items => items.map(item => item.lastChild.textContent.trim())")
    asked = re.search(r"type group (\d+)", page.content())
    assert asked
    page.locator("#group").fill(groups[int(asked[1]) - 1])
    page.get_by_role("button", name="I have kept it").click()
    page.wait_for_url("**/today")


def record(picture: Page, microphone: PulseMicrophone, spoken: Path) -> None:
    """Press, speak, hold."""
    button = picture.locator("#button")
    expect(picture.locator("#word")).to_have_text("Ready", timeout=15_000)
    button.click(delay=150)
    expect(picture.locator("#word")).to_have_text("Recording")
    microphone.play(spoken)
    button.click(delay=2300)
    expect(picture.locator("#word")).to_have_text("Ready")


def read(page: Page) -> None:
    expect(page.locator("main")).to_contain_text("Draft", timeout=90_000)
    page.locator("main a[href^='/sessions/']").first.click()
    expect(page.locator("#transcript")).to_contain_text("red light is on")
    said = page.locator(".said").all_text_contents()  # a line out of sight is not drawn yet, and has no inner text
    heard = " ".join(" ".join(said).split())
    assert word_error_rate(demo_words()[: len(heard)], heard) < 0.25  # the reference is cut by length
    voices = {line.get_attribute("data-voice") for line in page.locator("[data-line]").all()}
    assert {"1", "2"} <= voices


def try_to_export_a_draft(page: Page, address: str) -> None:
    refused = page.request.post(f"{page.url}/export", headers={"Origin": address})
    assert refused.status >= 400
    assert "approve" in refused.text().lower()


def hear_a_word(page: Page) -> None:
    line = page.locator("[data-line]", has_text=re.compile(r"\bred\b")).first
    red = words_of(line).filter(has_text=re.compile("^red$")).first
    red.click()
    starts_s = int(red.get_attribute("data-t") or "0") / 1000
    page.wait_for_function("s => Math.abs(document.querySelector('audio').currentTime - s) < 2.5", arg=starts_s)
    page.wait_for_function("!document.querySelector('audio').paused")


def edit(page: Page) -> None:
    page.locator("[data-line]", has_text="red light is on").locator("a.edit").click()
    page.locator("#transcript textarea").fill("The red lamp is on, as we agreed. Do you still want that?")
    page.locator("#transcript").get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#transcript")).to_contain_text("The red lamp is on")
    expect(page.locator("#transcript")).to_contain_text("Changed by Dr. Ada Example")


def settle_the_note(page: Page) -> None:
    """Accept what the edit left without its source, until nothing is flagged."""
    page.reload()
    expect(page.locator("#slot-note .note-label")).to_contain_text("extractive drafter")
    accept = page.get_by_role("button", name="Accept under my name")
    while waiting := accept.count():
        accept.first.click()
        expect(accept).to_have_count(waiting - 1)


def approve_and_export(page: Page) -> str:
    page.get_by_label(re.compile("I have checked this transcript")).check()
    page.get_by_role("button", name="Approve").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as text").click()
    return Path(download.value.path()).read_text()


@pytest.mark.timeout(240)
def test_the_whole_path__press_speak_stop_read_edit_approve_export(folder: Path, context: BrowserContext) -> None:
    if missing := missing_programs():
        pytest.fail(f"{missing}; `make test` installs it")
    spoken = folder / "spoken.raw"
    spoken.write_bytes(demo_pcm(0, HEARD_S))
    with ExitStack() as stack:
        microphone = stack.enter_context(PulseMicrophone(folder / "pulse", RATE_HZ, CHANNELS))
        stack.enter_context(microphone.playing(room_noise(folder / "room.raw")))
        box = RunningBox(folder, microphone.environment)
        stack.callback(box.process.wait)
        stack.callback(box.process.kill)
        page, picture = context.new_page(), context.new_page()
        complaints: list[str] = []
        for watched in (page, picture):
            watched.on("console", lambda message: complaints.append(message.text))
            watched.on("pageerror", lambda error: complaints.append(str(error)))
        set_up(page, box.page, box.log.read_text())
        picture.goto(box.picture)
        record(picture, microphone, spoken)
        read(page)
        try_to_export_a_draft(page, box.page)
        hear_a_word(page)
        edit(page)
        settle_the_note(page)
        text = approve_and_export(page)
        assert "The red lamp is on, as we agreed." in text
        assert "Dr. Ada Example" in text
        assert box.end() == 0
        assert "as we agreed" not in box.log.read_text()
        assert "Traceback" not in box.log.read_text()
        assert complaints == []
