"""Turns of speaking: from a score for each voice every 50 ms to who spoke when, and to whose each word is. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 50
CHEAPER_IN_SILENCE = 0.25  # people change turns in pauses

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody speaks. Times count from the tape's first sample."""

    start_ms: int
    end_ms: int
    speaker: str  # "1", "2", ...
    sure: bool = True


def followed(scores: Values, speech: NDArray[np.bool_], switch_cost: float) -> NDArray[np.int64]:
    """Give the likeliest voice of each frame (Viterbi).

    Args:
        scores: log likelihoods, shape (frames, voices); those without speech do not count.
        speech: whether somebody speaks, by frame.
        switch_cost: in nats, for a change of voice within speech.
    """
    counted = np.where(speech[:, None], scores, 0.0).tolist()  # floats are quicker than arrays of two
    within = (speech & np.roll(speech, 1)).tolist()
    best, came_from = [0.0] * scores.shape[1], []
    for frame, row in enumerate(counted):
        top = max(best)
        switched = top - (switch_cost if frame and within[frame] else switch_cost * CHEAPER_IN_SILENCE)
        leader = best.index(top)
        came_from.append([voice if value >= switched else leader for voice, value in enumerate(best)])
        best = [max(value, switched) - top + added for value, added in zip(best, row, strict=True)]
    path = [best.index(max(best))]
    for step in reversed(came_from[1:]):
        path.append(step[path[-1]])
    return np.array(path[::-1], np.int64)


def turns_of(path: NDArray[np.int64], speech: NDArray[np.bool_], sure: NDArray[np.bool_]) -> list[Turn]:
    """Join frames of one voice into turns; a turn is sure where most of its frames are."""
    return [
        Turn(first * FRAME_MS, last * FRAME_MS, str(voice + 1), sure=bool(sure[first:last].mean() >= 0.5))  # noqa: PLR2004  most
        for voice, first, last in _runs(
            [int(voice) if spoken else -1 for voice, spoken in zip(path, speech, strict=True)]
        )
        if voice >= 0
    ]


def joined(turns: Sequence[Turn], pause_ms: int) -> list[Turn]:
    """Let somebody's turn go on over pauses up to `pause_ms` in which nobody else speaks."""
    kept: list[Turn] = []
    for turn in turns:
        last = kept[-1] if kept else None
        if last and last.speaker == turn.speaker and turn.start_ms - last.end_ms <= pause_ms:
            kept[-1] = Turn(last.start_ms, turn.end_ms, turn.speaker, sure=last.sure and turn.sure)
        else:
            kept.append(turn)
    return kept


def _runs(values: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    first = 0
    for value, run in groupby(values):
        last = first + sum(1 for _ in run)
        yield value, first, last
        first = last
