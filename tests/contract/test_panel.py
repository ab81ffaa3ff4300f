"""Every panel adapter, and the fake that stands for them elsewhere, keeps these promises."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.fake_gpiod import FakeGpio
from support.fake_panel import FakePanel
from support.recorder_process import LineClient
from support.waiting import wait_until

from firmware.light import Levels
from firmware.panel import Panel, PanelPins
from firmware.panel_gpio import GpioPanel, MockPins, open_pi_panel
from firmware.panel_jetson import open_jetson_panel
from firmware.panel_simulated import SimulatedPanel

PINS = PanelPins(button=17, red=27, green=22, heartbeat=23)
DARK = Levels(red=False, green=False)


@dataclass
class Bench:
    """A panel, and the finger and the eye from outside."""

    panel: Panel
    press: Callable[[], None]
    release: Callable[[], None]
    heartbeat: Callable[[], bool]


def _gpio() -> Iterator[Bench]:
    pins = MockPins(PINS)
    panel = GpioPanel(PINS, pins.factory)
    yield Bench(panel, pins.press, pins.release, panel.heartbeat_level)
    panel.close()


def _at_lines(gpio: FakeGpio, panel: Panel, *, button: str, heartbeat: str) -> Bench:
    def move(*, high: bool) -> None:
        request = gpio.wire(button).request
        assert request is not None
        request.move(high=high)

    return Bench(panel, lambda: move(high=False), lambda: move(high=True), lambda: gpio.wire(heartbeat).high)


def _pi() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="tacet"))
    header, other = folder / "gpiochip0", folder / "gpiochip1"
    for path in (header, other):
        path.touch()
    lines = tuple(f"GPIO{number}" for number in range(28))
    gpio = FakeGpio({str(other): ("BT_ON",), str(header): lines}, {str(header): "pinctrl-bcm2711"})
    with gpio.installed():
        panel = open_pi_panel(PINS, folder)
        yield _at_lines(gpio, panel, button="GPIO17", heartbeat="GPIO23")
        panel.close()
    assert not gpio.wire("GPIO27").high
    assert all(gpio.wire(name).request is None for name in lines)
    shutil.rmtree(folder)


def _simulated() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="tacet"))
    panel = SimulatedPanel(PINS, folder / "panel.sock")
    page = LineClient(folder / "panel.sock")
    wait_until(lambda: page.lines)

    def heartbeat() -> bool:
        return bool(page.lines[-1]["heartbeat"])

    yield Bench(panel, lambda: page.send({"button": "press"}), lambda: page.send({"button": "release"}), heartbeat)
    panel.close()
    page.close()
    shutil.rmtree(folder)


def _fake() -> Iterator[Bench]:
    panel = FakePanel()
    yield Bench(panel, panel.press, panel.release, lambda: panel.heartbeat)
    panel.close()


def _jetson() -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="tacet"))
    (folder / "compatible").write_text("nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0")
    chip, other_chip = folder / "gpiochip0", folder / "gpiochip1"
    for path in (chip, other_chip):
        path.touch()
    gpio = FakeGpio({str(other_chip): ("PAA.01",), str(chip): ("PA.00", "PR.04", "PY.00", "PN.01", "PY.04")})
    with gpio.installed():
        panel = open_jetson_panel(PINS, folder / "compatible", folder)
        yield _at_lines(gpio, panel, button="PR.04", heartbeat="PY.04")
        panel.close()
    assert not gpio.wire("PY.00").high
    assert gpio.wire("PR.04").request is None
    shutil.rmtree(folder)


@pytest.fixture(params=[_gpio, _pi, _jetson, _simulated, _fake], ids=["gpio", "pi", "jetson", "simulated", "fake"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    yield from request.param()


def test_panel__new__is_dark_and_not_pressed(bench: Bench) -> None:
    assert bench.panel.shown() == DARK
    assert not bench.panel.button_is_down()


@pytest.mark.parametrize("red", [True, False])
@pytest.mark.parametrize("green", [True, False])
def test_panel__shown_levels__are_read_back(bench: Bench, red: bool, green: bool) -> None:  # noqa: FBT001  a table of cases
    bench.panel.show(Levels(red=not red, green=not green))
    bench.panel.show(Levels(red=red, green=green))
    assert bench.panel.shown() == Levels(red=red, green=green)


def test_panel__pressed_and_let_go__tells_each_edge(bench: Bench) -> None:
    edges: list[bool] = []
    bench.panel.watch_button(edges.append)
    bench.press()
    wait_until(lambda: edges == [True])
    assert bench.panel.button_is_down()
    bench.release()
    wait_until(lambda: edges == [True, False])
    assert not bench.panel.button_is_down()


def test_panel__beats__turn_the_heartbeat_over_and_leave_the_lamps(bench: Bench) -> None:
    bench.panel.show(Levels(red=True, green=False))
    before = bench.heartbeat()
    bench.panel.beat()
    wait_until(lambda: bench.heartbeat() is not before)
    bench.panel.beat()
    wait_until(lambda: bench.heartbeat() is before)
    assert bench.panel.shown() == Levels(red=True, green=False)


def test_panel__pressing__does_not_touch_the_lamps(bench: Bench) -> None:
    bench.panel.show(Levels(red=False, green=True))
    bench.press()
    wait_until(bench.panel.button_is_down)
    assert bench.panel.shown() == Levels(red=False, green=True)


def test_panel__closed_twice__is_harmless(bench: Bench) -> None:
    bench.panel.close()
    bench.panel.close()
