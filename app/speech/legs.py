"""A long sound heard in several legs at once, and how their words become one text. Pure.

Each leg but the first begins at a quiet place without text before it. The one before runs on past that place until it
ends with a sentence; where both heard the same words, those of the leg that knows what was said before stand.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise

import numpy as np

from app.asr.transcriber import SAMPLE_RATE_HZ, WINDOW_SAMPLES, Utterance
from app.domain import Word

LEG_SAMPLES = 120 * SAMPLE_RATE_HZ  # as long as it goes: the longer, the less is heard twice
RUNS_ON_SAMPLES = 14 * SAMPLE_RATE_HZ  # on average, past the place where the next leg began
SEARCHED_SAMPLES = 6 * SAMPLE_RATE_HZ  # for a quiet place, before and after the even one
QUIET_SAMPLES = 2 * SAMPLE_RATE_HZ // 5  # what has to be quiet
STEP_SAMPLES = SAMPLE_RATE_HZ // 50
COMPARED_WORDS = 12  # of the end of a leg
APART_MS = 1_000  # the same word, as two legs may time it

Read = Callable[[int, int], bytes]  # of a sample and how many from there: mono s16le


@dataclass(frozen=True, slots=True)
class Leg:
    start_sample: int
    until_sample: int  # it has to get here, and may run on


def legs(start: int, samples: int, at_once: int, read: Read) -> list[Leg]:
    """Cut a sound into legs that take about the same time.

    Args:
        start: its first sample's number.
        samples: how long it is.
        at_once: at most so many legs.
        read: the sound itself.
    """
    count = max(1, min(at_once, samples // WINDOW_SAMPLES))
    length = (samples + RUNS_ON_SAMPLES * (count - 1)) // count
    end = start + samples
    evens = [start + number * (length - RUNS_ON_SAMPLES) for number in range(1, count)]
    near = [(max(start, even - SEARCHED_SAMPLES), min(end, even + SEARCHED_SAMPLES)) for even in evens]
    edges = [start, *(_quiet_place(read, first, last) for first, last in near), end]
    return [Leg(first, last) for first, last in pairwise(edges)]


def continued(utterances: Sequence[Utterance], said: Sequence[Word], until_ms: int) -> tuple[Utterance, ...]:
    """Give of a leg's utterances what the leg before it has not said.

    Args:
        utterances: of this leg, in order.
        said: the last words of the leg before; times as the utterances'.
        until_ms: how far the leg before has heard.
    """
    words = [word for utterance in utterances for word in utterance.words]
    first = _first_new(words, said[-COMPARED_WORDS:], until_ms)
    kept, number = list[Utterance](), 0
    for utterance in utterances:
        gone = max(0, first - number)
        number += len(utterance.words)
        if gone < len(utterance.words):
            kept.append(_without(utterance, gone))
    return tuple(kept)


def _first_new(words: Sequence[Word], said: Sequence[Word], until_ms: int) -> int:
    """The number of the first word that is new."""
    late = next((number for number, word in enumerate(words) if _middle_ms(word) >= until_ms), len(words))
    near = [number for number, word in enumerate(words) if word.start_ms < until_ms + APART_MS]
    matcher = SequenceMatcher(
        None, [_plain(word) for word in said], [_plain(words[number]) for number in near], autojunk=False
    )
    for block in reversed(matcher.get_matching_blocks()[:-1]):
        last_said, last_word = block.a + block.size - 1, block.b + block.size - 1
        if abs(_middle_ms(said[last_said]) - _middle_ms(words[last_word])) > APART_MS:
            continue
        return last_word + 1 if last_said == len(said) - 1 else max(late, last_word + 1)
    return late


def _without(utterance: Utterance, gone: int) -> Utterance:
    """Leave out the first `gone` words, in the text as it is written."""
    if not gone:
        return utterance
    place = 0
    for word in utterance.words[:gone]:
        place = max(0, utterance.text.find(word.text, place)) + len(word.text)
    words = utterance.words[gone:]
    return replace(utterance, start_ms=words[0].start_ms, text=utterance.text[place:].strip(), words=words)


def _quiet_place(read: Read, first: int, end: int) -> int:
    """The middle of the quietest stretch between two samples."""
    near = np.frombuffer(read(first, end - first), "<i2").astype(np.float64) ** 2
    sums = np.concatenate([[0.0], np.cumsum(near)])
    starts = np.arange(0, max(1, len(near) - QUIET_SAMPLES), STEP_SAMPLES)
    power = sums[np.minimum(starts + QUIET_SAMPLES, len(near))] - sums[starts]
    return int(first + starts[int(np.argmin(power))] + QUIET_SAMPLES // 2)


def _middle_ms(word: Word) -> int:
    return (word.start_ms + word.end_ms) // 2


def _plain(word: Word) -> str:
    return "".join(letter for letter in word.text.lower() if unicodedata.category(letter)[0] in "LN")
