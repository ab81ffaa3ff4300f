"""The last lines of what processes wrote, in memory, where no journal keeps them."""

import re
import time
from collections import deque
from typing import Final

from app.journal import INFO
from app.log_lines import MOST_LINES, LogLine, LogWish, Source, line_of

_LEVEL: Final = re.compile(r"^<([0-7])>")


class KeptLog:
    """Takes lines in, and gives the newest. For one event loop."""

    def __init__(self) -> None:
        self._lines = deque[LogLine](maxlen=MOST_LINES)

    def take(self, process: str, said: str) -> str:
        """Keep a line; give it as it is shown on a terminal, without its level."""
        found = _LEVEL.match(said)
        text = said[found.end() :] if found else said
        self._keep(process, int(found[1]) if found else INFO, text.removeprefix(f"{process}: "))
        return text

    def tell(self, process: str, priority: int, text: str) -> None:
        """Keep what is said about a process."""
        self._keep(process, priority, text)

    async def lines(self, wish: LogWish) -> list[LogLine]:
        return [line for line in reversed(self._lines) if wish.includes(line)][: wish.most]

    def _keep(self, process: str, priority: int, text: str) -> None:
        source = next((one for one in Source if one == process), None)
        if source is not None and text.strip():
            self._lines.append(line_of(time.time_ns() // 1_000_000, source, priority, text))
