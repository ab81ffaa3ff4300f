"""The port to what a hand and an eye meet: one button, a red and a green lamp, and the heartbeat output."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from firmware.errors import FirmwareError
from firmware.light import Levels


class PanelMissing(FirmwareError):
    """The pins cannot be reached; the recorder must not run, since it could not show what it does."""


@dataclass(frozen=True, slots=True)
class PanelPins:
    """BCM numbers on the 40-pin header."""

    button: int
    red: int
    green: int
    heartbeat: int


class Panel(Protocol):
    """Every method returns at once and may be called from any thread; after `close` none may."""

    def watch_button(self, on_change: Callable[[bool], None]) -> None:
        """Calls `on_change(down)` at every edge of the contact, bouncing or not, from a thread of the adapter's."""

    def button_is_down(self) -> bool:
        """The contact's level at this moment."""

    def show(self, levels: Levels) -> None:
        """Lights and darkens the lamps."""

    def shown(self) -> Levels:
        """The lamps' levels as the pins themselves report them, not as they were asked for."""

    def beat(self) -> None:
        """Turns the heartbeat output over; called once for every sealed record of sound."""

    def close(self) -> None:
        """Darkens the lamps and lets go of the pins. Harmless when repeated."""
