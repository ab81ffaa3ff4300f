"""How a long step shows that it is moving: a bar on a terminal, a line now and then in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tqdm import tqdm

from models.room import megabytes
from models.verify import Advance, Progress

LINE_EVERY_S = 5.0
WORTH_A_LINE_BYTES = 10_000_000


def shown_on(stream: TextIO) -> Progress:
    """The Progress that suits the stream."""
    return _bars(stream) if stream.isatty() else _lines(stream)


def _bars(stream: TextIO) -> Progress:
    @contextmanager
    def bar(what: str, total_bytes: int) -> Iterator[Advance]:
        with tqdm(desc=what, total=total_bytes, unit="B", unit_scale=True, leave=False, file=stream) as shown:
            yield shown.update

    return bar


def _lines(stream: TextIO) -> Progress:
    @contextmanager
    def lines(what: str, total_bytes: int) -> Iterator[Advance]:
        done_bytes = 0
        due = time.monotonic() + LINE_EVERY_S

        def advance(more_bytes: int) -> None:
            nonlocal done_bytes, due
            done_bytes += more_bytes
            if time.monotonic() >= due:
                due = time.monotonic() + LINE_EVERY_S
                stream.write(f"  {min(done_bytes / total_bytes, 1):.0%}\n")
                stream.flush()

        if total_bytes >= WORTH_A_LINE_BYTES:
            stream.write(f"{what} ({megabytes(total_bytes)})\n")
            stream.flush()
        yield advance

    return lines
