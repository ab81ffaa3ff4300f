"""A window whose first words leave speech uncovered is heard anew. The real model, its first answer cut short."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from support.demo_sound import MODELS_DIR, demo_pcm

from app.asr.looks import Decoded
from app.asr.transcriber import Window
from app.asr.whisper import WhisperTranscriber
from app.domain import Context
from app.speech.attribution import mixed_down

if TYPE_CHECKING:
    from collections.abc import Callable

VOCABULARY = "Martyn."
TOKENS_A_SECOND = 50  # of the time


@pytest.fixture(scope="module")
def whisper() -> WhisperTranscriber:
    return WhisperTranscriber(MODELS_DIR / "base", "base", threads=0, device="cpu")


@pytest.fixture
def first_answer_is_cut_short(whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    look: Callable[..., Decoded] = whisper._looks.look

    def cut(encoded: object, prompt: list[int], tokenizer: Any, samples: int, *, anew: bool) -> Decoded:
        decoded = look(encoded, prompt, tokenizer, samples, anew=anew)
        if anew:
            return decoded
        few = [one for one in decoded.tokens if one < tokenizer.eot][:3]
        begins, ends = tokenizer.timestamp_begin, tokenizer.timestamp_begin + 100
        return replace(decoded, tokens=[begins, *few, ends], no_speech_probability=0.0)

    monkeypatch.setattr(whisper._looks, "look", cut)


@pytest.fixture
def a_short_sentence_is_passed_over(whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lose a sentence of 0.5 to 2 s of the first answer; give its tokens."""
    look: Callable[..., Decoded] = whisper._looks.look
    lost = list[int]()

    def without(encoded: object, prompt: list[int], tokenizer: Any, samples: int, *, anew: bool) -> Decoded:
        decoded = look(encoded, prompt, tokenizer, samples, anew=anew)
        if anew or lost:
            return decoded
        tokens = decoded.tokens
        times = [place for place, token in enumerate(tokens) if token >= tokenizer.timestamp_begin]
        begin, end = next(
            (begin, end)
            for begin, end in zip(times[2::2], times[3::2], strict=False)
            if TOKENS_A_SECOND < 2 * (tokens[end] - tokens[begin]) < 4 * TOKENS_A_SECOND
        )
        lost.extend(tokens[begin + 1 : end])
        return replace(decoded, tokens=tokens[:begin] + tokens[end + 1 :], timing=shortened(decoded.timing, begin, end))

    monkeypatch.setattr(whisper._looks, "look", without)
    return lost


def shortened(timing: Any, begin: int, end: int) -> Any:
    """What OpenVINO's engine tells the times by, without some tokens; CTranslate2's reads the text again."""
    if not hasattr(timing, "tokens"):
        return timing
    return replace(
        timing,
        tokens=timing.tokens[:begin] + timing.tokens[end + 1 :],
        shares=np.delete(timing.shares, slice(begin, end + 1)),
        listened=np.delete(timing.listened, slice(begin, end + 1), axis=1),
    )


def asked(context: Context, start_s: float = 0) -> Window:
    return Window(mixed_down(demo_pcm(start_s, 20), 2), final=True, context=context)


@pytest.mark.usefixtures("first_answer_is_cut_short")
def test_hear__much_speech_without_words__is_heard_without_what_led_astray(whisper: WhisperTranscriber) -> None:
    alone = whisper.hear(asked(Context(language="en")))
    led = whisper.hear(asked(Context(language="en", vocabulary=VOCABULARY)))
    assert sum(len(one.words) for one in alone.utterances) > 20
    assert [one.text for one in led.utterances] == [one.text for one in alone.utterances]
    assert {one.path for one in led.utterances} == {"second"}
    assert led.not_understood == alone.not_understood
    assert led.context.vocabulary == VOCABULARY
    assert led.context.prompt == alone.context.prompt


@pytest.mark.usefixtures("first_answer_is_cut_short")
def test_hear__speech_covered_by_words__is_heard_once(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.asr.whisper.MISSED_MS", 60_000)
    led = whisper.hear(asked(Context(language="en", vocabulary=VOCABULARY)))
    assert {one.path for one in led.utterances} == {"first"}
    assert led.not_understood


def test_hear__a_first_window_passes_a_sentence_over__ends_before_it_and_the_next_one_hears_it(
    whisper: WhisperTranscriber, a_short_sentence_is_passed_over: list[int]
) -> None:
    first = whisper.hear(asked(Context(language="en")))
    lost = whisper._model.hf_tokenizer.decode(a_short_sentence_is_passed_over).strip()
    assert 3 * 16_000 <= first.advance_samples < 19 * 16_000
    assert max(one.end_ms for one in first.utterances) <= first.advance_samples // 16
    said = " ".join(one.text for one in first.utterances)
    assert lost not in said
    assert whisper._model.hf_tokenizer.decode(first.context.prompt).strip() == said
    second = whisper.hear(asked(first.context, first.advance_samples / 16_000))
    assert words(lost) <= words(" ".join(one.text for one in second.utterances))


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def test_hear__more_words_than_anybody_says_in_that_time__are_left_out(
    whisper: WhisperTranscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    look: Callable[..., Decoded] = whisper._looks.look

    def too_quick(*given: Any, anew: bool) -> Decoded:
        return replace(look(*given, anew=anew), is_too_quick=True)

    monkeypatch.setattr(whisper._looks, "look", too_quick)
    heard = whisper.hear(asked(Context(language="en")))
    assert heard.utterances == ()
    assert heard.not_understood
