"""Whisper on OpenVINO, for a CPU that multiplies in bfloat16: from the weights of the CTranslate2 model.

Around it faster-whisper's own parts, which ask this engine where they would ask CTranslate2's model.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import tokenizers
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_compression_ratio
from numpy.typing import NDArray

from app.asr.aligning import SMOOTHED, followed, path
from app.asr.beams import Rules, Scores, drawn, sample, search
from app.asr.ct2_engine import defaults
from app.asr.decoder import POSITIONS, READ_AT_ONCE, FastDecoder, Listened, Reading, Sound
from app.asr.encoder import FastEncoder
from app.asr.engine import Features
from app.asr.looks import FEW_BEAMS, MOST_TOKENS, SEED, Decode, Decoded, Way
from app.asr.memory import give_back
from app.asr.model_file import UnknownLayoutError

if TYPE_CHECKING:
    from faster_whisper.transcribe import TranscriptionOptions

SHOWN_SILENCE_FRAMES = 500  # behind a window's sound, as a decoder that sees a sound end at once loops


class FastEngine:
    """Encoder and decoder, a window on a thread."""

    def __init__(self, folder: Path, at_once: int) -> None:
        """Build the networks, two seconds.

        Raises:
            UnknownLayoutError: the model's files are not ones that can be read here.
        """
        config = json.loads((folder / "config.json").read_text())
        if not config.get("alignment_heads"):
            raise UnknownLayoutError("config.json does not say which heads follow the sound")
        self._encoder = FastEncoder(folder)
        self._decoder = FastDecoder(folder, at_once, config["alignment_heads"])
        words = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer = Tokenizer(words, self._decoder.is_multilingual, "transcribe", "en")
        self._dear = Lock()  # many beams take 50 MB: one window at a time
        self._languages = _numbers(config.get("lang_ids", []))
        self.parts = _Parts(folder, words, _Aligner(self._decoder, self._tokenizer))
        self.options = defaults(self.parts)
        self._rules = _rules(self._tokenizer, self.options, self.parts.time_precision)

    def encode(self, features: Features) -> Sound:
        shown = (features.shape[-1] + SHOWN_SILENCE_FRAMES) // 2
        return self._decoder.remember(self._encoder.encode(pad_or_trim(features)), min(shown, POSITIONS))

    def language(self, encoded: Sound) -> str:
        if not self._decoder.is_multilingual:
            return "en"
        with self._decoder.reading(encoded) as reading:
            (scores,) = reading.begin([self._tokenizer.sot], [0])
            likeliest = int(self._languages[scores[self._languages].argmax()])
        return str(self.parts.hf_tokenizer.id_to_token(likeliest)).strip("<|>")

    def rest(self) -> None:
        """Give back what was freed: it lies about in pieces, and more of them each hour."""
        give_back()

    @contextmanager
    def decoding(self, encoded: Sound, tokenizer: Tokenizer) -> Iterator[Decode]:
        with self._decoder.reading(encoded) as reading:

            def decode(way: Way) -> Decoded:
                with self._dear if way.beams > FEW_BEAMS else nullcontext():
                    return self._decoded(reading, way, tokenizer)

            yield decode

    def _decoded(self, reading: Reading, way: Way, tokenizer: Tokenizer) -> Decoded:
        start, last = reading.begin(way.prompt, [way.prompt.index(tokenizer.sot), len(way.prompt) - 1])
        no_speech = float(_shares(start)[tokenizer.no_speech])
        if way.temperature:
            text = sample(reading, last, self._rules, drawn(way.temperature, SEED), way.most)
        else:
            text = search(reading, last, self._rules, way.beams, way.most)
        return Decoded(
            list(text.tokens),
            text.log_probability / (len(text.tokens) + 1),
            get_compression_ratio(tokenizer.decode(text.tokens).strip()),
            no_speech,
        )


@dataclass(frozen=True, slots=True)
class _Alignment:
    """What faster-whisper takes from ctranslate2's WhisperAlignmentResult."""

    alignments: list[tuple[int, int]]  # of a token and a position of the sound
    text_token_probs: list[float]


class _Aligner:
    """What faster-whisper asks of ctranslate2.models.Whisper besides decoding."""

    def __init__(self, decoder: FastDecoder, tokenizer: Tokenizer) -> None:
        self._decoder = decoder
        self._tokenizer = tokenizer
        self.is_multilingual = decoder.is_multilingual

    def align(
        self,
        encoded: Sound,
        start: Sequence[int],
        texts: Sequence[Sequence[int]],
        num_frames: int,
        median_filter_width: int = SMOOTHED,  # noqa: ARG002  theirs; ours is always this
    ) -> list[_Alignment]:
        """Find each text's tokens in the sound, as `ctranslate2.models.Whisper.align` does."""
        return [self._align(encoded, start, text, num_frames // 2) for text in texts]

    def _align(self, encoded: Sound, start: Sequence[int], text: Sequence[int], positions: int) -> _Alignment:
        said = [*start, self._tokenizer.no_timestamps, *text, self._tokenizer.eot]
        heads, sure = list[Listened](), list[float]()
        with self._decoder.reading(encoded) as reading:
            for first in range(0, len(said), READ_AT_ONCE):
                some = said[first : first + READ_AT_ONCE]
                scores = reading.read(some, range(len(some)))
                following = [*said[first + 1 : first + 1 + READ_AT_ONCE], 0][: len(some)]
                sure += [self._word_share(row, token) for row, token in zip(scores, following, strict=True)]
                heads.append(reading.listened()[:, :, :positions].copy())
        attention = np.concatenate(heads, axis=1)
        belongs = followed(attention / attention.sum(-1, keepdims=True))[len(start) : -1]
        return _Alignment(path(belongs), sure[len(start) : len(start) + len(text)])

    def _word_share(self, scores: Scores, token: int) -> float:
        """Give the probability of a token of a word, among such; no other is asked for."""
        words = scores[: self._tokenizer.eot]
        return float(_shares(words)[token]) if token < len(words) else 0.0


class _Parts(WhisperModel):  # type: ignore[misc]
    """faster-whisper's WhisperModel as its own constructor makes it, with another model inside."""

    def __init__(self, folder: Path, words: tokenizers.Tokenizer, model: _Aligner) -> None:
        self.logger = logging.getLogger("faster_whisper")
        self.model = model
        self.hf_tokenizer = words
        self.feat_kwargs = self._get_feature_kwargs(str(folder))
        self.feature_extractor = FeatureExtractor(**self.feat_kwargs)
        self.input_stride = 2
        self.num_samples_per_token = self.feature_extractor.hop_length * self.input_stride
        self.frames_per_second = self.feature_extractor.sampling_rate // self.feature_extractor.hop_length
        self.tokens_per_second = self.feature_extractor.sampling_rate // self.num_samples_per_token
        self.time_precision = 0.02
        self.max_length = MOST_TOKENS


def _rules(tokenizer: Tokenizer, options: "TranscriptionOptions", seconds_a_place: float) -> Rules:
    """Give Whisper's own rules for a transcript with times."""
    return Rules(
        never=_numbers([*options.suppress_tokens, tokenizer.no_timestamps]),
        not_first=_numbers([*tokenizer.encode(" "), tokenizer.eot]),
        end=tokenizer.eot,
        first_time=tokenizer.timestamp_begin,
        latest_start=round(options.max_initial_timestamp / seconds_a_place),
    )


def _numbers(tokens: Sequence[int]) -> NDArray[np.intp]:
    return np.array(tokens, np.intp)


def _shares(scores: Scores) -> Scores:
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum())
