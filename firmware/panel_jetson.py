"""The panel on the 40-pin header of a Jetson Orin, through the kernel's GPIO lines (libgpiod 2).

Pins are named as on a Raspberry Pi, by their BCM numbers: a place on the header has one number on every board. Which of
the chip's lines leads there differs from board to board.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import gpiod
from gpiod.line import Bias, Direction, Edge, Value

from firmware.light import Levels
from firmware.panel import PanelMissing, PanelPins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Source: NVIDIA's jetson-gpio, gpio_pin_data.py, and the carrier boards' pinmux sheets.
_ORIN_NANO_NX: Final = MappingProxyType({
    4: "PAC.06", 5: "PQ.05", 6: "PQ.06", 7: "PZ.07", 8: "PZ.06", 9: "PZ.04", 10: "PZ.05", 11: "PZ.03", 12: "PG.06",
    13: "PH.00", 16: "PR.05", 17: "PR.04", 18: "PH.07", 19: "PI.02", 20: "PI.01", 21: "PI.00", 22: "PN.01",
    23: "PY.04", 24: "PY.03", 25: "PY.01", 26: "PY.02", 27: "PY.00",
})  # fmt: skip
_AGX_ORIN: Final = MappingProxyType({
    4: "PQ.06", 5: "PAA.01", 6: "PAA.00", 7: "PZ.07", 8: "PZ.06", 9: "PZ.04", 10: "PZ.05", 11: "PZ.03", 12: "PBB.00",
    13: "PAA.02", 16: "PR.05", 17: "PR.04", 18: "PH.07", 19: "PI.02", 20: "PI.01", 21: "PI.00", 22: "PN.01",
    23: "PBB.01", 24: "PH.00", 25: "PP.04", 26: "PAA.03", 27: "PR.00",
})  # fmt: skip
_BOARDS: Final = MappingProxyType({"p3767": _ORIN_NANO_NX, "p3701": _AGX_ORIN})
_AGX_OUTPUT_ONLY: Final = 17  # its carrier board lets pin 11 out, and nothing in
_COMPATIBLE: Final = Path("/proc/device-tree/compatible")
_DEVICES: Final = Path("/dev")
_CONSUMER: Final = "tacet"  # what `gpioinfo` shows
_LOOK_S: Final = 0.1  # how soon the watching thread notices that it is to end


class JetsonPanel:
    """The button pulls its line to ground; a lamp is lit while its line is high.

    Each line is held by a request of its own: two of them may belong to different chips.
    """

    def __init__(
        self, button: gpiod.LineRequest, red: gpiod.LineRequest, green: gpiod.LineRequest, heartbeat: gpiod.LineRequest
    ) -> None:
        """Takes lines that `open_jetson_panel` has asked for."""
        self._button, self._red, self._green, self._heartbeat = button, red, green, heartbeat
        self._moving = threading.Lock()  # the heartbeat is turned over in another thread than the lamps
        self._closing = threading.Event()
        self._watcher: threading.Thread | None = None

    def watch_button(self, on_change: Callable[[bool], None]) -> None:
        self._watcher = threading.Thread(target=self._watch, args=(on_change,), name="button", daemon=True)
        self._watcher.start()

    def button_is_down(self) -> bool:
        return _is_active(self._button)

    def show(self, levels: Levels) -> None:
        # Red first when it goes on, last when it goes off: in between, the light never promises less than is so.
        with self._moving:
            if levels.red:
                _set(self._red, active=True)
            _set(self._green, active=levels.green)
            if not levels.red:
                _set(self._red, active=False)

    def shown(self) -> Levels:
        return Levels(_is_active(self._red), _is_active(self._green))

    def beat(self) -> None:
        with self._moving:
            _set(self._heartbeat, active=not _is_active(self._heartbeat))

    def heartbeat_level(self) -> bool:
        return _is_active(self._heartbeat)

    def close(self) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        if self._watcher is not None:
            self._watcher.join()
        self.show(Levels(red=False, green=False))
        for line in (self._button, self._red, self._green, self._heartbeat):
            line.release()

    def _watch(self, on_change: Callable[[bool], None]) -> None:
        while not self._closing.is_set():
            if self._button.wait_edge_events(_LOOK_S):
                for event in self._button.read_edge_events():
                    on_change(event.event_type is gpiod.EdgeEvent.Type.RISING_EDGE)


def open_jetson_panel(pins: PanelPins, compatible: Path = _COMPATIBLE, devices: Path = _DEVICES) -> JetsonPanel:
    """The panel on an Orin's header. Raises PanelMissing where there is none, no such pin, or no right to use it."""
    lines = _lines_of_board(compatible)
    if lines is _AGX_ORIN and pins.button == _AGX_OUTPUT_ONLY:
        raise PanelMissing("On a Jetson AGX Orin pin 11 (17) cannot read a button. Wire it to pin 18 and set it to 24.")
    try:
        button = gpiod.LineSettings(
            direction=Direction.INPUT, bias=Bias.AS_IS, edge_detection=Edge.BOTH, active_low=True
        )
        lamp = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value.INACTIVE)
        wanted = ((pins.button, button), (pins.red, lamp), (pins.green, lamp), (pins.heartbeat, lamp))
        return JetsonPanel(*_request_all([(lines[pin], settings) for pin, settings in wanted], devices))
    except KeyError as error:
        raise PanelMissing(f"Pin {error} does not lead to the Jetson's header. Choose another one.") from error
    except (OSError, ValueError) as error:
        raise PanelMissing(
            "The button and the lights cannot be reached, so the box does not record. Check that the recorder belongs "
            "to the group gpio, and that the pins are set up as GPIO (jetson-io)."
        ) from error


def _lines_of_board(compatible: Path) -> Mapping[int, str]:
    try:
        names = compatible.read_text()
    except OSError:
        names = ""
    for board, lines in _BOARDS.items():
        if board in names:
            return lines
    raise PanelMissing("This is not a Jetson Orin, so its button and lights are unknown. Choose another panel.")


def _request_all(wanted: list[tuple[str, gpiod.LineSettings]], devices: Path) -> list[gpiod.LineRequest]:
    """All of the lines, or none. Raises OSError or ValueError."""
    held: list[gpiod.LineRequest] = []
    try:
        for name, settings in wanted:
            chip = _chip_with(name, devices)
            held.append(gpiod.request_lines(str(chip), config={name: settings}, consumer=_CONSUMER))
    except BaseException:
        for line in held:
            line.release()
        raise
    return held


def _chip_with(name: str, devices: Path) -> Path:
    for path in sorted(devices.glob("gpiochip*")):
        with gpiod.Chip(str(path)) as chip:
            try:
                chip.line_offset_from_id(name)
            except OSError:
                continue
            return path
    raise FileNotFoundError(f"no line is called {name}")


def _is_active(line: gpiod.LineRequest) -> bool:
    return line.get_value(line.offsets[0]) is Value.ACTIVE


def _set(line: gpiod.LineRequest, *, active: bool) -> None:
    line.set_value(line.offsets[0], Value.ACTIVE if active else Value.INACTIVE)
