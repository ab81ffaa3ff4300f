"""A voice without words: where it is heard by itself, and what follows."""

import pytest

from app.asr.passed_over import are_words, end_before, part_around
from app.asr.transcriber import Utterance
from app.domain import Word


def word(start_ms: int, end_ms: int, probability: float = 1.0) -> Word:
    return Word(start_ms, end_ms, "said", probability)


def sentence(start_ms: int, end_ms: int) -> Utterance:
    return Utterance(start_ms, end_ms, "said", (word(start_ms, end_ms),))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], (4_600, 6_400)),
        ([word(4_000, 4_900), word(6_200, 7_000)], (4_900, 6_200)),
        ([word(1_000, 2_000), word(9_000, 9_500)], (4_600, 6_400)),
        ([word(4_500, 5_150), word(5_850, 6_300)], (5_150, 5_850)),  # up to 0.2 s of a voice beside a word are its own
    ],
)
def test_part_around__a_voice__reaches_up_to_the_words_beside_it(words: list[Word], expected: tuple[int, int]) -> None:
    assert part_around((5_000, 6_000), words, 30_000) == expected


def test_part_around__at_an_edge_of_the_window__ends_there() -> None:
    assert part_around((100, 900), [], 1_000) == (0, 1_000)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.75, 0.78], True),  # "Right, okay"
        ([0.99], False),  # "Uh"
        ([0.10, 0.47, 0.84, 0.90, 0.93], False),  # "ah ah ah ah ah"
        ([0.9, 0.0], False),
        ([], False),
    ],
)
def test_are_words__as_sure_as_the_model_was__are_told_from_a_noise(
    probabilities: list[float], *, expected: bool
) -> None:
    assert are_words([word(0, 100, probability) for probability in probabilities]) is expected


@pytest.mark.parametrize(
    ("part_ms", "expected"),
    [
        ((9_000, 10_000), 9_000),  # between two sentences
        ((7_000, 7_800), 5_000),  # in a sentence: before all of it
        ((11_000, 12_000), 11_000),  # behind the last one
        ((1_000, 1_600), 0),  # in the first: nothing would be left of the window
        ((2_900, 3_900), 0),
    ],
)
def test_end_before__words_that_were_passed_over__leaves_them_and_their_sentence_to_the_next_window(
    part_ms: tuple[int, int], expected: int
) -> None:
    sentences = [sentence(0, 2_500), sentence(5_000, 9_000), sentence(10_000, 11_000)]
    assert end_before(sentences, part_ms) == expected
