"""The panel on real pins. Skipped with a reason wherever there are none; `make test ARGS="-m hardware"` runs it alone.

`TACET_PANEL` says which panel is wired, gpio (Raspberry Pi) or jetson, with the pins of `firmware/hardware.md`;
`TACET_SOMEBODY_PRESSES=1` says that a person will press the button once the green light is lit.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.light import Levels
from firmware.panel import Panel, PanelPins

PINS = PanelPins(button=int(os.environ.get("TACET_BUTTON_PIN", "17")), red=27, green=22, heartbeat=23)
PRESSED_WITHIN_S = 30
CHOSEN = os.environ.get("TACET_PANEL")

pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(CHOSEN is None, reason="no panel is wired here: set TACET_PANEL to gpio or jetson"),
]


@pytest.fixture
def panel() -> Iterator[Panel]:
    with tempfile.TemporaryDirectory(prefix="tacet") as run_dir:
        opened = _open(Path(run_dir))
        yield opened
        opened.close()


def _open(run_dir: Path) -> Panel:
    if CHOSEN == "jetson":
        from firmware.panel_jetson import open_jetson_panel  # noqa: PLC0415  each board has its own library

        return open_jetson_panel(PINS)
    from firmware.panel_gpio import open_pi_panel  # noqa: PLC0415  same

    return open_pi_panel(PINS, run_dir)


@pytest.mark.parametrize("red", [True, False])
@pytest.mark.parametrize("green", [True, False])
def test_pins__shown_levels__are_read_back(panel: Panel, red: bool, green: bool) -> None:  # noqa: FBT001  a table of cases
    panel.show(Levels(red=not red, green=not green))
    panel.show(Levels(red=red, green=green))
    assert panel.shown() == Levels(red=red, green=green)


def test_pins__opened_again_after_closing__are_dark(panel: Panel) -> None:
    panel.show(Levels(red=True, green=True))
    panel.close()
    with tempfile.TemporaryDirectory(prefix="tacet") as run_dir:
        again = _open(Path(run_dir))
        assert again.shown() == Levels(red=False, green=False)
        again.close()


def test_pins__a_thousand_looks_and_beats__take_no_time(panel: Panel) -> None:
    started_s = time.monotonic()
    for _ in range(1000):
        panel.beat()
        panel.shown()
    assert time.monotonic() - started_s < 5, "the loop looks fifty times a second"


def test_pins__button_not_touched__is_up(panel: Panel) -> None:
    assert not panel.button_is_down()


@pytest.mark.skipif("TACET_SOMEBODY_PRESSES" not in os.environ, reason="set TACET_SOMEBODY_PRESSES=1 and press")
def test_pins__button_pressed_by_a_person__tells_both_edges(panel: Panel) -> None:
    edges: list[bool] = []
    panel.watch_button(edges.append)
    panel.show(Levels(red=False, green=True))  # now
    deadline_s = time.monotonic() + PRESSED_WITHIN_S
    while not {True, False} <= set(edges) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert edges[0] is True
    assert edges[-1] is False
