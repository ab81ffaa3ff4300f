"""What the pool has done: queue, seconds of sound a second, how long each box waits. Counts, never content."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

OVER_S = 300.0  # rates are over this long
BYTES_A_SECOND = 2 * 16_000


@dataclass(slots=True)
class BoxFigures:
    windows: int = 0
    sound_s: float = 0.0
    waited_s: float = 0.0  # for its last window
    since_s: list[float] = field(default_factory=list)  # when each window that it waits for now was asked


class Figures:
    """One event loop."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._began_s = now_s()
        self._boxes = dict[str, BoxFigures]()
        self._heard = deque[tuple[float, float]]()

    @contextmanager
    def asked(self, box: str, size_bytes: int) -> Iterator[None]:
        """Count one window from its question to its answer; one that is broken off is not heard."""
        figures, asked_s = self._boxes.setdefault(box, BoxFigures()), self._now_s()
        figures.since_s.append(asked_s)
        try:
            yield
            now_s, sound_s = self._now_s(), size_bytes / BYTES_A_SECOND
            figures.windows += 1
            figures.sound_s += sound_s
            figures.waited_s = now_s - asked_s
            self._heard.append((now_s, sound_s))
        finally:
            figures.since_s.remove(asked_s)

    def told(self, only: str | None = None) -> dict[str, Any]:
        """All of it, or of the boxes one alone."""
        now_s = self._now_s()
        while self._heard and self._heard[0][0] < now_s - OVER_S:
            self._heard.popleft()
        over_s = max(1.0, min(OVER_S, now_s - self._began_s))
        boxes = {
            name: {
                "windows": one.windows,
                "sound_s": round(one.sound_s, 1),
                "waited_s": round(one.waited_s, 2),
                "lag_s": round(max((now_s - since_s for since_s in one.since_s), default=0.0), 2),
            }
            for name, one in self._boxes.items()
            if only in (None, name)
        }
        return {
            "sound_s_a_second": round(sum(sound_s for _, sound_s in self._heard) / over_s, 2),
            "boxes": boxes,
        }
