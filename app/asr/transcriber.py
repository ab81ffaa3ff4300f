"""The port through which sound becomes words.

The adapters: `client.py` reaches the asr process over a socket, and the clinic's pool in the same way; `taking_over.py`
asks the pool first and the asr process where it is away; `whisper.py` is the model itself.
"""

from dataclasses import dataclass, field
from typing import Protocol

from app.domain import Context, Path, Word

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 30 * SAMPLE_RATE_HZ  # what Whisper's encoder takes at once
FRAME_SAMPLES = SAMPLE_RATE_HZ // 100  # a column of Whisper's spectrogram: 10 ms
NEIGHBOUR_SAMPLES = 3 * FRAME_SAMPLES  # a column is made of 400 samples, centred


@dataclass(frozen=True, slots=True)
class Window:
    """At most 30 s of sound, and what was said before it. Speech in clear.

    The spectrogram of a sample needs its neighbours, so a window brings a little of the sound around it where there is
    some; without it, the first and the last frame differ from those of the whole recording, and so may the words.
    """

    pcm: bytes = field(repr=False)  # s16le, mono, 16 kHz, with the neighbours
    final: bool  # nothing follows that could complete the last sentence: the tape ended or the record was paused
    context: Context = field(default_factory=Context)
    before_samples: int = 0  # how much of the sound belongs to the window before; whole frames of 10 ms
    after_samples: int = 0  # how much to the one after
    live: bool = False  # of a session that goes on now: comes before others where many ask; its words are the same


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words that Whisper gave as one sentence or part of one. Times count from the window's first sample."""

    start_ms: int
    end_ms: int
    text: str = field(repr=False)
    words: tuple[Word, ...] = field(repr=False)
    path: Path = "first"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a window held, and where the next one starts."""

    utterances: tuple[Utterance, ...] = field(repr=False)
    advance_samples: int  # 1..the window's samples; a sentence cut by the window's end is left for the next
    context: Context  # for the next window
    model: str
    not_understood: tuple[tuple[int, int], ...] = ()  # start and end in ms: a voice for which no words were found
    machine: str = ""  # of the clinic's pool that heard it; "" is this box


@dataclass(frozen=True, slots=True)
class SecondModel:
    """A better model, which hears again what the first one has heard."""

    name: str  # as what it hears names it
    size_bytes: int  # on the disk
    problem: str | None = None  # a sentence: why it cannot hear


def called(model: str) -> str:
    """What a model of this name is called beside the words that it heard."""
    return f"Whisper {model}"


class TranscriberAway(Exception):
    """Whoever hears does not answer. The window is not lost: ask again later."""


class TranscriberFailed(Exception):
    """Whoever hears answered that it cannot work; the message is a sentence for the therapist."""


class Transcriber(Protocol):
    """Pure: the same window gives the same words, so a window may be asked for again after any kill."""

    @property
    def at_once(self) -> int:
        """How many threads may ask at the same time."""
        ...

    def hear(self, window: Window) -> Heard:
        """Raise TranscriberAway or TranscriberFailed; the caller waits and asks again."""
        ...


class HearsAnew(Protocol):
    """What hears sessions a second time. Only one of the two models is in memory at a time."""

    def second_model(self) -> SecondModel | None:
        """None where the settings name none. Raises TranscriberAway."""
        ...

    def hear_anew(self, window: Window) -> Heard:
        """As `Transcriber.hear`, by the second model, which is loaded for it in the place of the first."""
        ...

    def make_ready(self) -> None:
        """Load the first model again, before somebody waits for it. Raises what `hear_anew` does."""
        ...
