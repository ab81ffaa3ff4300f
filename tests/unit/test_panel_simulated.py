import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recorder_process import LineClient
from support.waiting import wait_until

from firmware.light import Levels
from firmware.panel import PanelPins
from firmware.panel_simulated import SimulatedPanel

PINS = PanelPins(button=17, red=27, green=22, heartbeat=23)


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="tacet"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def panel(folder: Path) -> Iterator[SimulatedPanel]:
    panel = SimulatedPanel(PINS, folder / "panel.sock")
    yield panel
    panel.close()


@pytest.fixture
def page(panel: SimulatedPanel, folder: Path) -> Iterator[LineClient]:
    page = LineClient(folder / "panel.sock")
    wait_until(lambda: page.lines)
    yield page
    page.close()


@pytest.fixture
def other_page(panel: SimulatedPanel, folder: Path) -> Iterator[LineClient]:
    page = LineClient(folder / "panel.sock")
    wait_until(lambda: page.lines)
    yield page
    page.close()


def test_simulated__page_connects__sees_the_pins_at_once(page: LineClient) -> None:
    assert page.lines == [{"red": False, "green": False, "heartbeat": 0}]


def test_simulated__pins_change__every_page_sees_each_change(
    panel: SimulatedPanel, page: LineClient, other_page: LineClient
) -> None:
    panel.show(Levels(red=True, green=False))
    panel.beat()
    panel.show(Levels(red=False, green=True))
    expected = [
        {"red": False, "green": False, "heartbeat": 0},
        {"red": True, "green": False, "heartbeat": 0},
        {"red": True, "green": False, "heartbeat": 1},
        {"red": False, "green": True, "heartbeat": 1},
    ]
    wait_until(lambda: page.lines == expected and other_page.lines == expected)


def test_simulated__click_of_no_duration__lasts_as_long_as_a_finger_needs(
    panel: SimulatedPanel, page: LineClient
) -> None:
    edges: list[tuple[bool, float]] = []
    panel.watch_button(lambda down: edges.append((down, time.monotonic())))
    page.send({"button": "press"})
    page.send({"button": "release"})
    wait_until(lambda: len(edges) == 2)
    assert [down for down, _ in edges] == [True, False]
    assert edges[1][1] - edges[0][1] >= 0.075


def test_simulated__click_whose_first_edge_is_told_late__lasts_as_long_as_a_finger_needs(
    panel: SimulatedPanel, page: LineClient
) -> None:
    told_at_s: list[float] = []

    def held_up(down: bool) -> None:  # noqa: FBT001  the port's callback has one argument
        if down:
            time.sleep(0.1)  # as a thread that waits for a core, before the recorder's clock is read
        told_at_s.append(time.monotonic())

    panel.watch_button(held_up)
    page.send({"button": "press"})
    page.send({"button": "release"})
    wait_until(lambda: len(told_at_s) == 2, 60)
    assert told_at_s[1] - told_at_s[0] >= 0.075


def test_simulated__two_fingers__let_go_when_both_have(
    panel: SimulatedPanel, page: LineClient, other_page: LineClient
) -> None:
    page.send({"button": "press"})
    wait_until(panel.button_is_down)
    other_page.send({"button": "press"})
    page.send({"button": "release"})
    time.sleep(0.2)
    assert panel.button_is_down()
    other_page.send({"button": "release"})
    wait_until(lambda: not panel.button_is_down())


def test_simulated__page_is_closed_while_pressing__has_let_go(panel: SimulatedPanel, folder: Path) -> None:
    page = LineClient(folder / "panel.sock")
    page.send({"button": "press"})
    wait_until(panel.button_is_down)
    page.close()
    wait_until(lambda: not panel.button_is_down())


def test_simulated__release_without_a_press__means_nothing(panel: SimulatedPanel, page: LineClient) -> None:
    edges: list[bool] = []
    panel.watch_button(edges.append)
    page.send({"button": "release"})
    page.send({"button": "press"})
    wait_until(lambda: edges == [True])


def test_simulated__nonsense__is_passed_over(panel: SimulatedPanel, page: LineClient) -> None:
    page.send({"button": "twist"})
    page.send({})
    page._socket.sendall(b"\xff\n[1]\n")
    page.send({"button": "press"})
    wait_until(panel.button_is_down)
