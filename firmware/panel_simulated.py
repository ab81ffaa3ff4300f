"""The panel without hardware: gpiozero's mock pins, pressed and watched over a Unix socket.

Lines of JSON, UTF-8. A client sends {"button": "press"} and {"button": "release"}; every client is sent
{"red": bool, "green": bool, "heartbeat": 0 or 1} at once and whenever a pin has changed. Any number may connect: the
button is down while at least one of them presses it, and whoever hangs up has let go.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Final

from firmware.line_server import LineServer
from firmware.panel_gpio import GpioPanel, MockPins

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from firmware.light import Levels
    from firmware.panel import PanelPins

# A click on a page may last 1 ms. No finger is so quick, and the debounce would rightly ignore it.
_SHORTEST_PRESS_S: Final = 0.08


class SimulatedPanel:
    """The real adapter on mock pins, so that what a page draws is what the pins do."""

    def __init__(self, pins: PanelPins, socket_path: Path) -> None:
        """Listens at `socket_path` until closed. Raises SocketUnusable."""
        self._mock = MockPins(pins)
        self._gpio = GpioPanel(pins, self._mock.factory)
        self._pressing: set[Hashable] = set()
        self._pressed_at_s = 0.0
        self._telling = threading.Lock()  # what is told last is what was done last, whichever thread did it
        self._server = LineServer(socket_path, self._obey, self._let_go)
        self._server.start(self._view())

    def watch_button(self, on_change: Callable[[bool], None]) -> None:
        self._gpio.watch_button(on_change)

    def button_is_down(self) -> bool:
        return self._gpio.button_is_down()

    def show(self, levels: Levels) -> None:
        with self._telling:
            self._gpio.show(levels)
            self._server.publish(self._view())

    def shown(self) -> Levels:
        return self._gpio.shown()

    def beat(self) -> None:
        with self._telling:
            self._gpio.beat()
            self._server.publish(self._view())

    def close(self) -> None:
        self._server.close()
        self._gpio.close()

    def _view(self) -> bytes:
        red, green = self._gpio.shown()
        view = {"red": red, "green": green, "heartbeat": int(self._gpio.heartbeat_level())}
        return json.dumps(view).encode() + b"\n"

    def _obey(self, client: Hashable, line: bytes) -> None:
        """What is no such line is passed over: a broken page must not end the recorder."""
        try:
            wish = json.loads(line)
        except ValueError:
            return
        match wish:
            case {"button": "press"}:
                self._press(client)
            case {"button": "release"}:
                self._let_go(client)
            case _:
                pass

    def _press(self, client: Hashable) -> None:
        if not self._pressing:
            self._mock.press()
            self._pressed_at_s = time.monotonic()  # once the edge was told, which a thread without a core does late
        self._pressing.add(client)

    def _let_go(self, client: Hashable) -> None:
        if client not in self._pressing:
            return
        self._pressing.discard(client)
        if not self._pressing:
            time.sleep(max(0.0, self._pressed_at_s + _SHORTEST_PRESS_S - time.monotonic()))
            self._mock.release()
