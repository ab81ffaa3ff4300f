"""Which look at a window stands, with a decoder that says what it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from app.asr.looks import Decode, Decoded, Looks, Way

SECOND = 16_000
END, FIRST_TIME = 1_000, 1_100
TOKENIZER: Any = SimpleNamespace(sot=END + 1, eot=END)
OPTIONS: Any = SimpleNamespace(
    temperatures=(0.0, 0.2, 0.4), log_prob_threshold=-1.0, no_speech_threshold=0.6, compression_ratio_threshold=2.4
)
WORDS = [FIRST_TIME, 7, 8, 9, FIRST_TIME + 30]
LOOP = [FIRST_TIME, *[7] * 12]


def decoded(tokens: list[int], log_probability: float = -0.3, repetition: float = 1.2) -> Decoded:
    return Decoded(tokens, log_probability, repetition, 0.1, None)


def looked(samples: int, *answers: Decoded) -> tuple[Decoded, list[str]]:
    """Give what stands of these answers, one a look, and which looks were taken."""
    left, taken = list(answers), list[str]()

    @contextmanager
    def decoding(_encoded: object, _tokenizer: object) -> Iterator[Decode]:
        def decode(way: Way) -> Decoded:
            taken.append(way.look)
            return left.pop(0)

        yield decode

    stands = Looks(decoding, OPTIONS).look(None, [TOKENIZER.sot], TOKENIZER, samples, anew=False)
    return stands, taken


def test_look__words_that_somebody_can_say_in_that_time__stand_at_once() -> None:
    stands, taken = looked(SECOND, decoded(WORDS))
    assert (stands.tokens, stands.is_too_quick, taken) == (WORDS, False, ["first"])


def test_look__more_than_anybody_says_in_that_time__is_looked_at_again() -> None:
    stands, taken = looked(SECOND * 6 // 10, decoded(LOOP), decoded(LOOP), decoded(WORDS, -0.9))
    assert (stands.tokens, taken) == (WORDS, ["first", "second", "sampled"])


def test_look__as_much_in_a_longer_window__stands() -> None:
    stands, taken = looked(2 * SECOND, decoded(LOOP))
    assert (stands.tokens, stands.is_too_quick, taken) == (LOOP, False, ["first"])


@pytest.mark.parametrize("unsure", [-1.5, -3.0])
def test_look__where_all_went_wrong__what_can_be_said_in_that_time_is_the_least_wrong(unsure: float) -> None:
    stands, taken = looked(SECOND * 6 // 10, decoded(LOOP), decoded(LOOP), decoded(WORDS, unsure), decoded(LOOP))
    assert (stands.tokens, len(taken)) == (WORDS, 4)


def test_look__where_all_say_too_much__that_is_told() -> None:
    stands, _ = looked(SECOND * 6 // 10, *[decoded(LOOP)] * 4)
    assert stands.is_too_quick
