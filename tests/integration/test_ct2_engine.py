"""Whisper on CTranslate2, as on a Raspberry Pi: the real model hears real speech without OpenVINO."""

from collections.abc import Iterator

import numpy as np
import pytest
from faster_whisper.tokenizer import Tokenizer
from support.demo_sound import MODELS_DIR, demo_pcm

from app.asr import whisper
from app.asr.ct2_engine import Ct2Engine
from app.asr.looks import Way
from app.asr.transcriber import Window
from app.asr.whisper import WhisperTranscriber
from app.domain import Context
from app.speech.attribution import mixed_down


@pytest.fixture(scope="module")
def transcriber() -> Iterator[WhisperTranscriber]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whisper, "_fast_engine", lambda *_: None)
        yield WhisperTranscriber(MODELS_DIR / "base", "base", threads=0, device="cpu")


def test_hear__without_openvino__gives_words_with_times(transcriber: WhisperTranscriber) -> None:
    assert isinstance(transcriber._engine, Ct2Engine)
    heard = transcriber.hear(Window(mixed_down(demo_pcm(0, 12), 2), final=True))
    words = [word for utterance in heard.utterances for word in utterance.words]
    assert heard.context.language == "en"
    assert len(words) > 10
    assert [word.start_ms for word in words] == sorted(word.start_ms for word in words)


def test_decode__sampled__gives_the_same_text_each_time(transcriber: WhisperTranscriber) -> None:
    engine, window = transcriber._engine, Window(mixed_down(demo_pcm(0, 12), 2), final=True, context=Context())
    around = np.frombuffer(window.pcm, "<i2").astype(np.float32) / 32768
    encoded = engine.encode(engine.parts.feature_extractor(around)[:, :1200])
    tokenizer = Tokenizer(engine.parts.hf_tokenizer, multilingual=True, task="transcribe", language="en")

    def sampled() -> list[int]:
        with engine.decoding(encoded, tokenizer) as decode:
            return decode(Way("sampled", list(tokenizer.sot_sequence), 1, 100, temperature=0.6)).tokens

    assert sampled() == sampled() != []
