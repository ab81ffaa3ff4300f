"""Finds out how much sound is missing, from the time at which the converter took each block. Pure."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

_FLAGGED_TOLERANCE_S: Final = 0.02  # a busy machine tells the time of a block within 10 ms, measured over PulseAudio
_UNFLAGGED_TOLERANCE_S: Final = 0.5
_SETTLES_S: Final = 5.0  # a sound server that has just been started tells the time of its first blocks 0.2 s wrong
_RECENT_BLOCKS: Final = 20  # so many in a row must all come late before a loss is believed that nobody reported
_BEFORE_BLOCKS: Final = 40


class AdcClock:
    """Compares the time that has passed with the samples that came; one open stream's, called in its thread.

    Short memory makes it blind to what is no loss: clocks of sound card and computer that drift apart by seconds a day,
    and single blocks that are told late.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._samples = 0
        self._lateness_s: deque[float] = deque(maxlen=_BEFORE_BLOCKS + _RECENT_BLOCKS)

    def missing_before(self, captured_s: float | None, samples: int, *, overflowed: bool) -> int:
        """How many samples were lost before this block of `samples`; 0 when none, or when nobody can tell.

        `captured_s` is when its first sample was taken, on a clock that never jumps; None where the device is silent
        about it. A reported loss (`overflowed`) is measured at once, one that nobody reported after a second.
        """
        missing = 0
        if captured_s is not None:
            lateness_s = captured_s - self._samples / self._rate_hz
            missing = round(self._lost_s(lateness_s, overflowed=overflowed) * self._rate_hz)
            if missing:
                self._lateness_s.clear()
            self._lateness_s.append(lateness_s - missing / self._rate_hz)
        self._samples += missing + samples
        return missing

    def _lost_s(self, lateness_s: float, *, overflowed: bool) -> float:
        if overflowed:
            lost_s = lateness_s - min(self._lateness_s, default=lateness_s)
            return lost_s if lost_s > _FLAGGED_TOLERANCE_S else 0.0
        if self._samples < _SETTLES_S * self._rate_hz:
            self._lateness_s.clear()
        if len(self._lateness_s) <= _RECENT_BLOCKS:
            return 0.0
        before = len(self._lateness_s) - _RECENT_BLOCKS
        floor_s = min(islice(self._lateness_s, before))
        lost_s = min(*islice(self._lateness_s, before, None), lateness_s) - floor_s
        return lost_s if lost_s > _UNFLAGGED_TOLERANCE_S else 0.0
