"""The panel on GPIO pins, through gpiozero: on a Raspberry Pi, or on gpiozero's mock pins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gpiozero import DigitalInputDevice, DigitalOutputDevice
from gpiozero.pins.mock import MockFactory

from firmware.light import Levels
from firmware.panel import PanelMissing, PanelPins

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpiozero import Factory


class GpioPanel:
    """The button pulls its pin to ground; a lamp is lit while its pin is high.

    The factory is always passed in: gpiozero's search for one ends in a mere warning when the right one fails.
    """

    def __init__(self, pins: PanelPins, factory: Factory) -> None:
        self._factory = factory
        self._button = DigitalInputDevice(pins.button, pull_up=True, bounce_time=None, pin_factory=factory)
        self._red = DigitalOutputDevice(pins.red, initial_value=False, pin_factory=factory)
        self._green = DigitalOutputDevice(pins.green, initial_value=False, pin_factory=factory)
        self._heartbeat = DigitalOutputDevice(pins.heartbeat, initial_value=False, pin_factory=factory)

    def watch_button(self, on_change: Callable[[bool], None]) -> None:
        def pressed() -> None:
            on_change(True)  # noqa: FBT003  the port's callback has one argument

        def released() -> None:
            on_change(False)  # noqa: FBT003  same

        self._button.when_activated = pressed
        self._button.when_deactivated = released

    def button_is_down(self) -> bool:
        return bool(self._button.value)

    def show(self, levels: Levels) -> None:
        # Red first when it goes on, last when it goes off: in between, the light never promises less than is so.
        if levels.red:
            self._red.on()
        self._green.value = levels.green
        if not levels.red:
            self._red.off()

    def shown(self) -> Levels:
        return Levels(bool(self._red.value), bool(self._green.value))

    def beat(self) -> None:
        self._heartbeat.toggle()

    def heartbeat_level(self) -> bool:
        return bool(self._heartbeat.value)

    def close(self) -> None:
        """Also lets go of the factory, so that another panel can be opened on the same pins."""
        if not self._red.closed:
            self.show(Levels(red=False, green=False))
        for device in (self._button, self._red, self._green, self._heartbeat):
            device.close()
        self._factory.close()


def open_pi_panel(pins: PanelPins, devices: Path = Path("/dev")) -> GpioPanel:
    """The panel on a Raspberry Pi's header. Raises PanelMissing where there is none, or no right to use it."""
    if not any(devices.glob("gpiochip*")):
        raise PanelMissing(
            "This computer has no pins for a button and lights, so it cannot record. Use a Raspberry Pi or a Jetson; "
            "all but recording works here."
        )
    try:
        from firmware.pins_gpiod import GpiodFactory  # noqa: PLC0415  elsewhere there may be no gpiod

        factory = GpiodFactory(devices)
        try:
            return GpioPanel(pins, factory)
        except BaseException:
            factory.close()
            raise
    except Exception as error:  # gpiod and gpiozero share no base class below this one
        raise PanelMissing(
            "The button and the lights cannot be reached, so the box does not record. On a Raspberry Pi, check that "
            'the recorder belongs to the group gpio; on a Jetson, write panel = "jetson" into [recorder] of tacet.toml.'
        ) from error


class MockPins:
    """gpiozero's mock pins, and the finger that moves the button's."""

    def __init__(self, pins: PanelPins) -> None:
        self._pins = pins
        self.factory = MockFactory()

    def press(self) -> None:
        self.factory.pin(self._pins.button).drive_low()

    def release(self) -> None:
        self.factory.pin(self._pins.button).drive_high()
