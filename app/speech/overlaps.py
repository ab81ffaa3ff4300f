"""Where two people speak at once, from how far the sound lies between their two seats. Pure.

A voice alone sounds from its seat; two at once sound from between the two, back and forth as now the one and now the
other is louder. A change of turn passes through the middle as well, but in less than `LEAST_FRAMES`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.speech.turns import FRAME_MS

BETWEEN = 0.3  # of the way from one seat to the other: from here to as far from the other
LEAST_FRAMES = 4
SMOOTHED_FRAMES = 9
WIDENED_FRAMES = 5  # on both sides: what lies between is found in the middle of an overlap
JOINED_FRAMES = 10  # a pause of an overlap

Span = tuple[int, int]  # start and end in ms


def overlaps(way: NDArray[np.float64], speech: NDArray[np.bool_]) -> tuple[Span, ...]:
    """Give where two speak at once, in order and apart.

    Args:
        way: from one seat (0) to the other (1), by frame; those without speech do not count.
        speech: whether somebody speaks, by frame.
    """
    smooth = _mean_of(way * speech) / np.maximum(_mean_of(speech.astype(np.float64)), 1e-6)
    between = speech & (smooth > BETWEEN) & (smooth < 1 - BETWEEN)
    joined: list[Span] = []
    for first, last in _runs(between):
        start, end = max(0, first - WIDENED_FRAMES), min(len(way), last + WIDENED_FRAMES)
        if joined and start - joined[-1][1] <= JOINED_FRAMES:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return tuple((start * FRAME_MS, end * FRAME_MS) for start, end in joined)


def within(start_ms: int, end_ms: int, spans: Sequence[Span]) -> bool:
    """Whether a word is said while two people speak."""
    middle_ms = (start_ms + end_ms) / 2
    return any(start < middle_ms < end for start, end in spans)


def _mean_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.convolve(values, np.ones(SMOOTHED_FRAMES) / SMOOTHED_FRAMES, mode="same")[: len(values)]


def _runs(holds: NDArray[np.bool_]) -> Iterator[Span]:
    """Where it holds for long enough: first frame, and the one after the last."""
    edges = np.diff(np.concatenate([[0], holds.astype(np.int8), [0]]))
    for first, last in zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True):
        if last - first >= LEAST_FRAMES:
            yield first, last
