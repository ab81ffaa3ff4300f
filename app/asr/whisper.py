"""The only file that knows faster-whisper. One call hears one window; nothing is kept between calls.

This is one turn of faster-whisper's own sequential decoding (beam 5, temperature fallback, previous text as context),
taken out of its loop so that a session can be heard while it is still going on and resumed after a kill.
Two things differ, both so that no words stand in silence: a window in which the voice detector hears nobody is not
decoded, and a sentence during which it hears nobody is left out.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from app.asr.transcriber import FRAME_SAMPLES, SAMPLE_RATE_HZ, WINDOW_SAMPLES, Heard, Utterance, Window
from app.domain import Context, Word

Audio = NDArray[np.float32]  # mono, -1..1, 16 kHz

# Low, because a missed quiet voice loses words, and an overheard noise only costs a decoded window.
VOICE = VadOptions(threshold=0.2, min_silence_duration_ms=500, speech_pad_ms=400)
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
        around: Audio = np.frombuffer(window.pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
        audio = around[window.before_samples : len(around) - window.after_samples]
        if not 0 < len(audio) <= WINDOW_SAMPLES:
            message = f"a window holds 1 to {WINDOW_SAMPLES} samples, not {len(audio)}"
            raise ValueError(message)
        voices = get_speech_timestamps(audio, VOICE)
        if not voices:
            return self._nothing(window, len(audio), window.context)
        ctranslate2.set_random_seed(SEED)
        features, loudest = self._spectrogram(around, window)
        context = replace(window.context, language=window.context.language or self._detect(audio), loudest=loudest)
        return self._decode(window, features, context, len(audio), voices)

    def _nothing(self, window: Window, samples: int, context: Context) -> Heard:
        tail = 0 if window.final else min(TAIL_SAMPLES, samples - 1)
        return Heard((), samples - tail, context, self.name)

    def _detect(self, audio: Audio) -> str:
        if not self._model.model.is_multilingual:
            return "en"
        language, _, _ = self._model.detect_language(audio)
        return str(language)

    def _spectrogram(self, around: Audio, window: Window) -> tuple[Audio, float]:
        """Give the window's columns, shape (mel bands, frames), and the loudest value so far.

        Whisper's spectrogram is cut 8 below the loudest value of the whole recording. A window knows the loudest until
        now, and raises its own cut to that.
        """
        features: Audio = self._model.feature_extractor(around)
        own = float(features.max()) * 4 - 4  # undoes the extractor's (x + 4) / 4
        loudest = max(own, window.context.loudest if window.context.loudest is not None else own)
        samples = len(around) - window.before_samples - window.after_samples
        frames = max(1, min(samples // FRAME_SAMPLES, self._model.feature_extractor.nb_max_frames))
        first = window.before_samples // FRAME_SAMPLES
        return np.maximum(features[:, first : first + frames], (loudest - 8 + 4) / 4), loudest

    def _decode(
        self, window: Window, features: Audio, context: Context, samples: int, voices: list[dict[str, int]]
    ) -> Heard:
        model, options, frames = self._model, self._options, features.shape[-1]
        tokenizer = Tokenizer(
            model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=context.language
        )
        encoded = model.encode(pad_or_trim(features))
        prompt = model.get_prompt(tokenizer, list(context.prompt))
        result, log_probability, temperature, _ = model.generate_with_fallback(encoded, prompt, tokenizer, options)
        if result.no_speech_prob > options.no_speech_threshold and log_probability <= options.log_prob_threshold:
            return self._nothing(window, samples, context)
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
        text_before = () if temperature > options.prompt_reset_on_temperature else (*context.prompt, *said)
        advance = samples if not 0 < next_frame < frames else next_frame * FRAME_SAMPLES
        return Heard(
            utterances=tuple(_utterance(part, tokenizer.decode(part["tokens"]).strip()) for part in kept),
            advance_samples=min(advance, samples),
            context=replace(context, prompt=text_before[-model.max_length // 2 :]),
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
