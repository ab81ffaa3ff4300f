import numpy as np
import pytest

from app.asr.transcriber import SAMPLE_RATE_HZ
from app.asr.voices import STEP_SAMPLES, Voice, unworded, voices, without_pauses
from app.domain import Word

SECOND = SAMPLE_RATE_HZ // STEP_SAMPLES  # steps


def probabilities(*parts: tuple[float, float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Seconds and what the detector says for so long."""
    return np.concatenate([np.full(round(seconds * SECOND), value, np.float32) for seconds, value in parts])


def test_voices__nobody__gives_none() -> None:
    assert voices(probabilities((10, 0.04)), 10 * SAMPLE_RATE_HZ) == []


def test_voices__a_murmur_that_never_rises_to_a_voice__gives_none() -> None:
    assert voices(probabilities((3, 0.01), (4, 0.19), (3, 0.01)), 10 * SAMPLE_RATE_HZ) == []


def test_voices__one_voice__is_given_with_a_margin_on_both_sides() -> None:
    (voice,) = voices(probabilities((3, 0), (2, 0.9), (5, 0)), 10 * SAMPLE_RATE_HZ)
    begins, ends = 3 * SECOND * STEP_SAMPLES, 5 * SECOND * STEP_SAMPLES
    assert voice == Voice(begins - 6_400, ends + 6_400)


def test_voices__two_close_together__are_one() -> None:
    assert len(voices(probabilities((1, 0.9), (0.6, 0), (1, 0.9)), 3 * SAMPLE_RATE_HZ)) == 1


def test_voices__two_far_apart__are_two_within_the_window() -> None:
    first, second = voices(probabilities((1, 0.9), (3, 0), (1, 0.9)), 5 * SAMPLE_RATE_HZ)
    assert first.start == 0
    assert first.end < second.start
    assert second.end <= 5 * SAMPLE_RATE_HZ


def test_unworded__a_voice_under_words__gives_none() -> None:
    heard = probabilities((1, 0), (2, 0.9), (2, 0))
    words = [Word(1_000, 1_700, "so", 0.9), Word(2_000, 3_000, "far", 0.9)]
    assert unworded(heard, words, 5 * SAMPLE_RATE_HZ, 1_000) == ()


def test_unworded__a_voice_without_words__is_told_with_its_times() -> None:
    ((start_ms, end_ms),) = unworded(probabilities((1, 0), (2, 0.9), (2, 0)), [], 5 * SAMPLE_RATE_HZ, 1_000)
    assert (start_ms, end_ms) == (SECOND * 32, 3 * SECOND * 32)


def test_unworded__a_voice_behind_the_place_to_go_on_from__is_left_to_the_next_window() -> None:
    assert unworded(probabilities((5, 0.9)), [Word(0, 2_000, "so", 0.9)], 2 * SAMPLE_RATE_HZ, 1_000) == ()


def test_unworded__a_short_sound__is_no_speech_that_was_missed() -> None:
    assert unworded(probabilities((1, 0), (0.8, 0.9), (1, 0)), [], 3 * SAMPLE_RATE_HZ, 1_000) == ()


def test_without_pauses__a_word_stretched_over_a_pause__is_cut_to_its_voice() -> None:
    heard = probabilities((5, 0), (0.8, 0.9), (4, 0))
    cut = without_pauses(Word(0, 6_000, "right,", 0.9), heard)
    assert (cut.start_ms, cut.end_ms) == (5 * SECOND * 32 - 100, (5 * SECOND + 25) * 32 + 100)
    assert cut.text == "right,"


def test_without_pauses__two_voices_under_a_word__the_longer_one_is_the_words() -> None:
    heard = probabilities((0.3, 0.9), (2, 0), (1, 0.9), (2, 0))
    cut = without_pauses(Word(0, 4_000, "ready", 0.9), heard)
    assert 2_000 < cut.start_ms < 2_300
    assert 3_200 < cut.end_ms < 3_500


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        (Word(0, 900, "yes", 0.9), ((0.5, 0.9), (3, 0))),  # short
        (Word(0, 3_000, "well", 0.9), ((4, 0.9),)),  # drawn out, with a voice all along
        (Word(0, 3_000, "hm", 0.9), ((4, 0.01),)),  # nobody at all
    ],
)
def test_without_pauses__no_pause_to_cut_off__leaves_the_word(
    word: Word, parts: tuple[tuple[float, float], ...]
) -> None:
    assert without_pauses(word, probabilities(*parts)) == word


def test_without_pauses__a_word_up_to_the_end_of_the_sound__stays_within_itself() -> None:
    cut = without_pauses(Word(500, 3_000, "so", 0.9), probabilities((2, 0), (1, 0.9)))
    assert 1_800 < cut.start_ms < 2_000
    assert cut.end_ms == 3_000
