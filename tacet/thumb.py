import asyncio
import json
from pathlib import Path

PRESS_S = 0.2
HOLD_S = 2.4  # the box takes 2 s for a hold
SETTLE_S = 0.2  # longer than any bounce


class Thumb:
    """Presses the button of a simulated panel, as a finger would."""

    def __init__(self, panel_socket: Path) -> None:
        self._panel_socket = panel_socket

    async def press(self) -> None:
        """Press and let go at once: consent, or a pause."""
        await self._down_for(PRESS_S)

    async def hold(self) -> None:
        """Press until the box takes it for a stop."""
        await self._down_for(HOLD_S)

    async def _down_for(self, seconds: float) -> None:
        _, writer = await asyncio.open_unix_connection(str(self._panel_socket))
        try:
            for move, then_s in (("press", seconds), ("release", SETTLE_S)):
                writer.write(json.dumps({"button": move}).encode() + b"\n")
                await writer.drain()
                await asyncio.sleep(then_s)
        finally:
            writer.close()
