"""Where somebody speaks in a window, and where no words came of it: from the voice detector's output. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from app.asr.transcriber import SAMPLE_RATE_HZ
from app.domain import Word

STEP_SAMPLES = 512  # a probability of silero VAD stands for 32 ms
BEGINS = 0.2  # low, because a missed quiet voice loses words, and an overheard noise only costs a decoded window
ENDS = 0.05
SURE = 0.5  # what the detector itself calls a voice
PADDED_S = 0.4
WORD_SAMPLES = SAMPLE_RATE_HZ // 5  # how far off the times of a word may be
LONG_WORD_MS = 1_000  # a word timed longer than this may hide a pause
EDGE_MS = 100  # left around the voice that a long word is cut to

Probabilities = NDArray[np.float32]  # shape (steps,), 0..1


@dataclass(frozen=True, slots=True)
class Voice:
    """Samples from the window's first in which somebody may be speaking."""

    start: int
    end: int


def voices(probabilities: Probabilities, samples: int) -> list[Voice]:
    """Give the stretches with a voice, widened by 0.4 s, in order and apart from each other."""
    found: list[Voice] = []
    pad = int(PADDED_S * SAMPLE_RATE_HZ)
    for first, last in _runs(probabilities >= ENDS):
        if probabilities[first:last].max() < BEGINS:
            continue
        onset = first + int(np.argmax(probabilities[first:last] >= BEGINS))
        start, end = max(0, onset * STEP_SAMPLES - pad), min(samples, last * STEP_SAMPLES + pad)
        if found and start <= found[-1].end:
            found[-1] = Voice(found[-1].start, end)
        else:
            found.append(Voice(start, end))
    return found


def unworded(
    probabilities: Probabilities, words: Sequence[Word], samples: int, least_ms: int
) -> tuple[tuple[int, int], ...]:
    """Give start and end in ms of each `least_ms` or more of a sure voice, up to a sample, that no word covers."""
    sure = probabilities[: samples // STEP_SAMPLES] >= SURE
    for word in words:
        first, last = ((edge_ms * SAMPLE_RATE_HZ // 1000) for edge_ms in (word.start_ms, word.end_ms))
        sure[max(0, first - WORD_SAMPLES) // STEP_SAMPLES : -(-(last + WORD_SAMPLES) // STEP_SAMPLES)] = False
    return tuple((_ms(first), _ms(last)) for first, last in _runs(sure) if _ms(last - first) >= least_ms)


def without_pauses(word: Word, probabilities: Probabilities) -> Word:
    """Cut a long word to where it is mostly said, as Whisper's times stretch a word over the pause beside it."""
    if word.end_ms - word.start_ms < LONG_WORD_MS:
        return word
    first, last = (edge_ms * SAMPLE_RATE_HZ // 1000 // STEP_SAMPLES for edge_ms in (word.start_ms, word.end_ms))
    under = probabilities[first : last + 1]
    loudest = max(_runs(under >= ENDS), key=lambda run: float(under[slice(*run)].sum()), default=None)
    if loudest is None:
        return word
    start_ms, end_ms = _ms(first + loudest[0]) - EDGE_MS, _ms(first + loudest[1]) + EDGE_MS
    return replace(word, start_ms=max(word.start_ms, start_ms), end_ms=min(word.end_ms, end_ms))


def _ms(step: int) -> int:
    return step * STEP_SAMPLES * 1000 // SAMPLE_RATE_HZ


def _runs(holds: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where a condition holds without a break: first step, and the one after the last."""
    for value, steps in groupby(range(len(holds)), key=lambda step: bool(holds[step])):
        if value:
            run = list(steps)
            yield run[0], run[-1] + 1
