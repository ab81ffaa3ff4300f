"""Which look at a window stands, with a decoder that says what it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from app.asr.looks import Decode, Decoded, Looks, Way

SECOND = 16_000
LETTERS, END, FIRST_TIME = 500, 1_000, 1_100


def spelled(tokens: list[int]) -> str:
    """A word a token, as in English; above 500 a letter a token."""
    return "".join(" word" if token < LETTERS else "x" for token in tokens if token < END)


TOKENIZER: Any = SimpleNamespace(sot=END + 1, decode=spelled)
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


def test_look__a_language_of_many_tokens_a_word__is_not_taken_for_a_loop() -> None:
    said = [FIRST_TIME, *range(LETTERS, LETTERS + 40), FIRST_TIME + 50]
    stands, taken = looked(SECOND, decoded(said))
    assert (stands.tokens, taken) == (said, ["first"])


def test_look__a_whole_window_of_quick_speech__stands() -> None:
    said = [FIRST_TIME, *range(150), FIRST_TIME + 1_500]
    stands, taken = looked(30 * SECOND, decoded(said))
    assert (stands.tokens, taken) == (said, ["first"])


@pytest.mark.parametrize("unsure", [-1.5, -3.0])
def test_look__where_all_went_wrong__what_can_be_said_in_that_time_is_the_least_wrong(unsure: float) -> None:
    stands, taken = looked(SECOND * 6 // 10, decoded(LOOP), decoded(LOOP), decoded(WORDS, unsure), decoded(LOOP))
    assert (stands.tokens, len(taken)) == (WORDS, 4)


def test_look__where_all_say_too_much__that_is_told() -> None:
    stands, _ = looked(SECOND * 6 // 10, *[decoded(LOOP)] * 4)
    assert stands.is_too_quick
