"""The picture's own process against the real simulated panel, over real sockets."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support.ports import free_port

from firmware.light import Levels
from firmware.panel import PanelPins
from firmware.panel_simulated import SimulatedPanel
from firmware.status import BoxState, BoxStatus, Light
from firmware.status_server import StatusServer

READY = BoxStatus(state=BoxState.READY, light=Light("off", green=True), microphone="a file")


@dataclass(frozen=True)
class Picture:
    process: subprocess.Popen[str]
    port: int

    def post(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(connection):
            connection.request("POST", path, headers={"Origin": f"http://127.0.0.1:{self.port}"})
            return connection.getresponse().status

    @contextmanager
    def stream(self) -> Iterator[Iterator[tuple[str, Any]]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with closing(connection):
            connection.request("GET", "/events")
            with connection.getresponse() as answer:
                assert answer.status == 200
                yield events(answer)


def events(lines: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        match line.decode().strip().split(": ", 1):
            case ["event", name]:
                pass
            case ["data", told]:
                yield name, json.loads(told)


def hand_in(stream: Iterator[tuple[str, Any]]) -> str:
    name, hand = next(stream)
    assert name == "hand"
    return str(hand)


def scene_where(stream: Iterator[tuple[str, Any]], wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return next(scene for name, scene in stream if name == "scene" and wanted(scene))


def is_on(scene: dict[str, Any]) -> bool:
    return bool(scene["sign"] != "away")


def within_5_s(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def start(run_dir: Path, port: int) -> subprocess.Popen[str]:
    arguments = ["--run-dir", str(run_dir), "--port", str(port), "--review-url", "https://box/", "--room", "A room."]
    return subprocess.Popen(
        [sys.executable, "-m", "tacet", "simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def panel(run_dir: Path) -> Iterator[SimulatedPanel]:
    panel = SimulatedPanel(PanelPins(button=17, red=27, green=22, heartbeat=23), run_dir / "panel.sock")
    status = StatusServer(run_dir / "recorder.sock", lambda _: None)
    status.start(READY)
    yield panel
    status.close()
    panel.close()


@pytest.fixture
def picture(run_dir: Path) -> Iterator[Picture]:
    port = free_port()
    process = start(run_dir, port)
    try:
        assert within_5_s(lambda: answers(port))
        yield Picture(process, port)
    finally:
        process.kill()
        process.communicate()


def test_stream__lamp_lights__tells_the_pins_and_the_words(picture: Picture, panel: SimulatedPanel) -> None:
    with picture.stream() as stream:
        hand_in(stream)
        assert scene_where(stream, is_on)["lines"] == ["Press the button to give consent and record."]
        panel.show(Levels(red=True, green=True))
        assert scene_where(stream, lambda scene: scene["pins"] == {"red": True, "green": True})["word"] == "Ready"


def test_press__by_the_hand_of_an_open_page__moves_the_button(picture: Picture, panel: SimulatedPanel) -> None:
    with picture.stream() as stream:
        hand = hand_in(stream)
        scene_where(stream, is_on)
        assert picture.post(f"/hands/{hand}/press") == 204
        assert within_5_s(panel.button_is_down)
        assert picture.post(f"/hands/{hand}/release") == 204
        assert within_5_s(lambda: not panel.button_is_down())


def test_page__goes_away_while_pressing__lets_go_and_cannot_press_again(
    picture: Picture, panel: SimulatedPanel
) -> None:
    with picture.stream() as stream:
        hand = hand_in(stream)
        scene_where(stream, is_on)
        picture.post(f"/hands/{hand}/press")
        assert within_5_s(panel.button_is_down)
    assert within_5_s(lambda: not panel.button_is_down())
    assert picture.post(f"/hands/{hand}/press") == 409


def test_press__recorder_away__is_refused_and_the_picture_is_dark(picture: Picture) -> None:
    with picture.stream() as stream:
        hand = hand_in(stream)
        scene = scene_where(stream, lambda _: True)
        assert scene["pins"] == {"red": False, "green": False}
        assert scene["word"] == "The box is off"
        assert picture.post(f"/hands/{hand}/press") == 503


@pytest.mark.parametrize(("asked", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_process__asked_to_end_while_a_page_is_open__ends_within_2_s_and_silently(
    picture: Picture, asked: signal.Signals, code: int
) -> None:
    with picture.stream() as stream:
        hand_in(stream)
        picture.process.send_signal(asked)
        assert picture.process.wait(2) == code
    assert picture.process.communicate() == ("", "")


def test_process__port_is_taken__says_so_in_a_sentence(run_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start(run_dir, port)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"port {port}" in said
    assert "choose another" in said
    assert "Traceback" not in said


def test_process__is_reachable_from_this_machine_only(picture: Picture) -> None:
    listening = Path("/proc/net/tcp").read_text("ascii").split("\n")
    addresses = {line.split()[1] for line in listening if f":{picture.port:04X} 00000000:0000" in line}
    assert addresses == {f"0100007F:{picture.port:04X}"}
