"""Whether a tape holds what the room sounded like: bit for bit, or as if it had been resampled in one piece.

The room plays noise, ten seconds from each seed. The length of a gap on the tape is what the clock said, and no clock
is exact to a sample; so behind a gap the room's sound is looked for anew, and from there on every second counts again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import soxr
from support.sound import noise

TAPE_HZ: Final = 16_000
CHUNK_S: Final = 10
LEAST_CORRELATION: Final = 0.999
_EDGE_SAMPLES: Final = 1_600  # of a chunk that is resampled by itself, not compared
_FIRST_WITHIN_S: Final = 60
_GAP_WRONG_BY_S: Final = 3
_TRIES: Final = 8  # of the seconds behind a gap, since the first ones may lie in it


@dataclass(frozen=True, slots=True)
class Likeness:
    compared: tuple[int, ...]  # the room's seconds that lie whole between two gaps
    wrong: tuple[int, ...]  # those of them that are not on the tape as they were


@dataclass(frozen=True, slots=True)
class _Place:
    origin: int  # where the room's first sample would be on the tape
    phase: int  # of the device's samples, how many later than the tape's


def chunk(number: int, rate_hz: int) -> bytes:
    """What the room plays from the second `number * CHUNK_S` on, at the device's rate."""
    return noise(CHUNK_S * rate_hz, seed=number)


def compare(sound: np.ndarray, gaps: Sequence[tuple[int, int]], seconds: int, rate_hz: int) -> Likeness:
    """`sound` is the tape's, at TAPE_HZ; `gaps` are (first sample, samples); the room played `seconds` at `rate_hz`."""
    compared: list[int] = []
    wrong: list[int] = []
    place: _Place | None = None
    for start, end in _between(gaps, len(sound)):
        found = _find(sound, start, end, place, rate_hz)
        place = found or place
        if found is None:
            continue
        for second in range(seconds):
            at = found.origin + second * TAPE_HZ
            if start <= at and at + TAPE_HZ <= end:
                compared.append(second)
                if not _is_there(sound, at, second, found.phase, rate_hz):
                    wrong.append(second)
    return Likeness(tuple(compared), tuple(wrong))


def _between(gaps: Sequence[tuple[int, int]], samples: int) -> Iterator[tuple[int, int]]:
    edges = [0, *(edge for sample, length in gaps for edge in (sample, sample + length)), samples]
    return ((start, end) for start, end in list(pairwise(edges))[::2] if end - start > TAPE_HZ)


def _find(sound: np.ndarray, start: int, end: int, before: _Place | None, rate_hz: int) -> _Place | None:
    """Where the room's sound lies in this stretch; None when none of its first seconds is there."""
    first = 0 if before is None else max(0, -(-(start - before.origin) // TAPE_HZ))
    for second in range(first, first + (1 if before is None else _TRIES)):
        if before is None:
            window = (start, min(end, start + _FIRST_WITHIN_S * TAPE_HZ))
        else:
            expected = before.origin + second * TAPE_HZ
            reach = _GAP_WRONG_BY_S * TAPE_HZ
            window = (max(start, expected - reach), min(end, expected + TAPE_HZ + reach))
        for phase in _phases(rate_hz):
            at = _place_in(sound[window[0] : window[1]], second, phase, rate_hz)
            if at is not None:
                return _Place(window[0] + at - second * TAPE_HZ, phase)
    return None


def _phases(rate_hz: int) -> range:
    return range(rate_hz // TAPE_HZ if rate_hz % TAPE_HZ == 0 else 1)


def _place_in(window: np.ndarray, second: int, phase: int, rate_hz: int) -> int | None:
    offset, wanted = _wanted(second, phase, rate_hz)
    if len(window) < len(wanted):
        return None
    size = 1 << (len(window) + len(wanted)).bit_length()
    product = np.fft.rfft(window.astype(float), size) * np.conj(np.fft.rfft(wanted.astype(float), size))
    at = int(np.argmax(np.fft.irfft(product, size)[: len(window)]))
    return at - offset if _correlation(window[at : at + len(wanted)], wanted) >= LEAST_CORRELATION else None


def _is_there(sound: np.ndarray, at: int, second: int, phase: int, rate_hz: int) -> bool:
    offset, wanted = _wanted(second, phase, rate_hz)
    heard = sound[at + offset : at + offset + len(wanted)]
    if rate_hz == TAPE_HZ:
        return bool(np.array_equal(heard, wanted))
    return _correlation(heard, wanted) >= LEAST_CORRELATION


def _wanted(second: int, phase: int, rate_hz: int) -> tuple[int, np.ndarray]:
    """One second of the room at the tape's rate, without a chunk's edges; and where in the second it begins."""
    number, within = divmod(second, CHUNK_S)
    whole = _at_tape_rate(number, phase, rate_hz)
    start, end = within * TAPE_HZ, (within + 1) * TAPE_HZ
    edge = 0 if rate_hz == TAPE_HZ else _EDGE_SAMPLES
    first = start + (edge if within == 0 else 0)
    return first - start, whole[first : end - (edge if within == CHUNK_S - 1 else 0)]


@lru_cache(maxsize=8)
def _at_tape_rate(number: int, phase: int, rate_hz: int) -> np.ndarray:
    signal = np.frombuffer(chunk(number, rate_hz), dtype="<i2")
    if rate_hz == TAPE_HZ:
        return signal
    return soxr.resample(np.concatenate([np.zeros(phase, dtype=np.int16), signal]), rate_hz, TAPE_HZ, "HQ")


def _correlation(sound: np.ndarray, wanted: np.ndarray) -> float:
    if len(sound) < len(wanted):
        return 0.0
    heard, meant = sound.astype(float), wanted.astype(float)
    size = float(np.linalg.norm(heard) * np.linalg.norm(meant))
    return float(heard @ meant) / size if size else 0.0
