"""How much a statement says of the whole: TextRank, without its matrix. Pure.

Source: Mihalcea and Tarau, "TextRank: Bringing Order into Texts", EMNLP 2004, with TF-IDF cosine as the similarity.
The similarity matrix X·Xᵀ is never built: a step multiplies by Xᵀ and then by X, so time and memory grow with the words
alone, and a three-hour session needs no more than a few megabytes.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_DAMPING: Final = 0.85  # Source: Brin and Page 1998, kept by Mihalcea and Tarau
_STEPS: Final = 30


def textrank(statements: Sequence[Sequence[str]]) -> Floats:
    """The rank of each statement, given its content stems: shape (n,), float64, 0..1 with 1 for the highest.

    One without content has rank 0.
    """
    if not statements:
        return np.zeros(0)
    rows, columns, values, width = _tf_idf(statements)
    height = len(statements)

    def times(weights: Floats) -> Floats:
        """X·Xᵀ·weights without the diagonal."""
        words = np.bincount(columns, values * weights[rows], minlength=width)
        own = np.bincount(rows, values**2, minlength=height) * weights
        return np.bincount(rows, values * words[columns], minlength=height) - own

    degree = np.maximum(times(np.ones(height)), 1e-9)
    spoken = np.bincount(rows, minlength=height) > 0
    rank = np.ones(height)
    for _ in range(_STEPS):
        rank = (1 - _DAMPING) + _DAMPING * times(rank / degree)
    rank = np.where(spoken, rank, 0.0)
    return rank / max(float(rank.max()), 1e-9)


def _tf_idf(statements: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, int]:
    """Rows of unit length as coordinates: row, column, value; and the number of columns."""
    places: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    counts: list[int] = []
    for row, words in enumerate(statements):
        for word, count in Counter(words).items():
            rows.append(row)
            columns.append(places.setdefault(word, len(places)))
            counts.append(count)
    row_of, column_of = np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)
    width = max(1, len(places))
    spread = np.bincount(column_of, minlength=width)
    values = np.array(counts, dtype=np.float64) * (np.log((1 + len(statements)) / (1 + spread)) + 1)[column_of]
    lengths = np.sqrt(np.bincount(row_of, values**2, minlength=len(statements)))
    return row_of, column_of, values / np.maximum(lengths[row_of], 1e-9), width
