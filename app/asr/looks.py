"""How a window is decoded: a first look, and dearer ones only where it went wrong."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from faster_whisper.tokenizer import Tokenizer

from app.asr.transcriber import SAMPLE_RATE_HZ
from app.domain import Path

if TYPE_CHECKING:
    from faster_whisper.transcribe import TranscriptionOptions

FEW_BEAMS, ALL_BEAMS = 2, 5  # more from the start make nothing better (docs/speech.md)
TOKENS_A_SECOND, SPARE_TOKENS = 10, 32  # more than anybody says: where a loop is ended
WORDS_A_SECOND, SPARE_WORDS = 7, 4  # same, where what was said is too short to be told a loop by how it is compressed
SEED = 1  # the last resort samples; the same window must give the same words
MOST_TOKENS = 448  # of a prompt and what follows it: Whisper has learned no more places


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a look made of a window. Speech in clear."""

    tokens: list[int] = field(repr=False)
    log_probability: float  # mean a token
    repetition: float  # how far the text can be compressed
    no_speech_probability: float
    timing: Any = field(repr=False)  # what the engine tells by when each token was spoken
    temperature: float = 0.0
    look: Path = "first"
    is_too_quick: bool = False  # nobody says as much in that time


@dataclass(frozen=True, slots=True)
class Way:
    """How to look."""

    look: Path
    prompt: list[int]
    beams: int
    most: int  # tokens
    temperature: float = 0.0  # above zero: one text is sampled


Decode = Callable[[Way], Decoded]
Decoding = Callable[[Any, Tokenizer], AbstractContextManager[Decode]]  # of an encoded window


class Looks:
    """Decodes encoded windows with faster-whisper's thresholds; may be asked by several at once."""

    def __init__(self, decoding: Decoding, options: "TranscriptionOptions") -> None:
        self._decoding = decoding
        self._options = options

    def look(self, encoded: Any, prompt: list[int], tokenizer: Tokenizer, samples: int, *, anew: bool) -> Decoded:
        """Decode a window of so many samples; where every look went wrong, give the least wrong one.

        What was decoded before is decoded `anew` without the first look, which would give the same again.
        """
        found = list[Decoded]()
        with self._decoding(encoded, tokenizer) as decode:
            for way in self._ways(prompt, tokenizer, samples)[int(anew) :]:
                decoded = decode(way)
                is_too_quick = _is_too_quick(tokenizer.decode(decoded.tokens), samples)
                found.append(replace(decoded, temperature=way.temperature, look=way.look, is_too_quick=is_too_quick))
                if not self._went_wrong(found[-1]):
                    return found[-1]
        return max(found, key=lambda one: (not one.is_too_quick, not self._repeats(one), one.log_probability))

    def _ways(self, prompt: list[int], tokenizer: Tokenizer, samples: int) -> list[Way]:
        """First with few beams; then with all, and without text before; then sampled, with a rising temperature."""
        unprompted = prompt[prompt.index(tokenizer.sot) :]
        most = min(MOST_TOKENS - len(prompt), SPARE_TOKENS + TOKENS_A_SECOND * samples // SAMPLE_RATE_HZ)
        return [
            Way("first", prompt, FEW_BEAMS, most),
            Way("second", unprompted, ALL_BEAMS, most),
            *(Way("sampled", prompt, 1, most, rising) for rising in self._options.temperatures if rising),
        ]

    def _went_wrong(self, decoded: Decoded) -> bool:
        """Tell whether it repeats itself, says too much, or is too unsure where somebody speaks."""
        unsure = decoded.log_probability < self._options.log_prob_threshold
        nobody = unsure and decoded.no_speech_probability > self._options.no_speech_threshold
        return not nobody and (unsure or decoded.is_too_quick or self._repeats(decoded))

    def _repeats(self, decoded: Decoded) -> bool:
        return decoded.repetition > float(self._options.compression_ratio_threshold)


def _is_too_quick(text: str, samples: int) -> bool:
    """Words tell, not tokens, of which some languages need several a letter; where no spaces stand nothing is told."""
    return len(text.split()) > SPARE_WORDS + WORDS_A_SECOND * samples / SAMPLE_RATE_HZ
