"""Hear sound that comes in blocks from start to end, without a tape or a vault. Keeps one window of it in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.asr.transcriber import SAMPLE_RATE_HZ, Transcriber, Window
from app.domain import Context, Segment
from app.speech.attribution import attribute, mixed_down, segments
from app.speech.windows import Span, next_span


@dataclass(frozen=True, slots=True)
class Heard:
    """What one window added. Times count from the first sample. Speech in clear."""

    segments: tuple[Segment, ...] = field(repr=False)
    not_understood: tuple[tuple[int, int], ...]  # start and end in ms
    until_ms: int
    language: str | None


@dataclass(frozen=True, slots=True)
class Whole:
    """The one stretch that a sound without breaks is."""

    samples: int
    start_sample: int = 0


class Reel:
    """The sound around the place that is being heard: takes blocks in at one end and forgets at the other."""

    def __init__(self, blocks: Iterator[bytes], channels: int) -> None:
        self._blocks = blocks
        self._frame_bytes = 2 * channels
        self._kept = bytearray()
        self._first = 0  # sample
        self._ended = False

    def next_span(self, heard_until: int) -> Span | None:
        """Give the next span, reading as far as it needs; None at the end."""
        while not (span := next_span([Whole(self._samples)], heard_until, ended=self._ended)) and not self._ended:
            block = next(self._blocks, b"")
            self._ended = not block
            self._kept += block
        if span:
            self._forget_before(span.start_sample - span.before_samples)
        return span

    def read(self, first: int, samples: int) -> bytes:
        """Interleaved s16le of samples that the last span or its neighbours hold."""
        start = (first - self._first) * self._frame_bytes
        return bytes(self._kept[start : start + samples * self._frame_bytes])

    @property
    def _samples(self) -> int:
        return self._first + len(self._kept) // self._frame_bytes

    def _forget_before(self, sample: int) -> None:
        del self._kept[: (sample - self._first) * self._frame_bytes]
        self._first = sample


def listen(blocks: Iterator[bytes], channels: int, transcriber: Transcriber) -> Iterator[Heard]:
    """Give the words of a sound, window by window.

    Args:
        blocks: interleaved s16le at 16 kHz, whole frames.
        channels: 1 or 2.
        transcriber: hears one window at a time.

    Raises:
        TranscriberAway, TranscriberFailed: as the transcriber does.
    """
    reel, place, context, next_seq = Reel(blocks, channels), 0, Context(), 0
    while span := reel.next_span(place):
        around = reel.read(
            span.start_sample - span.before_samples, span.before_samples + span.samples + span.after_samples
        )
        window = Window(mixed_down(around, channels), span.final, context, span.before_samples, span.after_samples)
        heard = transcriber.hear(window)
        offset_ms = span.start_sample * 1000 // SAMPLE_RATE_HZ
        attributed = attribute(heard.utterances, reel.read(span.start_sample, span.samples), channels)
        found = segments(attributed, first_seq=next_seq, offset_ms=offset_ms, model=heard.model)
        place, context, next_seq = span.start_sample + heard.advance_samples, heard.context, next_seq + len(found)
        missed = tuple((offset_ms + start_ms, offset_ms + end_ms) for start_ms, end_ms in heard.not_understood)
        yield Heard(tuple(found), missed, place * 1000 // SAMPLE_RATE_HZ, context.language)
