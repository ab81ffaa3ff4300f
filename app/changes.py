import asyncio
import threading
from collections.abc import AsyncIterator


class Changes:
    """Tells whoever watches that something has changed, from any thread. Carries no content: watchers look again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def notify(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for loop, changed in watchers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(changed.set)

    async def watch(self) -> AsyncIterator[None]:
        """Yield after every change; several in a row may arrive as one."""
        watcher = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._watchers.add(watcher)
        try:
            while True:
                await watcher[1].wait()
                watcher[1].clear()
                yield
        finally:
            with self._lock:
                self._watchers.discard(watcher)
