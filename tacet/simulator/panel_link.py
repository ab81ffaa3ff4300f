"""The other end of the simulated panel's socket: fingers in, pin levels out. Event loop only.

Protocol, JSON lines: `{"button": "press" | "release"}` to the recorder, `{"red", "green", "heartbeat"}` from it.
"""

import asyncio
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tacet.simulator.stage import Pins, Stage

RETRY_S = 0.3


class PanelAwayError(Exception):
    """The recorder is not running, so there is no button to press; the message is a sentence for the page."""


class _PinLevels(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    red: bool
    green: bool
    heartbeat: int


class PanelLink:
    """Keeps the connection to the recorder's panel. The button is down as long as any hand is on it."""

    def __init__(self, socket_path: Path, stage: Stage) -> None:
        self._socket_path = socket_path
        self._stage = stage
        self._writer: asyncio.StreamWriter | None = None
        self._hands: set[str] = set()

    async def run(self) -> None:
        """Connect, follow the pins, and connect again, until cancelled."""
        while True:
            try:
                await self._follow()
            except (OSError, ValidationError, ValueError):  # ValueError: a line longer than the reader's limit
                pass
            finally:
                self._let_go()
            await asyncio.sleep(RETRY_S)

    def press(self, hand: str) -> None:
        """Lay a hand on the button. Raises PanelAwayError; the page shows its sentence."""
        if self._writer is None:
            raise PanelAwayError("The recorder is not running. The picture comes back by itself when it does.")
        if not self._hands:
            self._move("press")
        self._hands.add(hand)

    def release(self, hand: str) -> None:
        """Take a hand off the button; one that is not on it changes nothing."""
        if hand in self._hands:
            self._hands.remove(hand)
            if not self._hands:
                self._move("release")

    async def _follow(self) -> None:
        reader, self._writer = await asyncio.open_unix_connection(str(self._socket_path))
        while line := await reader.readline():
            levels = _PinLevels.model_validate_json(line)
            self._stage.show_pins(Pins(levels.red, levels.green))

    def _move(self, button: Literal["press", "release"]) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps({"button": button}).encode() + b"\n")

    def _let_go(self) -> None:
        """Without a connection nobody presses anything; the recorder takes a lost one as a release."""
        self._hands.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._stage.show_pins(None)
