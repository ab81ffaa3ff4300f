"""When each token was spoken, from where the decoder listened. Pure.

As `find_alignment` and `dtw` in `whisper/timing.py`: the attention of heads that follow the sound, made even and
smoothed; then the cheapest way through it that never goes back.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]  # shape (tokens, positions of the sound, 20 ms each)

SMOOTHED = 7  # positions whose median stands for the middle one
# Compared and swapped in this order, the median of seven stands in the middle (Devillard, "Fast median search").
EXCHANGES = ((0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4))
ROWS_AT_ONCE = 16  # of them, which the processor's cache holds
DIAGONALLY, DOWN, RIGHT = range(3)


def followed(heads: Iterable[Matrix]) -> Matrix:
    """Give how much each token belongs to each position, from the attention of each head."""
    total, count = np.zeros((1, 1), np.float32), 0
    for head in heads:  # one at a time, for the memory
        total, count = total + _smooth(_even(head)), count + 1
    return np.asarray(total / count, np.float32)


def _even(attention: Matrix) -> Matrix:
    """No position has more than others, whatever is louder there."""
    spread = np.maximum(attention.std(axis=0), np.finfo(np.float32).tiny)
    return np.asarray((attention - attention.mean(axis=0)) / spread, np.float32)


def _smooth(attention: Matrix) -> Matrix:
    """The median over positions; at the edges the sound is as if it were reflected."""
    half, positions = SMOOTHED // 2, attention.shape[1]
    if positions <= half:
        return attention
    edged = np.pad(attention, ((0, 0), (half, half)), mode="reflect")
    parts = range(0, len(edged), ROWS_AT_ONCE)
    return np.concatenate([_medians(edged[first : first + ROWS_AT_ONCE]) for first in parts])


def _medians(edged: Matrix) -> Matrix:
    positions = edged.shape[1] - SMOOTHED + 1
    around = [edged[:, first : first + positions] for first in range(SMOOTHED)]
    for low, high in EXCHANGES:
        around[low], around[high] = np.minimum(around[low], around[high]), np.maximum(around[low], around[high])
    return np.asarray(around[SMOOTHED // 2])


def path(belongs: Matrix) -> list[tuple[int, int]]:
    """Give the way through the matrix that belongs most, as (token, position) in order: dynamic time warping.

    A token's cells are worked out in one go: what it costs to come from the left is the least of what it cost to come
    from above anywhere before, and all the cells from there on.
    """
    came = np.empty(belongs.shape, np.int8)
    last = np.full(belongs.shape[1] + 1, np.inf)  # costs of the token before, behind a place that nothing comes from
    last[0] = 0  # where the way begins
    for costs, steps in zip(-belongs.astype(np.float64), came, strict=True):
        across, down, until = last[:-1], last[1:], np.cumsum(costs)
        here = np.minimum.accumulate(np.minimum(across, down) - (until - costs)) + until
        last = np.concatenate([[np.inf], here])
        right = last[:-1]
        np.subtract(RIGHT, 2 * ((across < down) & (across < right)) + ((down < across) & (down < right)), out=steps)
    return _back(came)


def _back(came: NDArray[np.int8]) -> list[tuple[int, int]]:
    token, position, found = came.shape[0] - 1, came.shape[1] - 1, list[tuple[int, int]]()
    while token >= 0 and position >= 0:
        found.append((token, position))
        step = DOWN if position == 0 else RIGHT if token == 0 else came[token, position]
        token, position = token - int(step != RIGHT), position - int(step != DOWN)
    return found[::-1]
