from pathlib import Path

import pytest
from support.fake_gpiod import FakeGpio

from firmware.panel import PanelMissing, PanelPins
from firmware.panel_jetson import open_jetson_panel

PINS = PanelPins(button=17, red=27, green=22, heartbeat=23)
NANO, AGX = "nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0", "nvidia,p3737-0000+p3701-0005\0nvidia,tegra234\0"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    for name in ("gpiochip0", "gpiochip1"):
        (tmp_path / name).touch()
    return tmp_path / "compatible"


def gpio_of(board: Path, *, main: tuple[str, ...], always_on: tuple[str, ...] = ()) -> FakeGpio:
    return FakeGpio({str(board.parent / "gpiochip0"): always_on, str(board.parent / "gpiochip1"): main})


def test_jetson__agx_with_lines_on_two_chips__finds_each(board: Path) -> None:
    board.write_text(AGX)
    gpio = gpio_of(board, main=("PH.00", "PR.00", "PN.01"), always_on=("PAA.00", "PBB.01"))
    with gpio.installed():
        panel = open_jetson_panel(PanelPins(button=24, red=27, green=22, heartbeat=23), board, board.parent)
        panel.beat()
        assert gpio.wire("PBB.01").high
        panel.close()


def test_jetson__agx_with_the_button_on_the_pin_that_only_lets_out__says_where_to_wire_it(board: Path) -> None:
    board.write_text(AGX)
    with pytest.raises(PanelMissing, match="pin 18"):
        open_jetson_panel(PINS, board, board.parent)


def test_jetson__another_machine__says_so(board: Path) -> None:
    for content in ("raspberrypi,5-model-b\0brcm,bcm2712\0", None):
        board.unlink(missing_ok=True)
        if content is not None:
            board.write_text(content)
        with pytest.raises(PanelMissing, match="not a Jetson Orin"):
            open_jetson_panel(PINS, board, board.parent)


def test_jetson__pin_that_is_no_gpio__is_named(board: Path) -> None:
    board.write_text(NANO)
    with pytest.raises(PanelMissing, match="Pin 2 "):
        open_jetson_panel(PanelPins(button=2, red=27, green=22, heartbeat=23), board, board.parent)


def test_jetson__line_held_by_somebody_else__lets_go_of_all_others(board: Path) -> None:
    board.write_text(NANO)
    gpio = gpio_of(board, main=("PR.04", "PY.00", "PN.01", "PY.04"))
    with gpio.installed():
        first = open_jetson_panel(PINS, board, board.parent)
        with pytest.raises(PanelMissing, match="group gpio"):
            open_jetson_panel(PanelPins(button=17, red=5, green=22, heartbeat=23), board, board.parent)
        first.close()
        assert all(gpio.wire(name).request is None for name in ("PR.04", "PY.00", "PN.01", "PY.04"))
        open_jetson_panel(PINS, board, board.parent).close()


def test_jetson__lines_not_there__says_what_to_check(board: Path) -> None:
    board.write_text(NANO)
    gpio = gpio_of(board, main=("PR.04",))
    with gpio.installed(), pytest.raises(PanelMissing, match="jetson-io"):
        open_jetson_panel(PINS, board, board.parent)
    assert gpio.wire("PR.04").request is None


def test_jetson__closed__leaves_the_lamps_dark(board: Path) -> None:
    board.write_text(NANO)
    gpio = gpio_of(board, main=("PR.04", "PY.00", "PN.01", "PY.04"))
    with gpio.installed():
        panel = open_jetson_panel(PINS, board, board.parent)
        panel.show(panel.shown()._replace(red=True, green=True))
        assert (gpio.wire("PY.00").high, gpio.wire("PN.01").high) == (True, True)
        panel.close()
    assert (gpio.wire("PY.00").high, gpio.wire("PN.01").high) == (False, False)
