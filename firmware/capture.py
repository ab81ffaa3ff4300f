"""From the microphone's blocks to sealed records of one second, with every sample accounted for."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from firmware.faults import Fault
from firmware.level import LevelWatch
from firmware.ring import Missing, Ring
from firmware.tape import TapeError, TapeFull

if TYPE_CHECKING:
    from collections.abc import Callable

RING_S: Final = 10  # of wall time: what a disk may stall before sound is lost
OVERFLOW_MARK: Final = "input_overflow"  # sound is missing here, and nobody knows how much
_BYTES_PER_SAMPLE: Final = 2


class SoundTape(Protocol):
    """What capture needs of a tape; each call returns when its record is durable, or raises TapeError."""

    def append_audio(self, pcm: bytes) -> None: ...
    def append_gap(self, samples: int) -> None: ...
    def append_mark(self, code: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SoundFormat:
    sample_rate_hz: int
    channels: int
    speed: float = 1.0  # seconds of sound in a second; other than 1 only where a file is played
    silence_allowed: bool = False  # exact zeros are no news: from a file, or a microphone with a noise gate

    @property
    def bytes_per_frame(self) -> int:
        return self.channels * _BYTES_PER_SAMPLE

    def samples_of(self, wall_s: float) -> int:
        return round(wall_s * self.sample_rate_hz * self.speed)


class Capture:
    """One session's sound, on its way from `push` to the tape. Handles speech in clear, in memory.

    `start` and `finish` are called by whoever owns the tape, in turn; in between the tape belongs to the writer thread
    alone. After `finish` every sample is on the tape as sound or as a gap, or was erased from it:
    samples_in == samples_sealed + gap_samples + erased_samples.
    `on_sealed` is called after each sealed record, and `on_fault` once when the tape fails, both in the writer thread.
    """

    def __init__(
        self,
        tape: SoundTape,
        sound: SoundFormat,
        *,
        on_sealed: Callable[[], None],
        on_fault: Callable[[Fault], None],
        clock_ms: Callable[[], int],
    ) -> None:
        self._tape = tape
        self._sound = sound
        self._on_sealed = on_sealed
        self._on_fault = on_fault
        self._clock_ms = clock_ms
        self._ring = Ring(sound.samples_of(RING_S), sound.bytes_per_frame)
        self._level = LevelWatch(sound.sample_rate_hz, sound.channels, silence_allowed=sound.silence_allowed)
        self._writer: threading.Thread | None = None
        self._silent_since_ms: int | None = None
        self._tape_failed = False
        self._unsealable_samples = 0
        self.samples_sealed = 0
        self.gap_samples = 0
        self.erased_samples = 0
        self.last_block_ms: int | None = None  # None until the first block after `start`
        self.unsealed_since_ms: int | None = None  # the first block since the last record was sealed

    @property
    def samples_in(self) -> int:
        """What was delivered, and what is known to be missing."""
        return self._ring.samples_in

    @property
    def level_dbfs(self) -> float | None:
        """Of the last block; None unless it takes blocks."""
        return self._level.level_dbfs

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the sound that comes, as sentences for the page."""
        return self._level.warnings

    def start(self, *, silent_since_ms: int | None = None) -> None:
        """Takes blocks from now on; the time since `silent_since_ms` becomes a gap when the first one comes."""
        self._silent_since_ms = silent_since_ms
        self.last_block_ms = None
        self.unsealed_since_ms = None
        self._ring.open()
        self._writer = threading.Thread(target=self._write, name="tape writer", daemon=True)
        self._writer.start()

    def push(self, block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:
        """The microphone's sink: copies, counts and returns."""
        now_ms = self._clock_ms()
        if self._silent_since_ms is not None:
            silent_samples = self._sound.samples_of((now_ms - self._silent_since_ms) / 1000)
            self._silent_since_ms = None
            self._ring.push_missing(max(1, silent_samples - len(block) // self._sound.bytes_per_frame))
        if missing_samples:
            self._ring.push_missing(missing_samples)
        if overflowed:
            self._ring.push_missing(None)
        if block:
            self._ring.push(block)
            self.last_block_ms = now_ms
            if self.unsealed_since_ms is None:
                self.unsealed_since_ms = now_ms

    def finish(self) -> None:
        """Takes no more blocks; returns when everything taken is on the tape. Harmless when repeated."""
        self._ring.close()
        if self._writer is not None:
            self._writer.join()
            self._writer = None
        self._level.restart()

    def note_erased(self, audio_samples: int, gap_samples: int) -> None:
        """So much is not on the tape any more. Only after `finish`."""
        self.samples_sealed -= audio_samples
        self.gap_samples -= gap_samples
        self.erased_samples += audio_samples + gap_samples

    def _write(self) -> None:
        second_bytes = self._sound.sample_rate_hz * self._sound.bytes_per_frame
        pending = bytearray()
        while (item := self._ring.take()) != "drained":
            if isinstance(item, Missing):
                self._seal(pending, second_bytes)
                self._declare(item)
                continue
            pending += item
            self._level.hear(item)
            while len(pending) >= second_bytes:
                self._seal(pending, second_bytes)
        self._seal(pending, second_bytes)
        self._declare_unsealable()

    def _seal(self, pending: bytearray, at_most_bytes: int) -> None:
        pcm = bytes(pending[:at_most_bytes])
        del pending[:at_most_bytes]
        samples = len(pcm) // self._sound.bytes_per_frame
        if not samples:
            return
        if not self._try(partial(self._tape.append_audio, pcm)):
            self._unsealable_samples += samples
            return
        self.samples_sealed += samples
        self.unsealed_since_ms = None
        self._on_sealed()

    def _declare(self, missing: Missing) -> None:
        if missing.samples is None:
            self._try(partial(self._tape.append_mark, OVERFLOW_MARK))
        elif self._try(partial(self._tape.append_gap, missing.samples)):
            self.gap_samples += missing.samples
        else:
            self._unsealable_samples += missing.samples

    def _declare_unsealable(self) -> None:
        """Counts what the tape has refused; even a full tape has room left to say how much that was."""
        samples, self._unsealable_samples = self._unsealable_samples, 0
        self.gap_samples += samples
        if samples:
            with contextlib.suppress(TapeError):  # reported when it began to fail; the counts above still hold
                self._tape.append_gap(samples)

    def _try(self, write: Callable[[], None]) -> bool:
        """Whether the tape took it. After its first failure nothing more is asked of it: the session is ending."""
        if self._tape_failed:
            return False
        try:
            write()
        except (TapeError, OSError) as error:
            self._tape_failed = True
            self._on_fault(Fault.TAPE_FULL if isinstance(error, TapeFull) else Fault.TAPE_FAILED)
            return False
        return True
