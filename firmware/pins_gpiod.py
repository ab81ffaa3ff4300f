"""gpiozero's pins on the kernel's GPIO lines (libgpiod 2). Its own are on lgpio, whose wheels end at Python 3.12.

Made for the recorder's panel: levels, pulls and both edges; no PWM, no SPI, no debounce, as `firmware.button` has one.
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import gpiod
from gpiod.line import Bias, Direction, Edge, Value
from gpiozero.exc import (
    PinFixedPull,
    PinInvalidBounce,
    PinInvalidEdges,
    PinInvalidFunction,
    PinInvalidPull,
    PinSetInput,
)
from gpiozero.pins.local import LocalPiFactory, LocalPiPin

if TYPE_CHECKING:
    from gpiozero.pins import PinInfo

# The chip behind the 40-pin header, and a board that has it: the header is the same on all of them, and a board that
# has started through UEFI does not tell its revision.
_HEADER_CHIPS: Final = MappingProxyType({
    "pinctrl-rp1": 0xC04170,  # Raspberry Pi 5
    "pinctrl-bcm2711": 0xC03111,  # 4
    "pinctrl-bcm2835": 0xA02082,  # 3
})  # fmt: skip
_PULLS: Final = MappingProxyType({"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED})
_CONSUMER: Final = "tacet"  # what `gpioinfo` shows
_LOOK_S: Final = 0.1  # how soon the watching thread notices that it is to end


class NoHeader(OSError):
    """No GPIO chip of a Raspberry Pi's header is there, or none that may be opened."""


class GpiodFactory(LocalPiFactory):  # type: ignore[misc]  # gpiozero ships no types
    """Pins of the chip that leads to the header. Raises NoHeader."""

    def __init__(self, devices: Path = Path("/dev")) -> None:
        super().__init__()
        self.chip, self._revision = _header_chip(devices)
        self.pin_class = GpiodPin
        self.pins: dict[
            PinInfo, GpiodPin
        ] = {}  # its own, not those of every factory: the kernel refuses a line that is held

    def _get_revision(self) -> int:
        return self._revision


class GpiodPin(LocalPiPin):  # type: ignore[misc]  # same
    """One line, held from the first use until it is closed. An output begins with the level that was asked for."""

    factory: GpiodFactory
    _number: int

    def __init__(self, factory: GpiodFactory, info: PinInfo) -> None:
        super().__init__(factory, info)
        self._pull = "floating"
        self._watching = threading.Event()
        self._watcher: threading.Thread | None = None
        self._settings = gpiod.LineSettings(direction=Direction.INPUT)
        self._line: gpiod.LineRequest | None = None
        self._hold(self._settings)

    def close(self) -> None:
        self._disable_event_detect()
        if self._line is not None:
            self._hold(gpiod.LineSettings(direction=Direction.INPUT))  # drives nothing any more
            self._line.release()
            self._line = None

    def output_with_state(self, state: float) -> None:
        value = Value.ACTIVE if state else Value.INACTIVE
        self._hold(gpiod.LineSettings(direction=Direction.OUTPUT, output_value=value))

    def input_with_pull(self, pull: str) -> None:
        self._hold_input(pull, Edge.NONE)

    def _get_function(self) -> str:
        return "output" if self._settings.direction is Direction.OUTPUT else "input"

    def _set_function(self, value: str) -> None:
        if value == "output":
            self.output_with_state(0)
        elif value == "input":
            self.input_with_pull("floating")
        else:
            raise PinInvalidFunction(f'invalid function "{value}" for pin {self!r}')

    def _get_state(self) -> int:
        assert self._line is not None, "a closed pin is asked nothing"
        return int(self._line.get_value(self._number) is Value.ACTIVE)

    def _set_state(self, value: float) -> None:
        if self._get_function() == "input":
            raise PinSetInput(f"cannot set state of pin {self!r}")
        assert self._line is not None, "a closed pin is told nothing"
        self._line.set_value(self._number, Value.ACTIVE if value else Value.INACTIVE)

    def _get_pull(self) -> str:
        return self._pull

    def _set_pull(self, value: str) -> None:
        if self._get_function() != "input":
            raise PinFixedPull(f"cannot set pull on non-input pin {self!r}")
        self._hold_input(value, self._settings.edge_detection)

    def _get_bounce(self) -> None:
        return None

    def _set_bounce(self, value: float | None) -> None:
        if value:
            raise PinInvalidBounce(f"{self!r} does not debounce")

    def _get_edges(self) -> str:
        return "both"

    def _set_edges(self, value: str) -> None:
        if value != "both":
            raise PinInvalidEdges(f"{self!r} tells both edges")

    def _enable_event_detect(self) -> None:
        self._hold_input(self._pull, Edge.BOTH)
        self._watching.set()
        self._watcher = threading.Thread(target=self._watch, args=(self._line,), name=repr(self), daemon=True)
        self._watcher.start()

    def _disable_event_detect(self) -> None:
        self._watching.clear()
        watcher, self._watcher = self._watcher, None
        if watcher is None or watcher is threading.current_thread():
            return
        watcher.join()
        self._hold_input(self._pull, Edge.NONE)

    def _watch(self, line: gpiod.LineRequest) -> None:
        while self._watching.is_set():
            if line.wait_edge_events(_LOOK_S):
                for event in line.read_edge_events():
                    rising = event.event_type is gpiod.EdgeEvent.Type.RISING_EDGE
                    self._call_when_changed(self.factory.ticks(), int(rising))

    def _hold_input(self, pull: str, edges: Edge) -> None:
        if pull not in _PULLS:
            raise PinInvalidPull(f'invalid pull "{pull}" for pin {self!r}')
        self._pull = pull
        self._hold(gpiod.LineSettings(direction=Direction.INPUT, bias=_PULLS[pull], edge_detection=edges))

    def _hold(self, settings: gpiod.LineSettings) -> None:
        """Ask for the line anew: not every kernel changes edges or pulls of one that is held."""
        if self._line is not None:
            self._line.release()
            self._line = None
        chip = str(self.factory.chip)
        self._line = gpiod.request_lines(chip, config={self._number: settings}, consumer=_CONSUMER)
        self._settings = settings


def _header_chip(devices: Path) -> tuple[Path, int]:
    refused = None
    for path in sorted(devices.glob("gpiochip*")):
        try:
            with gpiod.Chip(str(path)) as chip:
                label = chip.get_info().label
        except OSError as error:
            refused = error
            continue
        if label in _HEADER_CHIPS:
            return path, _HEADER_CHIPS[label]
    raise NoHeader("no GPIO chip of a Raspberry Pi's header can be opened") from refused
