"""Turns of speaking: from a score for each voice every 50 ms to who spoke when, and to whose each word is. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain import Turn, Word

FRAME_MS = 50
CHEAPER_IN_SILENCE = 0.25  # people change turns in pauses
SLIPPED_MS = 300  # how far the times of a word may be off
NEAR_MS = 700  # how far a change of speaker may be from a sentence's end to belong there

Values = NDArray[np.float64]


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


Spoken = tuple[str | None, bool]  # whose a word is, and whether that is sure


def speakers_of(words: Sequence[Word], turns: Sequence[Turn]) -> list[Spoken]:
    """Give each word to who speaks most while it is said, or else to who speaks nearest to it.

    A change of speaker just beside the end of a sentence is moved there, since the times of words are not exact. A
    short word that stands alone between two of somebody else is given to them, unless a turn of its own was heard: so
    an "mm-hm" keeps its speaker. The turns are in order, and apart.
    """
    if not turns or not words:
        return [(None, False)] * len(words)
    first = max(0, bisect_left(turns, words[0].start_ms, key=lambda turn: turn.end_ms) - 1)
    last = bisect_right(turns, words[-1].end_ms, key=lambda turn: turn.start_ms) + 1
    ordered = turns[first:last]
    spoken = [_speaker(word, ordered) for word in words]
    for at in range(1, len(words) - 1):
        (before, _), (own, _), (after, _) = spoken[at - 1 : at + 2]
        if before == after != own and not _has_own_turn(words[at], own, ordered):
            spoken[at] = (before, True)
    return _at_sentences(words, spoken)


def _speaker(word: Word, turns: Sequence[Turn]) -> Spoken:
    best = max(turns, key=lambda turn: min(turn.end_ms, word.end_ms) - max(turn.start_ms, word.start_ms))
    within = [turn for turn in turns if turn.start_ms < word.end_ms and word.start_ms < turn.end_ms]
    return best.speaker, best.sure and len({turn.speaker for turn in within}) < 2  # noqa: PLR2004  both speak in it


def _has_own_turn(word: Word, speaker: str | None, turns: Sequence[Turn]) -> bool:
    return any(
        turn.speaker == speaker
        and turn.end_ms - turn.start_ms <= 2 * (word.end_ms - word.start_ms) + SLIPPED_MS
        and min(turn.end_ms, word.end_ms) - max(turn.start_ms, word.start_ms) >= (word.end_ms - word.start_ms) / 2
        for turn in turns
    )


def _at_sentences(words: Sequence[Word], spoken: list[Spoken]) -> list[Spoken]:
    moved = list(spoken)
    changes = [at for at, (one, other) in enumerate(pairwise(spoken), start=1) if one[0] != other[0]]
    for at in changes:
        if _ends(words[at - 1]):
            continue
        for target in (at - 1, at + 1, at - 2, at + 2):
            if 0 < target < len(words) and _ends(words[target - 1]) and _is_near(words, at, target):
                speaker = moved[at - 1] if target > at else moved[at]
                moved[min(at, target) : max(at, target)] = [speaker] * abs(target - at)
                break
    return moved


def _ends(word: Word) -> bool:
    return word.text.rstrip("\"')").endswith((".", "?", "!", "\u2026", "\u3002"))


def _is_near(words: Sequence[Word], at: int, target: int) -> bool:
    first, last = sorted((at, target))
    return words[last - 1].end_ms - words[first].start_ms <= NEAR_MS
