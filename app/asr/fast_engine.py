"""Whisper on OpenVINO, for a CPU that multiplies in bfloat16: from the weights of the CTranslate2 model.

Around it faster-whisper's own parts, which ask this engine where they would ask CTranslate2's model.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
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
from app.asr.beams import Rules, Scores, Text, Tokens, drawn, sample, search
from app.asr.ct2_engine import defaults
from app.asr.decoder import FastDecoder, Listened, Reading
from app.asr.encoder import FRAMES, FastEncoder
from app.asr.engine import Audio, Features
from app.asr.fast_voice_detector import FastVoiceDetector
from app.asr.layers import widened
from app.asr.looks import FEW_BEAMS, MOST_TOKENS, SEED, Decode, Decoded, Way
from app.asr.memory import give_back, let_go_of_files
from app.asr.model_file import UnknownLayoutError
from app.asr.rooms import Sound
from app.asr.voices import Probabilities

if TYPE_CHECKING:
    from faster_whisper.transcribe import TranscriptionOptions

SHOWN_SILENCE_FRAMES = 500  # behind a window's sound, as a decoder that sees a sound end at once loops
LENGTH_FRAMES = 500  # windows are shown in multiples of it: networks keep some MB for each length ever given


class FastEngine:
    """Encoder and decoder, of so many windows side by side."""

    def __init__(self, folder: Path, at_once: int, cores: int) -> None:
        """Build the networks, two seconds.

        Raises:
            UnknownLayoutError: the model's files are not ones that can be read here.
        """
        config = json.loads((folder / "config.json").read_text())
        if not config.get("alignment_heads"):
            raise UnknownLayoutError("config.json does not say which heads follow the sound")
        self._decoder = FastDecoder(folder, at_once, cores, config["alignment_heads"])
        give_back()  # what the form of the decoder took that was not chosen
        let_go_of_files()  # the encoder is where the process takes most
        self._encoder = FastEncoder(folder, self._decoder.threads, self._decoder.processors)
        self._voice_detector = FastVoiceDetector()
        words = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer = Tokenizer(words, self._decoder.is_multilingual, "transcribe", "en")
        self._dear = Lock()  # many beams take 50 MB: one window at a time
        self._languages = _numbers(config.get("lang_ids", []))
        self.parts = _Parts(folder, words, _Aligner(self._tokenizer, is_multilingual=self._decoder.is_multilingual))
        self.options = defaults(self.parts)
        self._rules = _rules(self._tokenizer, self.options, self.parts.time_precision)

    def voice_probabilities(self, audio: Audio) -> Probabilities:
        return self._voice_detector.probabilities(audio)

    def encode(self, features: Features) -> Sound:
        shown = -(-(features.shape[-1] + SHOWN_SILENCE_FRAMES) // LENGTH_FRAMES) * LENGTH_FRAMES
        return self._decoder.remember(self._encoder.encode(pad_or_trim(features, min(shown, FRAMES))))

    def language(self, encoded: Sound) -> str:
        if not self._decoder.is_multilingual:
            return "en"
        with self._decoder.reading(encoded) as reading, reading.begun([self._tokenizer.sot], [0]) as (scores,):
            likeliest = int(self._languages[scores[self._languages].argmax()])
        return str(self.parts.hf_tokenizer.id_to_token(likeliest)).strip("<|>")

    @contextmanager
    def decoding(self, encoded: Sound, tokenizer: Tokenizer) -> Iterator[Decode]:
        with self._decoder.reading(encoded) as reading:

            def decode(way: Way) -> Decoded:
                with self._dear if way.beams > FEW_BEAMS else nullcontext():
                    return self._decoded(reading, way, tokenizer)

            yield decode

    def _decoded(self, reading: Reading, way: Way, tokenizer: Tokenizer) -> Decoded:
        places = [way.prompt.index(tokenizer.sot), len(way.prompt) - 1]
        with reading.begun(way.prompt, places) as (start, last):
            watched = _Watched(reading)
            if way.temperature:
                text = sample(watched, last, self._rules, drawn(way.temperature, SEED), way.most)
            else:
                text = search(watched, last, self._rules, way.beams, way.most)
        return Decoded(
            list(text.tokens),
            text.log_probability / (len(text.tokens) + 1),
            get_compression_ratio(tokenizer.decode(text.tokens).strip()),
            float(_shares(start)[tokenizer.no_speech]),
            watched.timing(text),
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the decoder listened for each token of a text, and how sure it was of it. Speech in clear."""

    tokens: Tokens = field(repr=False)
    shares: NDArray[np.float64] = field(repr=False)  # probabilities, shape (tokens,) or one more for the end
    listened: Listened = field(repr=False)  # shape (heads, as many, positions)


class _Watched:
    """A reading that remembers where the decoder listened at each step."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._steps = [reading.listened()[:, -1:]]  # the prompt's last token is what the first one is told by

    def go_on(self, tokens: Sequence[int], parents: Sequence[int]) -> Scores:
        scores = self._reading.go_on(tokens, parents)
        self._steps.append(self._reading.listened())
        return scores

    def timing(self, text: Text) -> Timing:
        listened = [step[:, parent] for step, parent in zip(self._steps, text.parents, strict=False)]
        return Timing(text.tokens, np.exp(text.log_probabilities), np.stack(listened, axis=1))


@dataclass(frozen=True, slots=True)
class _Alignment:
    """What faster-whisper takes from ctranslate2's WhisperAlignmentResult."""

    alignments: list[tuple[int, int]]  # of a token and a position of the sound
    text_token_probs: list[float]


class _Aligner:
    """What faster-whisper asks of ctranslate2.models.Whisper besides decoding."""

    def __init__(self, tokenizer: Tokenizer, *, is_multilingual: bool) -> None:
        self._end, self._first_time = int(tokenizer.eot), int(tokenizer.timestamp_begin)
        self.is_multilingual = is_multilingual

    def align(
        self,
        timing: Timing,
        start: Sequence[int],  # noqa: ARG002  theirs read the text anew; ours has listened while it decoded
        texts: Sequence[Sequence[int]],
        num_frames: int,
        median_filter_width: int = SMOOTHED,  # noqa: ARG002  theirs; ours is always this
    ) -> list[_Alignment]:
        """Find each text's tokens in the sound, as `ctranslate2.models.Whisper.align` does."""
        return [self._align(timing, len(text), num_frames // 2) for text in texts]

    def _align(self, timing: Timing, count: int, positions: int) -> _Alignment:
        """Find the first `count` tokens that are words, or parts of them; and where the last one ends."""
        words = [number for number, token in enumerate(timing.tokens) if token < self._end][:count]
        if not words:
            return _Alignment([(0, 0)], [])
        heads = (widened(head) for head in timing.listened[:, :, :positions])
        belongs = followed(head / head.sum(-1, keepdims=True) for head in heads)[words]
        until = self._told_end(timing.tokens[words[-1] + 1 :], positions)
        return _Alignment([*path(belongs[:, :until]), (count, until)], timing.shares[words].tolist())

    def _told_end(self, behind: Tokens, positions: int) -> int:
        """Give the position that the decoder itself told behind the last word, or the window's end."""
        told = [token - self._first_time for token in behind[:1] if token >= self._first_time]
        return min([*told, positions])


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
