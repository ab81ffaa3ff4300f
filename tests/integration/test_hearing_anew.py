"""A window whose first words leave speech uncovered is heard anew. The real model, its first answer cut short."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

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


def asked(context: Context) -> Window:
    return Window(mixed_down(demo_pcm(0, 20), 2), final=True, context=context)


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
