"""The port through which sound becomes words. The adapter beside it reaches the asr process over a socket."""

from dataclasses import dataclass, field
from typing import Protocol

from app.domain import Word

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 30 * SAMPLE_RATE_HZ  # what Whisper's encoder takes at once


@dataclass(frozen=True, slots=True)
class Window:
    """At most 30 s of sound, and what was said before it. Speech in clear."""

    pcm: bytes = field(repr=False)  # s16le, mono, 16 kHz
    final: bool  # nothing follows that could complete the last sentence: the tape ended or the record was paused
    prompt: tuple[int, ...] = field(default=(), repr=False)  # tokens of the text before
    language: str | None = None  # ISO 639-1; None: detect


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words that Whisper gave as one sentence or part of one. Times count from the window's first sample."""

    start_ms: int
    end_ms: int
    text: str = field(repr=False)
    words: tuple[Word, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a window held, and where the next one starts."""

    utterances: tuple[Utterance, ...] = field(repr=False)
    advance_samples: int  # 1..len(window); a sentence cut by the window's end is left for the next
    prompt: tuple[int, ...] = field(repr=False)
    language: str | None
    model: str


class TranscriberAway(Exception):
    """The asr process does not answer. The window is not lost: ask again later."""


class TranscriberFailed(Exception):
    """The asr process answered that it cannot work; the message is a sentence for the therapist."""


class Transcriber(Protocol):
    """Pure: the same window gives the same words, so a window may be asked for again after any kill."""

    def hear(self, window: Window) -> Heard:
        """Raise TranscriberAway or TranscriberFailed; the caller waits and asks again."""
        ...
