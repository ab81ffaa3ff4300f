"""Keeps the panel's lamps on the pattern that was asked for last."""

import threading
from collections.abc import Callable

from firmware.light import Levels, Light, levels
from firmware.panel import Panel

DARK = Light("off", green=False)


class Lamp:
    """`show` may be called from any thread and has moved the pins when it returns; `tick` keeps a pattern moving."""

    def __init__(self, panel: Panel, clock_ms: Callable[[], int]) -> None:
        self._panel = panel
        self._clock_ms = clock_ms
        self._lock = threading.Lock()
        self._light = DARK
        self._since_ms = clock_ms()
        self._levels = levels(DARK, 0)
        panel.show(self._levels)

    @property
    def light(self) -> Light:
        return self._light

    def show(self, light: Light) -> None:
        """Begins the pattern from its start, unless it is the one that is shown already."""
        with self._lock:
            if light != self._light:
                self._light = light
                self._since_ms = self._clock_ms()
            self._apply()

    def tick(self) -> None:
        """To be called every 20 ms or so: a blink is no more exact than that."""
        with self._lock:
            self._apply()

    def answers(self) -> bool:
        """Whether the pins themselves report what they were last told."""
        with self._lock:
            return self._panel.shown() == self._levels

    def _apply(self) -> None:
        wanted: Levels = levels(self._light, self._clock_ms() - self._since_ms)
        if wanted != self._levels:
            self._levels = wanted
            self._panel.show(wanted)
