"""The picture of the box in a real browser, pressing the button of a real recorder on simulated pins."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from support.ports import free_port
from support.sound import noise, write_wav
from support.waiting import wait_until

from firmware.status import BoxState, BoxStatus, Prepare, Stop, encode
from tacet.settings import write_settings

AXE = Path(__file__).resolve().parents[2] / "app/web/assets/node_modules/axe-core/axe.min.js"
LIT = re.compile(r"\blit\b")
LET_GO = "Let go to stop, or hold on to withdraw"
READY = "Press the button to give consent and record."


@dataclass(frozen=True)
class Box:
    """A recorder process on simulated pins, and the process that draws it."""

    run_dir: Path
    url: str

    def status(self, wanted: BoxState | None = None) -> BoxStatus:
        """Wait for the box to be in a state; the next status where none is named."""
        with self._recorder() as (_, statuses):
            return next(status for status in statuses if wanted in {None, status.state})

    def prepare(self) -> None:
        """Give the recorder somebody to seal for, as the app does after set-up."""
        public_key = X25519PrivateKey.generate().public_key().public_bytes_raw()
        with self._recorder() as (recorder, statuses):
            recorder.sendall(encode(Prepare(public_key=public_key.hex())))
            next(status for status in statuses if status.state is BoxState.READY)

    def stop(self) -> None:
        """End what a test has begun."""
        with self._recorder() as (recorder, statuses):
            recorder.sendall(encode(Stop()))
            next(status for status in statuses if status.state is BoxState.READY)

    @contextmanager
    def _recorder(self) -> Iterator[tuple[socket.socket, Iterator[BoxStatus]]]:
        """Blocking, since a browser's event loop already runs in this thread."""
        with socket.socket(socket.AF_UNIX) as recorder:
            recorder.connect(str(self.run_dir / "recorder.sock"))
            with recorder.makefile("rb") as lines:
                yield recorder, in_time(BoxStatus.model_validate_json(line) for line in lines)


def in_time(statuses: Iterator[BoxStatus]) -> Iterator[BoxStatus]:
    """Fail where it takes longer; a recorder tells something every half second."""
    end_s = time.monotonic() + 60
    for status in statuses:
        yield status
        assert time.monotonic() < end_s, f"the box stays {status.state}"


@contextmanager
def tacet(*arguments: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "tacet", *arguments])
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(10) == 0


@pytest.fixture(scope="module")
def running_box() -> Iterator[Box]:
    with TemporaryDirectory() as folder:
        data_dir = Path(folder)
        sound = write_wav(data_dir / "room.wav", noise(60 * 16_000))
        recorder = {"panel": "simulated", "microphone": "file", "audio_file": sound, "min_free_hours": 0.01}
        config = data_dir / "tacet.toml"
        write_settings(config, {"data_dir": data_dir, "run_dir": data_dir, "recorder": recorder})
        port = free_port()
        picture = ("--run-dir", folder, "--port", str(port), "--review-url", "https://localhost:1", "--room", "A room.")
        with tacet("recorder", "--config", str(config)), tacet("simulator", *picture):
            box = Box(data_dir, f"http://127.0.0.1:{port}")
            wait_until((data_dir / "recorder.sock").exists, 20)
            box.prepare()
            yield box


@pytest.fixture
def box(running_box: Box, page: Page) -> Iterator[Box]:
    """Give the box, ready; and leave it so."""
    page.goto(running_box.url)
    expect(lines(page)).to_have_text(READY)
    yield running_box
    running_box.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(has_touch=True)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def lines(page: Page) -> Locator:
    return page.locator("#lines")


def shows(page: Page, word: str, *, red: bool, green: bool) -> None:
    expect(page.locator("#word")).to_have_text(word)
    for lamp, lit in (("#red", red), ("#green", green)):
        expectation = expect(page.locator(lamp))
        expectation.to_have_class(LIT) if lit else expectation.not_to_have_class(LIT)


def test_mouse__press_then_hold__red_while_recording_and_green_when_stopped(box: Box, page: Page) -> None:
    shows(page, "Ready", red=False, green=True)
    page.locator("#button").click()
    shows(page, "Recording", red=True, green=False)
    expect(page.locator("#elapsed")).to_have_text("0:01")
    expect(page.locator("#level .on")).not_to_have_count(0)

    page.locator("#button").hover()
    page.mouse.down()
    expect(page.locator("#hint")).to_have_text("Hold to stop")
    expect(page.locator("#button")).to_have_class(re.compile("holding"))
    expect(page.locator("#hint")).to_have_text(LET_GO)
    page.mouse.up()
    shows(page, "Ready", red=False, green=True)
    expect(page.locator("#hint")).to_have_text("")
    status = box.status(BoxState.READY)
    assert status.samples_in == status.samples_sealed > 0


def test_keyboard__space_enter_and_a_held_space__record_pause_and_stop(box: Box, page: Page) -> None:
    page.locator("#button").focus()
    page.keyboard.press("Space")
    shows(page, "Recording", red=True, green=False)
    page.keyboard.press("Enter")
    expect(page.locator("#word")).to_have_text("Off the record")
    page.keyboard.down("Space")
    page.keyboard.down("Space")  # a held key repeats
    expect(page.locator("#hint")).to_have_text(LET_GO)
    page.keyboard.up("Space")
    shows(page, "Ready", red=False, green=True)
    box.status(BoxState.READY)


def test_mouse__held_for_six_seconds_then_pressed__withdraws(box: Box, page: Page) -> None:
    page.locator("#button").click()
    shows(page, "Recording", red=True, green=False)
    page.locator("#button").hover()
    page.mouse.down()
    expect(page.locator("#word")).to_have_text("Erase this session?", timeout=10_000)
    expect(page.locator("#hint")).to_have_text("Let go of the button.")
    page.mouse.up()
    expect(lines(page)).to_have_text([re.compile("short press within five seconds erases")])
    page.locator("#button").click(delay=100)
    shows(page, "Ready", red=False, green=True)
    assert box.status(BoxState.READY).receipt_id is not None


def test_touch__a_tap__records(box: Box, page: Page) -> None:
    page.locator("#button").tap()
    shows(page, "Recording", red=True, green=False)
    box.status(BoxState.RECORDING)


def test_lamps__off_the_record__red_blinks_and_green_stays(box: Box, page: Page) -> None:
    page.locator("#button").click()
    box.status(BoxState.RECORDING)
    page.locator("#button").click()
    shows(page, "Off the record", red=True, green=True)
    shows(page, "Off the record", red=False, green=True)
    shows(page, "Off the record", red=True, green=True)


def test_lamps__off_the_record_where_motion_is_unwelcome__stand_still(box: Box, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.locator("#button").click()
    box.status(BoxState.RECORDING)
    page.locator("#button").click()
    expect(page.locator("#red")).to_have_class(re.compile("blinking"))
    seen = page.evaluate(
        """async () => {
            const seen = new Set();
            for (let look = 0; look < 30; look++) {
                seen.add(document.getElementById("red").getAttribute("class"));
                await new Promise((go) => setTimeout(go, 50));
            }
            return [...seen];
        }"""
    )
    assert seen == ["lamp red lit blinking"]


@pytest.mark.parametrize("leaves", ["blur", "pagehide"])
def test_window__left_while_the_button_is_held__lets_go_before_it_stops(box: Box, page: Page, leaves: str) -> None:
    page.locator("#button").click()
    box.status(BoxState.RECORDING)
    page.locator("#button").hover()
    page.mouse.down()
    page.evaluate("(leaves) => dispatchEvent(new Event(leaves))", leaves)
    shows(page, "Off the record", red=False, green=True)
    page.wait_for_timeout(2500)
    assert box.status().state is BoxState.PAUSED
    page.mouse.up()


def test_page__closed_while_the_button_is_held__lets_go_before_it_stops(box: Box, page: Page) -> None:
    page.locator("#button").click()
    box.status(BoxState.RECORDING)
    page.locator("#button").hover()
    page.mouse.down()
    page.close()
    assert box.status(BoxState.PAUSED).session_id


def test_another_web_page__asks_for_a_press__changes_nothing(
    box: Box, page: Page, context: BrowserContext, tmp_path: Path
) -> None:
    with page.expect_request("**/press") as pressed:
        page.locator("#button").click()
    box.status(BoxState.RECORDING)
    with another_site(tmp_path) as url:
        for mode in ("no-cors", "cors", "form", "beacon"):
            evil = context.new_page()
            evil.goto(url)
            evil.evaluate(
                """async ([address, mode]) => {
                    if (mode === "beacon") return navigator.sendBeacon(address);
                    if (mode !== "form") return fetch(address, { method: "POST", mode }).then(() => 0, () => 0);
                    const form = Object.assign(document.createElement("form"), { method: "post", action: address });
                    document.body.append(form);
                    form.submit();
                }""",
                [pressed.value.url, mode],
            )
        evil.wait_for_timeout(2500)  # a hand on the button would have stopped the recording by now
    assert box.status().state is BoxState.RECORDING


@contextmanager
def another_site(folder: Path) -> Iterator[str]:
    (folder / "index.html").write_text("<!doctype html><title>Another site</title>")

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()
        serving.join()


def test_picture__loads_and_is_used__without_foreign_requests_or_complaints(box: Box, page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(box.url)
    page.locator("#button").click()
    shows(page, "Recording", red=True, green=False)
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith(f"{box.url}/")] == []
    assert complaints == []


def test_picture__axe_looks_at_it_light_and_dark__finds_nothing(box: Box, page: Page) -> None:
    page.locator("#button").click()
    shows(page, "Recording", red=True, green=False)
    page.evaluate(AXE.read_text("utf-8"))
    look = "axe.run().then((found) => found.violations.map((wrong) => [wrong.id, wrong.nodes[0].html]))"
    page.emulate_media(color_scheme="light")
    assert page.evaluate(look) == []
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(look) == []
