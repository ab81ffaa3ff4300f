"""How loud it is, and whether that can be right. Handles speech in clear; keeps figures only."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import numpy as np

SILENCE_DBFS: Final = -100.0  # below what 16 bits can say
QUIET_DBFS: Final = -60.0  # somebody who speaks at a metre from a microphone is 20 to 40 dB above it
QUIET_S: Final = 120.0
ZEROS_S: Final = 3.0
CLIPPED_BLOCKS: Final = 3  # one slammed door is no fault of the microphone
CLIPPED_WITHIN_S: Final = 10.0
_FULL_SCALE: Final = 32_768.0

TOO_LOUD = "The microphone is too loud, so words get distorted. Move it away a little, or turn it down."
ALL_ZEROS = (
    "The microphone is connected but silent: not even noise comes from it. Look for a mute switch on it, or unplug it "
    "and plug it in again."
)
VERY_QUIET = (
    "It has been very quiet for two minutes. If somebody is speaking, move the microphone closer; otherwise nothing is "
    "wrong."
)


class LevelWatch:
    """One stretch of sound, block by block, in one thread; `level_dbfs` and `warnings` may be read from any.

    Time is counted in samples, so that sound that comes late or in a burst is judged as it was in the room.
    """

    def __init__(self, sample_rate_hz: int, channels: int, *, silence_allowed: bool) -> None:
        """With `silence_allowed` exact zeros are nothing to warn of: a noise gate or a file may deliver them."""
        self._values_per_s = sample_rate_hz * channels
        self._silence_allowed = silence_allowed
        self.restart()

    def restart(self) -> None:
        """A new stretch begins, at an opening."""
        self._heard = 0  # values, of all channels
        self._quiet_since = 0
        self._zeros_since = 0
        self._clipped_at: deque[int] = deque(maxlen=CLIPPED_BLOCKS)
        self.level_dbfs: float | None = None
        self.warnings: tuple[str, ...] = ()

    def hear(self, block: bytes) -> None:
        values = np.frombuffer(block, dtype="<i2")
        self.level_dbfs = level_dbfs(block)
        self._heard += values.size
        if self.level_dbfs > QUIET_DBFS:
            self._quiet_since = self._heard
        if values.any():
            self._zeros_since = self._heard
        if values.size and (values.max() == np.iinfo("<i2").max or values.min() == np.iinfo("<i2").min):
            self._clipped_at.append(self._heard)
        self.warnings = self._judge()

    def _judge(self) -> tuple[str, ...]:
        if not self._silence_allowed and self._heard - self._zeros_since >= ZEROS_S * self._values_per_s:
            return (ALL_ZEROS,)
        if not self._silence_allowed and self._heard - self._quiet_since >= QUIET_S * self._values_per_s:
            return (VERY_QUIET,)
        often = len(self._clipped_at) == CLIPPED_BLOCKS
        if often and self._heard - self._clipped_at[0] <= CLIPPED_WITHIN_S * self._values_per_s:
            return (TOO_LOUD,)
        return ()


def level_dbfs(block: bytes) -> float:
    """The block's root mean square against full scale, over all channels; SILENCE_DBFS at the least."""
    samples = np.frombuffer(block, dtype="<i2").astype(np.float64)
    rms = math.sqrt(float(np.mean(samples * samples))) if samples.size else 0.0
    return max(SILENCE_DBFS, 20 * math.log10(rms / _FULL_SCALE)) if rms else SILENCE_DBFS
