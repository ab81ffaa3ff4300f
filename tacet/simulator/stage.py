"""What the picture shows at this moment, and who is told when it changes. Event loop only."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from firmware.status import BoxStatus


@dataclass(frozen=True, slots=True)
class Pins:
    """Whether each lamp is lit, as the recorder reads it back from its own pins."""

    red: bool
    green: bool


@dataclass(frozen=True, slots=True)
class Scene:
    pins: Pins | None = None  # None: the recorder is away
    status: BoxStatus | None = None  # same


class Stage:
    def __init__(self) -> None:
        self._scene = Scene()
        self._changed = asyncio.Event()
        self._closed = False

    def show_pins(self, pins: Pins | None) -> None:
        self._show(replace(self._scene, pins=pins))

    def show_status(self, status: BoxStatus | None) -> None:
        self._show(replace(self._scene, status=status))

    def close(self) -> None:
        """End every `watch`, so that the server can stop."""
        self._closed = True
        self._wake()

    async def watch(self) -> AsyncIterator[Scene]:
        """Yield the scene at once and after every change; who is slow gets the newest and misses those between."""
        while not self._closed:
            changed = self._changed
            yield self._scene
            await changed.wait()

    def _show(self, scene: Scene) -> None:
        if scene != self._scene:
            self._scene = scene
            self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
