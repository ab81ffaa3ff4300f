"""What is chosen of a decoder's scores, on a language of nine tokens: five words, the end, and three times."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.asr.beams import NEVER, Rules, Scores, Text, drawn, sample, search

A, B, C, D, HIDDEN, END, T0, T1, T2 = range(9)
RULES = Rules(never=np.array([HIDDEN]), not_first=np.array([D, END]), end=END, first_time=T0, latest_start=1)
EVEN = np.zeros(9, np.float32)


class Book:
    """Knows what follows what; where it knows nothing, the end does."""

    def __init__(self, follows: dict[tuple[int, ...], dict[int, float]]) -> None:
        self._follows = follows
        self._texts: list[tuple[int, ...]] = [()]

    def begin(self) -> Scores:
        return self._after(())

    def go_on(self, tokens: Sequence[int], parents: Sequence[int]) -> Scores:
        self._texts = [(*self._texts[parent], token) for token, parent in zip(tokens, parents, strict=True)]
        return np.array([self._after(text) for text in self._texts])

    def _after(self, text: tuple[int, ...]) -> Scores:
        scores = np.full(9, -30, np.float32)
        for token, probability in self._follows.get(text, {END: 1.0}).items():
            scores[token] = np.log(probability)
        return scores


def found(follows: dict[tuple[int, ...], dict[int, float]], beams: int, most: int = 20) -> Text:
    book = Book(follows)
    return search(book, book.begin(), RULES, beams, most)


def may_follow(*said: int) -> set[int]:
    return set(np.flatnonzero(RULES.allowed(EVEN, said) > NEVER).tolist())


@pytest.mark.parametrize(
    ("said", "may"),
    [
        pytest.param((), {T0, T1}, id="first a time, not too late"),
        pytest.param((T0,), {A, B, C, D, END}, id="after a beginning a word"),
        pytest.param((T1, A), {A, B, C, D, END, T2}, id="after a word no time that is over"),
        pytest.param((T0, A, T1), {END, T1, T2}, id="after a sentence's end another beginning, or the end"),
        pytest.param((T0, A, T1, T1), {A, B, C, D, END}, id="after a second beginning a word"),
    ],
)
def test_allowed__after_what_was_said__keeps_whispers_rules(said: tuple[int, ...], may: set[int]) -> None:
    assert may_follow(*said) == may


def test_log_probabilities__times_likelier_together_than_any_word__leave_no_word() -> None:
    scores = np.log(np.array([0.3, 0.1, 0.1, 1e-9, 1e-9, 1e-9, 1e-9, 0.25, 0.25], np.float32))
    likely = RULES.log_probabilities(scores, (T0, A))
    assert (likely[:T0] == NEVER).all()
    assert np.exp(likely[[T1, T2]]) == pytest.approx([0.5, 0.5], abs=1e-3)


def test_search__a_likely_word_that_leads_nowhere__is_given_up_with_two_beams() -> None:
    follows = {
        (): {T0: 1.0},
        (T0,): {A: 0.6, B: 0.4},
        (T0, A): {C: 0.34, D: 0.33, A: 0.33},
        (T0, B): {END: 1.0},
    }
    assert found(follows, beams=1).tokens == (T0, A, C)
    assert found(follows, beams=2).tokens == (T0, B)


def test_search__each_token__tells_how_likely_it_was_and_what_it_was_added_to() -> None:
    follows = {(): {T0: 1.0}, (T0,): {A: 0.6, B: 0.4}, (T0, B): {C: 1.0}, (T0, A): {C: 0.5, D: 0.5}}
    text = found(follows, beams=2)
    assert text.tokens == (T0, B, C)
    assert np.exp(text.log_probabilities) == pytest.approx([1.0, 0.4, 1.0, 1.0], abs=1e-3)
    assert sum(text.log_probabilities) == pytest.approx(text.log_probability)
    assert text.parents == (0, 0, 1, 0)  # the end was added to what stood first in the step before


def test_search__no_end__stops_after_so_many_tokens() -> None:
    follows = {(T0, *(A,) * count): {A: 1.0} for count in range(30)} | {(): {T0: 1.0}}
    text = found(follows, beams=1, most=12)
    assert text.tokens == (T0, *(A,) * 11)
    assert text.mean == pytest.approx(0, abs=1e-3)


def test_sample__the_same_seed__gives_the_same_text_and_others_other_ones() -> None:
    follows = {(): {T0: 1.0}} | {(T0, one): {B: 0.5, C: 0.5} for one in (A, B)} | {(T0,): {A: 0.5, B: 0.5}}

    def text(seed: int) -> tuple[int, ...]:
        book = Book(follows)
        return sample(book, book.begin(), RULES, drawn(1.0, seed), 20).tokens

    assert text(1) == text(1)
    assert {text(seed) for seed in range(40)} == {(T0, one, other) for one in (A, B) for other in (B, C)}
    assert "tokens" not in repr(found(follows, beams=1))
