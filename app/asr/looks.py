"""How a window is decoded: a first look, and dearer ones only where it went wrong."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import ctranslate2
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from app.asr.transcriber import SAMPLE_RATE_HZ
from app.domain import Path

if TYPE_CHECKING:
    from faster_whisper.transcribe import TranscriptionOptions

BEAMS = 2  # where there is text before the window, which is worth more than beams; without it as faster-whisper has
SAMPLED_AT_ONCE = 1  # each takes 40 MB and its time
TOKENS_A_SECOND, SPARE_TOKENS = 10, 32  # more than anybody says: where a loop is ended


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a look made of a window."""

    result: Any  # ctranslate2's WhisperGenerationResult
    log_probability: float  # mean a token
    repetition: float  # how far the text can be compressed
    temperature: float
    look: Path


@dataclass(frozen=True, slots=True)
class Way:
    """How to look."""

    look: Path
    prompt: list[int]
    options: "TranscriptionOptions"

    @property
    def is_dear(self) -> bool:
        """Whether it takes so much memory that two at once are too many."""
        return bool(self.options.beam_size > BEAMS)


class Looks:
    """Decodes encoded windows with faster-whisper's parts and thresholds; may be asked by several at once."""

    def __init__(self, model: WhisperModel, options: "TranscriptionOptions") -> None:
        self._model = model
        self._options = options
        self._dear = Lock()

    def look(self, encoded: ctranslate2.StorageView, prompt: list[int], tokenizer: Tokenizer, samples: int) -> Decoded:
        """Decode a window of so many samples; where every look went wrong, give the least wrong one."""
        found = list[Decoded]()
        for way in self._ways(prompt, tokenizer, samples):
            with self._dear if way.is_dear else nullcontext():
                result, sure, temperature, repetition = self._model.generate_with_fallback(
                    encoded, way.prompt, tokenizer, way.options
                )
            found.append(Decoded(result, sure, repetition, temperature, way.look))
            if not self._went_wrong(found[-1]):
                return found[-1]
        return max(found, key=lambda one: (not self._repeats(one), one.log_probability))

    def _ways(self, prompt: list[int], tokenizer: Tokenizer, samples: int) -> list[Way]:
        """First with few beams, or with all where no text stands before; then with all and without it; then sampled."""
        unprompted = prompt[prompt.index(tokenizer.sot) :]
        most = min(self._model.max_length - len(prompt), SPARE_TOKENS + TOKENS_A_SECOND * samples // SAMPLE_RATE_HZ)
        options = replace(self._options, max_new_tokens=most, best_of=SAMPLED_AT_ONCE)
        all_beams = replace(options, temperatures=[0.0])
        sampled = Way("sampled", prompt, replace(options, temperatures=self._options.temperatures[1:]))
        if prompt == unprompted:
            return [Way("first", prompt, all_beams), sampled]
        few_beams = replace(all_beams, beam_size=BEAMS)
        return [Way("first", prompt, few_beams), Way("second", unprompted, all_beams), sampled]

    def _went_wrong(self, decoded: Decoded) -> bool:
        """Tell whether it repeats itself, or is too unsure where somebody speaks."""
        unsure = decoded.log_probability < self._options.log_prob_threshold
        nobody = unsure and decoded.result.no_speech_prob > self._options.no_speech_threshold
        return not nobody and (unsure or self._repeats(decoded))

    def _repeats(self, decoded: Decoded) -> bool:
        return decoded.repetition > float(self._options.compression_ratio_threshold)
