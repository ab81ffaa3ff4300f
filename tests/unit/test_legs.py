from collections.abc import Callable
from dataclasses import replace

import numpy as np

from app.asr.transcriber import Utterance
from app.domain import Word
from app.speech.legs import LEG_SAMPLES, Leg, continued, legs

SECOND = 16_000


def sound(seconds: int, quiet_at_s: float, start: int = 0) -> Callable[[int, int], bytes]:
    """Give what reads a sound that begins at the sample `start`."""
    noise = np.random.default_rng(1).integers(-3_000, 3_000, seconds * SECOND).astype(np.int16)
    first = int(quiet_at_s * SECOND)
    noise[first : first + SECOND] = 0
    return lambda place, samples: noise[place - start : place - start + samples].tobytes()


def word(start_ms: int, text: str) -> Word:
    return Word(start_ms, start_ms + 300, text, 0.9)


def utterance(*words: Word, text: str = "") -> Utterance:
    return Utterance(words[0].start_ms, words[-1].end_ms, text or " ".join(one.text for one in words), words)


def test_legs__a_long_sound__is_cut_where_it_is_quiet_near_the_even_place() -> None:
    first, second = legs(0, 160 * SECOND, 2, sound(160, quiet_at_s=76.5))
    assert first.start_sample == 0
    assert 76.5 * SECOND <= first.until_sample == second.start_sample <= 77.5 * SECOND
    assert second.until_sample == 160 * SECOND


def test_legs__a_sound_that_does_not_begin_the_session__is_counted_from_the_sessions_first_sample() -> None:
    start = 1_000 * SECOND
    found = legs(start, 2 * LEG_SAMPLES, 2, sound(240, 110, start))
    assert found[0].start_sample == start
    assert start + 110 * SECOND <= found[1].start_sample <= start + 111 * SECOND
    assert found[-1].until_sample == start + 2 * LEG_SAMPLES


def test_legs__less_than_two_windows__are_one_leg() -> None:
    assert legs(5, 59 * SECOND, 2, sound(59, 30, 5)) == [Leg(5, 5 + 59 * SECOND)]


def test_continued__words_that_both_legs_heard__stand_once() -> None:
    said = [word(900, "I"), word(1_300, "went"), word(1_700, "home.")]
    heard = utterance(
        word(1_000, "I"), word(1_350, "went,"), word(1_800, "Home"), word(2_400, "and"), word(2_800, "slept.")
    )
    (kept,) = continued([heard], said, until_ms=2_000)
    assert [one.text for one in kept.words] == ["and", "slept."]
    assert kept.text == "and slept."
    assert kept.start_ms == 2_400


def test_continued__the_next_word_timed_a_little_early__is_kept() -> None:
    said = [word(900, "went"), word(1_300, "home.")]
    heard = utterance(word(900, "went"), word(1_400, "home"), word(1_600, "and"), word(2_400, "slept"))
    (kept,) = continued([heard], said, until_ms=2_000)
    assert kept.text == "and slept"


def test_continued__words_heard_differently__are_cut_by_time() -> None:
    said = [word(900, "went"), word(1_300, "home")]
    heard = utterance(word(900, "want"), word(1_300, "foam"), word(2_100, "and"), word(2_500, "slept"))
    (kept,) = continued([heard], said, until_ms=2_000)
    assert kept.text == "and slept"


def test_continued__the_same_word_said_again_later__is_kept() -> None:
    said = [word(1_300, "no")]
    heard = [utterance(word(5_000, "no"), word(5_400, "no"))]
    assert continued(heard, said, until_ms=2_000) == tuple(heard)


def test_continued__all_was_said__gives_nothing() -> None:
    assert continued([utterance(word(100, "yes"))], [word(150, "yes")], until_ms=2_000) == ()


def test_continued__nothing_was_said_before__cuts_by_time() -> None:
    heard = utterance(word(100, "a"), word(2_500, "b"))
    assert [one.text for one in continued([heard], [], until_ms=2_000)] == ["b"]


def test_continued__a_script_without_spaces__keeps_the_text_as_it_is_written() -> None:
    heard = utterance(word(100, "我"), word(500, "回"), word(2_500, "家"), text="我回家")
    assert continued([heard], [], until_ms=2_000)[0].text == "家"
    assert continued([replace(heard, text="我 回 家")], [], until_ms=2_000)[0].text == "家"
