"""A Raspberry Pi's panel: gpiozero on the kernel's GPIO lines, of whichever chip leads to the header."""

from collections.abc import Iterator
from pathlib import Path

import gpiod
import pytest
from gpiod.line import Bias, Direction, Edge
from support.fake_gpiod import FakeGpio

from firmware.panel import PanelMissing, PanelPins
from firmware.panel_gpio import open_pi_panel

PINS = PanelPins(button=17, red=27, green=22, heartbeat=23)
LINES = tuple(f"GPIO{number}" for number in range(28))


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    for name in ("gpiochip0", "gpiochip4"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture(params=["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"])
def gpio(request: pytest.FixtureRequest, devices: Path) -> Iterator[FakeGpio]:
    chips = {str(devices / "gpiochip0"): ("other",), str(devices / "gpiochip4"): LINES}
    fake = FakeGpio(chips, {str(devices / "gpiochip4"): request.param})
    with fake.installed():
        yield fake


def test_pi__each_boards_chip__is_found_by_its_label(gpio: FakeGpio, devices: Path) -> None:
    panel = open_pi_panel(PINS, devices)
    panel.beat()
    assert gpio.wire("GPIO23").high
    panel.close()


def test_pi__its_button__has_the_boards_own_pull_up_and_tells_both_edges(gpio: FakeGpio, devices: Path) -> None:
    panel = open_pi_panel(PINS, devices)
    panel.watch_button(lambda _: None)
    held = gpio.wire("GPIO17").request
    assert held is not None
    asked = held.settings
    assert (asked.direction, asked.bias, asked.edge_detection) == (Direction.INPUT, Bias.PULL_UP, Edge.BOTH)
    panel.close()


def test_pi__closed__leaves_the_lamps_dark_and_lets_go_of_every_line(gpio: FakeGpio, devices: Path) -> None:
    panel = open_pi_panel(PINS, devices)
    panel.watch_button(lambda _: None)
    panel.show(panel.shown()._replace(red=True, green=True))
    assert (gpio.wire("GPIO27").high, gpio.wire("GPIO22").high) == (True, True)
    panel.close()
    assert (gpio.wire("GPIO27").high, gpio.wire("GPIO22").high) == (False, False)
    assert all(gpio.wire(name).request is None for name in LINES)
    open_pi_panel(PINS, devices).close()


def test_pi__a_line_held_by_somebody_else__says_so_and_lets_go_of_the_others(gpio: FakeGpio, devices: Path) -> None:
    somebody = gpiod.request_lines(str(devices / "gpiochip4"), consumer="else", config={22: gpiod.LineSettings()})
    with pytest.raises(PanelMissing, match="group gpio"):
        open_pi_panel(PINS, devices)
    assert [name for name in LINES if gpio.wire(name).request is not None] == ["GPIO22"]
    somebody.release()
    open_pi_panel(PINS, devices).close()


def test_pi__another_machines_chip__is_no_header(devices: Path) -> None:
    fake = FakeGpio({str(devices / name): LINES for name in ("gpiochip0", "gpiochip4")})
    with fake.installed(), pytest.raises(PanelMissing, match='panel = "jetson"'):
        open_pi_panel(PINS, devices)


def test_pi__a_chip_that_may_not_be_opened__says_which_group(devices: Path) -> None:
    with FakeGpio({}).installed(), pytest.raises(PanelMissing, match="group gpio"):
        open_pi_panel(PINS, devices)


def test_pi__a_computer_without_pins__says_that_it_cannot_record(tmp_path: Path) -> None:
    with pytest.raises(PanelMissing, match="no pins for a button"):
        open_pi_panel(PINS, tmp_path)
