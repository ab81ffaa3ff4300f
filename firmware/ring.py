"""Holds sound between the microphone's callback and the writer, so that a slow disk costs nothing for a while."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Missing:
    """Sound that is not there: `samples` frames of the room's time, or an amount nobody knows when it is None."""

    samples: int | None


class Ring:
    """Blocks in the order in which they came, at most `capacity_samples` frames of them; handles speech in clear.

    What does not fit is not kept: its place in the order is taken by a `Missing` of the same length, so that the
    timeline stays whole. `samples_in` counts everything that was offered or declared missing, for ever.
    """

    def __init__(self, capacity_samples: int, bytes_per_frame: int) -> None:
        self._capacity_samples = capacity_samples
        self._bytes_per_frame = bytes_per_frame
        self._items: deque[bytes | Missing] = deque()
        self._held_samples = 0
        self._open = False
        self._changed = threading.Condition()
        self.samples_in = 0

    def open(self) -> None:
        with self._changed:
            self._open = True

    def close(self) -> None:
        """Takes nothing more; what is in it stays to be taken."""
        with self._changed:
            self._open = False
            self._changed.notify()

    def push(self, block: bytes) -> None:
        """Keeps a block or declares it missing; for the callback: it never waits for the disk."""
        samples = len(block) // self._bytes_per_frame
        with self._changed:
            if not self._open:
                return
            self.samples_in += samples
            if self._held_samples + samples > self._capacity_samples:
                self._declare_missing(samples)
            else:
                self._items.append(block)
                self._held_samples += samples
            self._changed.notify()

    def push_missing(self, samples: int | None) -> None:
        """Declares that sound is missing between the last block and the next."""
        with self._changed:
            if not self._open:
                return
            self.samples_in += samples or 0
            self._declare_missing(samples)
            self._changed.notify()

    def take(self) -> bytes | Missing | Literal["drained"]:
        """The oldest item; waits for one while the ring is open. "drained" once it is closed and empty."""
        with self._changed:
            while self._open and not self._items:
                self._changed.wait()
            if not self._items:
                return "drained"
            item = self._items.popleft()
            if isinstance(item, bytes):
                self._held_samples -= len(item) // self._bytes_per_frame
            return item

    def _declare_missing(self, samples: int | None) -> None:
        match (self._items[-1] if self._items else None), samples:
            case Missing(int() as before), int():
                self._items[-1] = Missing(before + samples)
            case Missing(None), None:
                pass
            case _:
                self._items.append(Missing(samples))
