"""Words that a window passes over: where to hear a voice without words by itself, and what follows from it. Pure."""

import math
from collections.abc import Sequence

from app.asr.transcriber import Utterance
from app.domain import Word

BESIDE_MS = 400  # heard on either side of the voice, where no words stand
LEAST_WORDS = 2  # one word is what the model makes of a cough, too
SURE = math.log(0.6)  # a word, in the mean; laughter and breath are under a half
LEAST_MS = 3_000  # of a window that ends early, as the next one costs as much as a whole one

Gap = tuple[int, int]  # start and end in ms of a voice without words


def part_around(gap: Gap, words: Sequence[Word], window_ms: int) -> Gap:
    """Give start and end of what to hear by itself: the voice, and what is beside it up to the next words."""
    start_ms, end_ms = gap
    before = (word.end_ms for word in words if word.start_ms <= start_ms)
    after = (word.start_ms for word in words if word.end_ms >= end_ms)
    return max([0, start_ms - BESIDE_MS, *before]), min([window_ms, end_ms + BESIDE_MS, *after])


def are_words(words: Sequence[Word]) -> bool:
    """Tell whether what was heard of a voice by itself was said, and is no noise."""
    sure = [math.log(max(word.probability, 1e-9)) for word in words]
    return len(sure) >= LEAST_WORDS and sum(sure) / len(sure) >= SURE


def end_before(utterances: Sequence[Utterance], part_ms: Gap) -> int:
    """Give where a window ends that leaves such a part to the next one, with the sentence that it lies in; 0: nowhere.

    Nowhere is where too little would be left of the window.
    """
    in_it = (one.start_ms for one in utterances if one.start_ms < part_ms[0] < one.end_ms)
    end_ms = next(in_it, part_ms[0])
    return end_ms if end_ms >= LEAST_MS else 0
