"""Whether the microphone hears anything at all, found out before it matters: a moment of listening that keeps nothing.

What is learned is one bit, whether any sample differs from zero: every real converter delivers noise, and only a muted
or broken one delivers exact zeros. Nothing else is looked at, stored or passed on, no level either. See
docs/decisions/0008-listening-for-a-moment.md.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from firmware.level import ALL_ZEROS
from firmware.microphone import MicrophoneMissing, MicrophoneStuck

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.microphone import Microphone

NO_SOUND = "The microphone is connected but delivers no sound. Unplug it and plug it in again."
_HEARD_AGAIN_MS: Final = 60_000
_SILENT_AGAIN_MS: Final = 5_000
_SETTLES_MS: Final = 100  # a converter that has just been switched on may click, even a muted one
_ZEROS_MS: Final = 1_000  # so many of them in a row, and it is silent
_PATIENCE_S: Final = 3.0  # a sound server may take 2 s to deliver the first block


class Hearing:
    """Remembers what it found: asked often, it listens at the start, to another microphone, and once a minute."""

    def __init__(self, microphone: Microphone, sample_rate_hz: int, channels: int, clock_ms: Callable[[], int]) -> None:
        self._microphone = microphone
        self._bytes_per_ms = sample_rate_hz * channels * 2 // 1000
        self._clock_ms = clock_ms
        self._asked_of: str | None = None
        self._found: str | None = None
        self._again_at_ms = 0

    def problem(self) -> str | None:
        """A sentence, or None. Opens the closed microphone for a moment; idle boxes only. May take seconds."""
        now_ms, name = self._clock_ms(), self._microphone.name
        if name != self._asked_of or now_ms >= self._again_at_ms:
            self._found = self._listen()
            self._asked_of = name
            self._again_at_ms = self._clock_ms() + (_SILENT_AGAIN_MS if self._found else _HEARD_AGAIN_MS)
        return self._found

    def forget(self) -> None:
        """The microphone was away, or has just recorded; the next answer is found anew."""
        self._asked_of = None

    def _listen(self) -> str | None:
        ear = _Ear(self._bytes_per_ms)
        try:
            self._microphone.open(ear)
            try:
                ear.decided.wait(_PATIENCE_S)
            finally:
                self._microphone.close()
        except (MicrophoneMissing, MicrophoneStuck) as error:
            return str(error)
        if ear.heard:
            return None
        return ALL_ZEROS if ear.decided.is_set() else NO_SOUND


class _Ear:
    """A sink that forgets every block at once."""

    def __init__(self, bytes_per_ms: int) -> None:
        self._bytes_per_ms = bytes_per_ms
        self._passed_bytes = 0
        self.heard = False
        self.decided = threading.Event()

    def __call__(self, block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:  # noqa: ARG002  no record to hold them
        settled = self._passed_bytes >= _SETTLES_MS * self._bytes_per_ms
        self._passed_bytes += len(block)
        self.heard = self.heard or (settled and any(block))
        if self.heard or self._passed_bytes >= (_SETTLES_MS + _ZEROS_MS) * self._bytes_per_ms:
            self.decided.set()
