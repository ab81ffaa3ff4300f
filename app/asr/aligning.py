"""When each token was spoken, from where the decoder listened. Pure.

As `find_alignment` and `dtw` in `whisper/timing.py`: the attention of heads that follow the sound, made even and
smoothed; then the cheapest way through it that never goes back.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]  # shape (tokens, positions of the sound, 20 ms each)

SMOOTHED = 7  # positions whose median stands for the middle one
# Compared and swapped in this order, the median of seven stands in the middle (Devillard, "Fast median search").
EXCHANGES = ((0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4))
DIAGONALLY, DOWN, RIGHT = range(3)


def followed(heads: NDArray[np.float32]) -> Matrix:
    """Give how much each token belongs to each position, from the attention of heads, (heads, tokens, positions)."""
    return np.asarray(np.mean([_smooth(_even(head)) for head in heads], axis=0), np.float32)


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
    around = [edged[:, first : first + positions] for first in range(SMOOTHED)]
    for low, high in EXCHANGES:
        around[low], around[high] = np.minimum(around[low], around[high]), np.maximum(around[low], around[high])
    return np.asarray(around[half])


def path(belongs: Matrix) -> list[tuple[int, int]]:
    """Give the way through the matrix that belongs most, as (token, position) in order: dynamic time warping.

    The cells of a diagonal do not depend on each other, so each diagonal is worked out in one go.
    """
    tokens, positions = belongs.shape
    width = positions + 2 * tokens
    padded = np.full((tokens, width), np.inf)
    padded[:, tokens : tokens + positions] = -belongs
    step = padded.itemsize
    diagonals = np.lib.stride_tricks.as_strided(
        padded[0, tokens:], (tokens + positions - 1, tokens), (step, (width - 1) * step), writeable=False
    )
    came = np.empty(diagonals.shape, np.int8)
    before = np.full(tokens + 1, np.inf)  # costs on the diagonal before last, behind a place that nothing comes from
    last = before.copy()
    before[0] = 0  # where the way begins
    for costs, steps in zip(diagonals, came, strict=True):
        across, down, right = before[:-1], last[:-1], last[1:]
        np.subtract(RIGHT, 2 * ((across < down) & (across < right)) + ((down < across) & (down < right)), out=steps)
        before, last = last, np.concatenate([[np.inf], costs + np.minimum(np.minimum(across, down), right)])
    return _back(came, tokens, positions)


def _back(came: NDArray[np.int8], tokens: int, positions: int) -> list[tuple[int, int]]:
    token, position, found = tokens - 1, positions - 1, list[tuple[int, int]]()
    while token >= 0 and position >= 0:
        found.append((token, position))
        step = DOWN if position == 0 else RIGHT if token == 0 else came[token + position, token]
        token, position = token - int(step != RIGHT), position - int(step != DOWN)
    return found[::-1]
