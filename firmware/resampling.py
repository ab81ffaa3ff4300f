"""From the rate at which a microphone delivers to the tape's, with every sample accounted for. Handles speech in clear.

Positions count frames (a channel) since the opening, known losses included. At every boundary (a loss, the end) the
tape's position is exactly round_half_up(device position * tape rate / device rate): so many samples have been
delivered or declared missing, and no more. Between boundaries the resampler holds back what it still needs (some 35
ms); it adds no delay of its own, so a sound stands on the tape where it stood in the room, within one sample. Before a
loss and at the end it is flushed, as if silence followed; after a loss it begins anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import soxr

if TYPE_CHECKING:
    from firmware.microphone import BlockSink

_QUALITY: Final = "HQ"  # 20 bits: noise below what 16 bits can hold


class Resampler:
    """A sink in front of a sink. Called from one thread at a time; `finish` once, after the last block."""

    def __init__(self, sink: BlockSink, from_hz: int, to_hz: int, channels: int) -> None:
        self._sink = sink
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._channels = channels
        self._device_position = 0
        self._tape_position = 0
        self._stream = self._new_stream()

    def __call__(self, block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:
        missing = 0
        if overflowed or missing_samples:
            self._flush()
            self._device_position += missing_samples
            missing = self._due() - self._tape_position
            self._tape_position += missing
        frames = np.frombuffer(block, dtype="<i2").reshape(-1, self._channels)
        self._device_position += len(frames)
        sound = self._stream.resample_chunk(frames)
        self._deliver(sound, overflowed=overflowed, missing=missing)

    def finish(self) -> None:
        """Delivers what is held back."""
        self._flush()

    def _flush(self) -> None:
        """Everything up to the device's position, to the sample; soxr itself may be one off."""
        nothing = np.empty((0, self._channels), dtype=np.int16)
        rest = self._stream.resample_chunk(nothing, last=True)
        wanted = self._due() - self._tape_position
        padding = np.zeros((max(0, wanted - len(rest)), self._channels), dtype=np.int16)
        self._deliver(np.concatenate([rest, padding])[:wanted], overflowed=False, missing=0)
        self._stream = self._new_stream()

    def _deliver(self, sound: np.ndarray, *, overflowed: bool, missing: int) -> None:
        self._tape_position += len(sound)
        if len(sound) or overflowed or missing:
            self._sink(sound.astype("<i2").tobytes(), overflowed=overflowed, missing_samples=missing)

    def _due(self) -> int:
        """Where the tape has to be at the device's position: rounded half up, in whole numbers."""
        return (2 * self._device_position * self._to_hz + self._from_hz) // (2 * self._from_hz)

    def _new_stream(self) -> soxr.ResampleStream:
        return soxr.ResampleStream(self._from_hz, self._to_hz, self._channels, dtype="int16", quality=_QUALITY)
