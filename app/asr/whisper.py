"""Hears a window with faster-whisper's parts. One call hears one window; nothing is kept between calls.

One turn of faster-whisper's sequential decoding (beams, temperature fallback, previous text as context), taken out of
its loop so that a session can be heard while it is still going on and resumed after a kill. What differs:

- No words stand in silence: a window in which the voice detector hears nobody is not decoded, and a sentence during
  which it hears nobody is left out. A voice that stays without words is heard a second time.
- It is quicker: fewer beams at first, and the engine of `app.asr.fast_engine` where the CPU is made for it.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from faster_whisper.tokenizer import Tokenizer
from threadpoolctl import threadpool_limits

from app.asr.ct2_engine import Ct2Engine, found_device
from app.asr.device import Asked
from app.asr.engine import Audio, Engine, Features
from app.asr.looks import Looks
from app.asr.memory import give_back, keep_freed, let_go_of_files, return_large, share_freed
from app.asr.model_file import UnknownLayoutError
from app.asr.passed_over import Gap, are_words, end_before, part_around
from app.asr.transcriber import FRAME_SAMPLES, SAMPLE_RATE_HZ, WINDOW_SAMPLES, Heard, Utterance, Window, called
from app.asr.voices import STEP_SAMPLES, Probabilities, Voice, unworded, voices, without_pauses
from app.domain import Context, Word
from app.domain import Path as Look

log = logging.getLogger(__name__)

TAIL_SAMPLES = SAMPLE_RATE_HZ  # left for the next window, as a voice may begin in it
MOST_AT_ONCE = 2  # more of them wait for the memory, not for a core
VOCABULARY_TOKENS, SAID_TOKENS = 100, 100  # told before a window: more is dearer, not better
COLUMNS_AT_ONCE, COLUMNS_BESIDE = 300, 2  # of the spectrogram; a column is heard from 200 samples on either side
MISSED_MS = 500  # of a sure voice without words: heard anew
MUCH_MISSED_MS = 2_000  # where nothing stood before that could have led past it; less is first heard by itself
TOLD_MS = 1_000  # of it, and still without words then: told as not understood


@dataclass(frozen=True, slots=True)
class _Sound:
    """What is known of a window before it is decoded. Speech in clear."""

    window: Window = field(repr=False)
    samples: int
    features: Features = field(repr=False)
    encoded: Any = field(repr=False)  # the engine's own
    probabilities: Probabilities = field(repr=False)
    voices: Sequence[Voice]


class WhisperTranscriber:
    """Hears windows with one model in memory, `at_once` of them side by side. Handles speech in clear."""

    def __init__(self, folder: Path, name: str, threads: int, device: Asked = "auto") -> None:
        """Load the model, two seconds; `folder` must have been verified."""
        share_freed()
        threadpool_limits(1, user_api="blas")  # numpy's: they go on spinning, and the network that comes next waits
        cores = threads or os.cpu_count() or 1
        self.at_once = min(MOST_AT_ONCE, cores)
        self._engine = _engine(folder, cores, self.at_once, device)
        self._model = self._engine.parts
        self._options = self._engine.options
        self._looks = Looks(self._engine.decoding, self._options)
        self._listening, self._timing = Lock(), Lock()  # these take 20 to 50 MB for a moment: one window at a time
        self.name = called(name)
        let_go_of_files()

    def hear(self, window: Window) -> Heard:
        """Give the words of a window of at most 30 s."""
        around: Audio = np.frombuffer(window.pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
        audio = around[window.before_samples : len(around) - window.after_samples]
        if not 0 < len(audio) <= WINDOW_SAMPLES:
            message = f"a window holds 1 to {WINDOW_SAMPLES} samples, not {len(audio)}"
            raise ValueError(message)
        with self._listening:
            probabilities = self._engine.voice_probabilities(audio)
        heard_voices = voices(probabilities, len(audio))
        if not heard_voices:
            return self._nothing(window, len(audio), window.context)
        with self._listening:
            features, loudest = self._spectrogram(around, window)
        encoded = self._engine.encode(features)
        language = window.context.language or self._engine.language(encoded)
        context = replace(window.context, language=language, loudest=loudest)
        sound = _Sound(window, len(audio), features, encoded, probabilities, heard_voices)
        heard = self._decode(sound, context)
        if all(one.path == "first" for one in heard.utterances):
            led = bool(context.prompt or context.vocabulary)
            if _missed_ms(sound, heard) >= (MISSED_MS if led else MUCH_MISSED_MS):
                heard = min(heard, self._hear_anew(sound, context), key=lambda one: _missed_ms(sound, one))
            else:
                heard = self._up_to_what_was_passed_over(sound, heard)
        return replace(heard, not_understood=_missed(sound, heard, TOLD_MS))

    def _up_to_what_was_passed_over(self, sound: _Sound, heard: Heard) -> Heard:
        """End the window before words that it passed over: the next one begins there, and is told what was said before.

        Whether a voice without words says anything is seen by hearing it by itself.
        """
        words = _words(heard)
        window_ms = sound.samples * 1000 // SAMPLE_RATE_HZ
        for gap in _missed(sound, heard, MISSED_MS):
            part_ms = part_around(gap, words, window_ms)
            until_ms = end_before(heard.utterances, part_ms)
            if until_ms and are_words(self._heard_alone(sound, heard.context, part_ms)):
                return self._ended(heard, until_ms)
        return heard

    def _heard_alone(self, sound: _Sound, context: Context, part_ms: Gap) -> list[Word]:
        first, last = (edge_ms * SAMPLE_RATE_HZ // 1000 // FRAME_SAMPLES for edge_ms in part_ms)
        start, samples = first * FRAME_SAMPLES, (last - first) * FRAME_SAMPLES
        probabilities = sound.probabilities[start // STEP_SAMPLES : (start + samples) // STEP_SAMPLES + 1]
        features, part_voices = np.ascontiguousarray(sound.features[:, first:last]), voices(probabilities, samples)
        if not part_voices:
            return []
        part = _Sound(sound.window, samples, features, self._engine.encode(features), probabilities, part_voices)
        return _words(self._decode(part, _untold(context), anew=True))

    def _ended(self, heard: Heard, until_ms: int) -> Heard:
        """Leave the sentences from there on to the next window."""
        kept = tuple(one for one in heard.utterances if one.start_ms < until_ms)
        tokenizer = self._tokenizer(heard.context)
        said = [token for one in kept for token in tokenizer.encode(f" {one.text}")]
        return replace(
            heard,
            utterances=kept,
            advance_samples=until_ms * SAMPLE_RATE_HZ // 1000,
            context=replace(heard.context, prompt=tuple(said[-SAID_TOKENS:])),
        )

    def _hear_anew(self, sound: _Sound, context: Context) -> Heard:
        """Hear without text before, which may have led past speech, and with more beams."""
        heard = self._decode(sound, _untold(context), anew=True)
        return replace(heard, context=replace(heard.context, vocabulary=context.vocabulary))

    def _nothing(self, window: Window, samples: int, context: Context) -> Heard:
        tail = 0 if window.final else min(TAIL_SAMPLES, samples - 1)
        return Heard((), samples - tail, context, self.name)

    def _spectrogram(self, around: Audio, window: Window) -> tuple[Audio, float]:
        """Give the window's columns, shape (mel bands, frames), and the loudest value so far.

        Whisper's spectrogram is cut 8 below the loudest value of the whole recording. A window knows the loudest until
        now, and raises its own cut to that.
        """
        features = np.concatenate(list(self._columns(around)), axis=1)
        own = float(features.max()) * 4 - 4  # undoes the extractor's (x + 4) / 4
        loudest = max(own, window.context.loudest if window.context.loudest is not None else own)
        samples = len(around) - window.before_samples - window.after_samples
        frames = max(1, min(samples // FRAME_SAMPLES, self._model.feature_extractor.nb_max_frames))
        first = window.before_samples // FRAME_SAMPLES
        return np.maximum(features[:, first : first + frames], (loudest - 8 + 4) / 4), loudest

    def _tokenizer(self, context: Context) -> Tokenizer:
        words, is_multilingual = self._model.hf_tokenizer, self._model.model.is_multilingual
        return Tokenizer(words, is_multilingual, task="transcribe", language=context.language)

    def _columns(self, around: Audio) -> Iterator[Audio]:
        """Give a spectrogram a few seconds at a time: what is computed of them stays near the processor.

        Each part is cut 8 below its own loudest value, which is below where the whole is cut.
        """
        extractor, beside = self._model.feature_extractor, COLUMNS_BESIDE
        count = len(around) // FRAME_SAMPLES
        for first in range(0, max(1, count), COLUMNS_AT_ONCE):
            before = min(first, beside)
            part = around[(first - before) * FRAME_SAMPLES : (first + COLUMNS_AT_ONCE + beside) * FRAME_SAMPLES]
            yield extractor(part)[:, before : before + COLUMNS_AT_ONCE]

    def _decode(self, sound: _Sound, context: Context, *, anew: bool = False) -> Heard:
        model, options, samples = self._model, self._options, sound.samples
        frames = max(1, samples // FRAME_SAMPLES)
        tokenizer = self._tokenizer(context)
        prompt = model.get_prompt(tokenizer, _before(context, tokenizer))
        decoded = self._looks.look(sound.encoded, prompt, tokenizer, samples, anew=anew)
        is_nobody = (
            decoded.no_speech_probability > options.no_speech_threshold
            and decoded.log_probability <= options.log_prob_threshold
        )
        if is_nobody or decoded.is_too_quick:
            return self._nothing(sound.window, samples, context)
        found, next_frame, _ = model._split_segments_by_timestamps(  # noqa: SLF001  pinned; the rule must be theirs
            tokenizer=tokenizer,
            tokens=decoded.tokens,
            time_offset=0.0,
            segment_size=frames,
            segment_duration=frames * model.feature_extractor.time_per_frame,
            seek=0,
        )
        with self._timing:
            model.add_word_timestamps(
                [found],
                tokenizer,
                decoded.timing,
                frames,
                options.prepend_punctuations,
                options.append_punctuations,
                last_speech_timestamp=0.0,
            )
        kept = [part for part in found if _is_said(part, tokenizer.decode(part["tokens"]), sound.voices)]
        said = [token for part in kept for token in part["tokens"]]
        said_before = context.prompt if decoded.look == "first" else ()  # what led astray is not told again
        text_before = () if decoded.temperature > options.prompt_reset_on_temperature else (*said_before, *said)
        utterances = [_utterance(part, tokenizer.decode(part["tokens"]).strip(), decoded.look) for part in kept]
        advance = samples if not 0 < next_frame < frames else next_frame * FRAME_SAMPLES
        return Heard(
            utterances=tuple(_without_pauses(one, sound.probabilities) for one in utterances),
            advance_samples=min(advance, samples),
            context=replace(context, prompt=text_before[-SAID_TOKENS:]),
            model=self.name,
        )


def _engine(folder: Path, cores: int, at_once: int, asked: Asked) -> Engine:
    """OpenVINO's where the CPU is made for it and no GPU is used, else CTranslate2's."""
    device = found_device(asked)
    if device.kind == "cpu" and (fast := _fast_engine(folder, cores, at_once)):
        return_large()
        log.info("%s, with OpenVINO", device.said)
        return fast
    engine = Ct2Engine(folder, cores, at_once, device)
    keep_freed()  # not what loading has freed
    return engine


def _fast_engine(folder: Path, cores: int, at_once: int) -> Engine | None:
    try:
        from app.asr.encoder import has_bfloat16  # noqa: PLC0415  not on every machine
        from app.asr.fast_engine import FastEngine  # noqa: PLC0415
    except ImportError:
        return None
    if not has_bfloat16():
        return None
    try:
        return FastEngine(folder, at_once, cores)
    except UnknownLayoutError as error:
        log.warning("words are heard more slowly: %s", error)
        return None
    finally:
        give_back()


def _before(context: Context, tokenizer: Tokenizer) -> list[int]:
    """What stands before the window for the model: words to expect, then the last of what was said."""
    expected = tokenizer.encode(f" {context.vocabulary}")[:VOCABULARY_TOKENS] if context.vocabulary else []
    return [*expected, *context.prompt[-SAID_TOKENS:]]


def _untold(context: Context) -> Context:
    """What is known of the window, without what stands before it for the model."""
    return replace(context, prompt=(), vocabulary="")


def _is_said(part: dict[str, Any], text: str, voices: Sequence[Voice]) -> bool:
    if part["start"] == part["end"] or not text.strip():
        return False
    start, end = (part[edge] * SAMPLE_RATE_HZ for edge in ("start", "end"))
    return any(voice.start < end and start < voice.end for voice in voices)


def _utterance(part: dict[str, Any], text: str, look: Look) -> Utterance:
    words = tuple(
        Word(_ms(word["start"]), _ms(word["end"]), word["word"].strip(), float(word["probability"]))
        for word in part["words"]
        if word["word"].strip()
    )
    return Utterance(_ms(part["start"]), _ms(part["end"]), text, words, look)


def _words(heard: Heard) -> list[Word]:
    return [word for utterance in heard.utterances for word in utterance.words]


def _missed(sound: _Sound, heard: Heard, least_ms: int) -> tuple[Gap, ...]:
    return unworded(sound.probabilities, _words(heard), heard.advance_samples, least_ms)


def _missed_ms(sound: _Sound, heard: Heard) -> int:
    return sum(end_ms - start_ms for start_ms, end_ms in _missed(sound, heard, MISSED_MS))


def _without_pauses(utterance: Utterance, probabilities: Probabilities) -> Utterance:
    words = tuple(without_pauses(word, probabilities) for word in utterance.words)
    if not words:
        return utterance
    start_ms, end_ms = max(utterance.start_ms, words[0].start_ms), min(utterance.end_ms, words[-1].end_ms)
    return replace(utterance, words=words, start_ms=start_ms, end_ms=max(start_ms, end_ms))


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))
