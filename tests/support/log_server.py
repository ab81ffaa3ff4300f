"""A log that the page can ask, from a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tacet.log.server import Log, served

WITHIN_S = 120.0  # a machine that is busy with other tests


@contextmanager
def log_served(log: Log, run_dir: Path) -> Iterator[None]:
    """Serve as `tacet run` does, while the context lasts."""
    there, over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with served(log, run_dir):
            there.set()
            await asyncio.to_thread(over.wait)

    serving = threading.Thread(target=asyncio.run, args=(serve(),))
    serving.start()
    try:
        assert there.wait(WITHIN_S)
        yield
    finally:
        over.set()
        serving.join(WITHIN_S)
