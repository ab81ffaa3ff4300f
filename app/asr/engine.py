"""The port to what computes Whisper's network.

The adapters: `ct2_engine.py` is CTranslate2, on any CPU or a GPU; `fast_engine.py` OpenVINO, on a CPU with bfloat16.
"""

from typing import TYPE_CHECKING, Any, Protocol

from faster_whisper import WhisperModel
from numpy import float32
from numpy.typing import NDArray

from app.asr.looks import Decoding
from app.asr.voices import Probabilities

if TYPE_CHECKING:
    from faster_whisper.transcribe import TranscriptionOptions

Audio = NDArray[float32]  # mono, -1..1, 16 kHz
Features = NDArray[float32]  # a spectrogram, shape (mel bands, frames)


class Engine(Protocol):
    """Encodes and decodes windows; may be asked by several at once. What is encoded is its own; speech in clear."""

    @property
    def parts(self) -> WhisperModel:
        """faster-whisper's feature extractor, tokenizer, sentences and word times around this engine."""
        ...

    @property
    def options(self) -> "TranscriptionOptions":
        """faster-whisper's own settings."""
        ...

    @property
    def decoding(self) -> Decoding: ...

    def voice_probabilities(self, audio: Audio) -> Probabilities:
        """Give the probability of a voice for every 32 ms of a window."""
        ...

    def encode(self, features: Features) -> Any:
        """Listen to a whole window of 30 s, as Whisper has learned it; `features` are those of the sound in it."""
        ...

    def language(self, encoded: Any) -> str:
        """Give the likeliest language's code."""
        ...
