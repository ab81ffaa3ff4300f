"""The only file that knows faster-whisper. One call hears one window; nothing is kept between calls.

This is one turn of faster-whisper's own sequential decoding (beam 5, temperature fallback, previous text as context),
taken out of its loop so that a session can be heard while it is still going on and resumed after a kill.
Two things differ, both so that no words stand in silence: a window in which the voice detector hears nobody is not
decoded, and a sentence during which it hears nobody is left out.
"""

import os
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from app.asr.transcriber import SAMPLE_RATE_HZ, WINDOW_SAMPLES, Heard, Utterance, Window
from app.domain import Word

Audio = NDArray[np.float32]  # mono, -1..1, 16 kHz

# Low, because a missed quiet voice loses words, and an overheard noise only costs a decoded window.
VOICE = VadOptions(threshold=0.2, min_silence_duration_ms=500, speech_pad_ms=400)
FRAME_SAMPLES = 160  # a column of Whisper's spectrogram: 10 ms
TAIL_SAMPLES = SAMPLE_RATE_HZ  # left for the next window, as a voice may begin in it
SEED = 1  # the fallback samples; the same window must give the same words


class WhisperTranscriber:
    """Hears windows with one model in memory. Handles speech in clear; one thread at a time."""

    def __init__(self, folder: Path, name: str, threads: int) -> None:
        """Load the model, a second or two; `folder` must have been verified."""
        cores = threads or os.cpu_count() or 1
        self._model = WhisperModel(str(folder), compute_type="int8", cpu_threads=cores, local_files_only=True)
        _, info = self._model.transcribe(np.zeros(SAMPLE_RATE_HZ, np.float32), language="en", word_timestamps=True)
        self._options = info.transcription_options  # faster-whisper's defaults, whole
        self.name = f"Whisper {name}"

    def hear(self, window: Window) -> Heard:
        """Give the words of a window of at most 30 s."""
        audio: Audio = np.frombuffer(window.pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
        if not 0 < len(audio) <= WINDOW_SAMPLES:
            message = f"a window holds 1 to {WINDOW_SAMPLES} samples, not {len(audio)}"
            raise ValueError(message)
        voices = get_speech_timestamps(audio, VOICE)
        if not voices:
            return self._nothing(window, len(audio))
        ctranslate2.set_random_seed(SEED)
        language = window.language or self._detect(audio)
        return self._decode(window, audio, language, voices)

    def _nothing(self, window: Window, samples: int, language: str | None = None) -> Heard:
        tail = 0 if window.final else min(TAIL_SAMPLES, samples - 1)
        return Heard((), samples - tail, window.prompt, language or window.language, self.name)

    def _detect(self, audio: Audio) -> str:
        if not self._model.model.is_multilingual:
            return "en"
        language, _, _ = self._model.detect_language(audio)
        return str(language)

    def _decode(self, window: Window, audio: Audio, language: str, voices: list[dict[str, int]]) -> Heard:
        model, options = self._model, self._options
        tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
        features = model.feature_extractor(audio)
        frames = max(1, min(features.shape[-1] - 1, model.feature_extractor.nb_max_frames))
        encoded = model.encode(pad_or_trim(features[:, :frames]))
        prompt = model.get_prompt(tokenizer, list(window.prompt))
        result, log_probability, temperature, _ = model.generate_with_fallback(encoded, prompt, tokenizer, options)
        if result.no_speech_prob > options.no_speech_threshold and log_probability <= options.log_prob_threshold:
            return self._nothing(window, len(audio), language)
        found, next_frame, _ = model._split_segments_by_timestamps(  # noqa: SLF001  pinned; the rule must be theirs
            tokenizer=tokenizer,
            tokens=result.sequences_ids[0],
            time_offset=0.0,
            segment_size=frames,
            segment_duration=frames * model.feature_extractor.time_per_frame,
            seek=0,
        )
        model.add_word_timestamps(
            [found],
            tokenizer,
            encoded,
            frames,
            options.prepend_punctuations,
            options.append_punctuations,
            last_speech_timestamp=0.0,
        )
        kept = [part for part in found if _is_said(part, tokenizer.decode(part["tokens"]), voices)]
        said = [token for part in kept for token in part["tokens"]]
        context = () if temperature > options.prompt_reset_on_temperature else (*window.prompt, *said)
        advance = len(audio) if not 0 < next_frame < frames else next_frame * FRAME_SAMPLES
        return Heard(
            utterances=tuple(_utterance(part, tokenizer.decode(part["tokens"]).strip()) for part in kept),
            advance_samples=min(advance, len(audio)),
            prompt=context[-model.max_length // 2 :],
            language=language,
            model=self.name,
        )


def _is_said(part: dict[str, Any], text: str, voices: list[dict[str, int]]) -> bool:
    if part["start"] == part["end"] or not text.strip():
        return False
    start, end = (part[edge] * SAMPLE_RATE_HZ for edge in ("start", "end"))
    return any(voice["start"] < end and start < voice["end"] for voice in voices)


def _utterance(part: dict[str, Any], text: str) -> Utterance:
    words = tuple(
        Word(_ms(word["start"]), _ms(word["end"]), word["word"].strip(), float(word["probability"]))
        for word in part["words"]
        if word["word"].strip()
    )
    return Utterance(_ms(part["start"]), _ms(part["end"]), text, words)


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))
