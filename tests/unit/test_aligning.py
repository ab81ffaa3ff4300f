"""When tokens were spoken: against the plain way to compute it."""

import numpy as np
import pytest

from app.asr.aligning import SMOOTHED, followed, path


def plain_path(belongs: np.ndarray) -> list[tuple[int, int]]:
    """Dynamic time warping, cell by cell."""
    rows, columns = belongs.shape
    cost, came = np.full((rows + 1, columns + 1), np.inf), np.zeros((rows + 1, columns + 1), int)
    cost[0, 0], came[0, :], came[:, 0] = 0, 2, 1
    for row in range(1, rows + 1):
        for column in range(1, columns + 1):
            across, down, right = cost[row - 1, column - 1], cost[row - 1, column], cost[row, column - 1]
            came[row, column] = 0 if across < min(down, right) else 1 if down < min(across, right) else 2
            cost[row, column] = min(across, down, right) - belongs[row - 1, column - 1]
    found, row, column = [], rows, columns
    while row > 0 or column > 0:
        found.append((row - 1, column - 1))
        step = came[row, column]
        row, column = row - (step != 2), column - (step != 1)
    return found[::-1]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (9, 4), (5, 40), (30, 120)])
def test_path__any_matrix__is_that_of_the_plain_way(shape: tuple[int, int]) -> None:
    belongs = np.random.default_rng(1).random(shape, np.float32)
    assert path(belongs) == plain_path(belongs.astype(np.float64))


@pytest.mark.parametrize("positions", [3, 4, 50])
def test_followed__attention__is_made_even_and_smoothed_by_the_median(positions: int) -> None:
    heads = np.random.default_rng(2).random((2, 6, positions), np.float32)
    even = (heads - heads.mean(1, keepdims=True)) / heads.std(1, keepdims=True)
    half = SMOOTHED // 2
    if positions > half:
        edged = np.pad(even, ((0, 0), (0, 0), (half, half)), mode="reflect")
        even = np.median(np.lib.stride_tricks.sliding_window_view(edged, SMOOTHED, axis=-1), axis=-1)
    assert followed(heads) == pytest.approx(even.mean(0), abs=1e-5)


def test_followed__nobody_is_told_apart__is_no_division_by_nothing() -> None:
    assert not followed(np.ones((1, 4, 20), np.float32)).any()
