"""Hear sound that comes in blocks from start to end, without a tape or a vault.

Keeps the minutes around a window of it in memory, or the legs that are heard at once.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from app.asr.transcriber import NEIGHBOUR_SAMPLES, SAMPLE_RATE_HZ, WINDOW_SAMPLES, Transcriber, Window
from app.asr.transcriber import Heard as HeardWindow
from app.domain import Context, Segment, Word
from app.speech.attribution import attribute, mixed_down, segments
from app.speech.legs import COMPARED_WORDS, LEG_SAMPLES, Leg, continued, legs
from app.speech.windows import Span, next_span

PIECE_SAMPLES = 60 * SAMPLE_RATE_HZ  # large enough to be memory of its own, given back to the system when it is freed


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


@dataclass(frozen=True, slots=True)
class Part:
    """A window and what was heard in it."""

    span: Span
    heard: HeardWindow

    @property
    def until_sample(self) -> int:
        return self.span.start_sample + self.heard.advance_samples

    @property
    def offset_ms(self) -> int:
        return self.span.start_sample * 1000 // SAMPLE_RATE_HZ


class Reel:
    """The sound around the place that is being heard: takes blocks in at one end and forgets at the other."""

    def __init__(self, blocks: Iterator[bytes], channels: int) -> None:
        self._blocks = blocks
        self.channels = channels
        self._frame_bytes = 2 * channels
        self._piece_bytes = PIECE_SAMPLES * self._frame_bytes
        self._pieces = deque[NDArray[np.uint8]]()  # of PIECE_SAMPLES each: blocks would lie about among other memory
        self._first = 0  # sample, of the first piece
        self._samples = 0
        self._ended = False

    def legs_from(self, place: int, at_once: int) -> list[Leg]:
        """Read on as far as the next legs need, forget what was heard, and give them; none at the end."""
        wanted = at_once * LEG_SAMPLES if at_once > 1 else 1
        self._read_until(place + wanted + WINDOW_SAMPLES + NEIGHBOUR_SAMPLES)
        self._forget_before(place - NEIGHBOUR_SAMPLES)
        available = self._samples - place
        if available <= 0:
            return []
        if at_once == 1:
            return [Leg(place, place + 1)]
        return legs(place, available if self._ended else wanted, at_once, self._mono)

    def span(self, place: int) -> Span | None:
        """Give the window at a place within a leg."""
        return next_span([Whole(self._samples)], place, ended=self._ended)

    def window(self, span: Span, context: Context) -> Window:
        around = span.before_samples + span.samples + span.after_samples
        pcm = self._mono(span.start_sample - span.before_samples, around)
        return Window(pcm, span.final, context, span.before_samples, span.after_samples)

    def read(self, first: int, samples: int) -> bytes:
        """Interleaved s16le of samples of the legs or their neighbours."""
        start, end = (self._byte(sample) for sample in (first, first + samples))
        size = self._piece_bytes
        numbers = range(start // size, -(-end // size))
        return b"".join(self._pieces[one][max(0, start - one * size) : end - one * size].data for one in numbers)

    def _mono(self, first: int, samples: int) -> bytes:
        return mixed_down(self.read(first, samples), self.channels)

    def _byte(self, sample: int) -> int:
        """Give where a sample is in the pieces."""
        return (sample - self._first) * self._frame_bytes

    def _read_until(self, sample: int) -> None:
        while self._samples < sample and not self._ended:
            block = next(self._blocks, b"")
            self._ended = not block
            self._add(block)

    def _add(self, block: bytes) -> None:
        size, left = self._piece_bytes, np.frombuffer(block, np.uint8)
        while len(left):
            at = self._byte(self._samples) % size
            if not at:
                self._pieces.append(np.empty(size, np.uint8))
            some, left = left[: size - at], left[size - at :]
            self._pieces[-1][at : at + len(some)] = some
            self._samples += len(some) // self._frame_bytes

    def _forget_before(self, sample: int) -> None:
        while self._first + PIECE_SAMPLES <= sample:
            self._pieces.popleft()
            self._first += PIECE_SAMPLES


def listen(blocks: Iterator[bytes], channels: int, transcriber: Transcriber, at_once: int = 1) -> Iterator[Heard]:
    """Give the words of a sound, window by window.

    Args:
        blocks: interleaved s16le at 16 kHz, whole frames.
        channels: 1 or 2.
        transcriber: hears a window.
        at_once: how many windows it hears at once; more than one reads minutes ahead.

    Raises:
        TranscriberAway, TranscriberFailed: as the transcriber does.
    """
    reel = Reel(blocks, channels)
    text = Text(reel)
    with ThreadPoolExecutor(at_once) as pool:
        while runs := reel.legs_from(text.place, at_once):
            first, *rest = runs
            parts = _parts(reel, first, text.context, transcriber)
            later = [pool.submit(_whole_leg, reel, leg, text.context, transcriber) for leg in rest]
            for part in parts:
                yield text.add(part)
            for leg, heard in zip(rest, later, strict=True):
                yield from text.join(_in_one_language(heard.result(), text, reel, leg, transcriber))


class Text:
    """What was heard so far, as one text across all legs. Speech in clear."""

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
        self._said = deque[Word](maxlen=COMPARED_WORDS)  # times from the first sample
        self._next_seq = 0
        self.place = 0  # sample up to which all was heard
        self.context = Context()

    def join(self, parts: Sequence[Part]) -> Iterator[Heard]:
        """Add a leg that began before the end of the one before it."""
        until, said = self.place, tuple(self._said)
        for part in parts:
            until_ms = until * 1000 // SAMPLE_RATE_HZ - part.offset_ms
            shifted = [_moved(word, -part.offset_ms) for word in said]
            missed = tuple(one for one in part.heard.not_understood if one[1] > until_ms)
            new = continued(part.heard.utterances, shifted, until_ms)
            yield self.add(replace(part, heard=replace(part.heard, utterances=new, not_understood=missed)))

    def add(self, part: Part) -> Heard:
        heard = part.heard
        sound = self._reel.read(part.span.start_sample, part.span.samples)
        attributed = attribute(heard.utterances, sound, self._reel.channels)
        found = segments(attributed, first_seq=self._next_seq, offset_ms=part.offset_ms, model=heard.model)
        self._said.extend(word for segment in found for word in segment.words)
        self._next_seq += len(found)
        self.place, self.context = max(self.place, part.until_sample), heard.context
        missed = tuple(
            (part.offset_ms + start_ms, part.offset_ms + end_ms) for start_ms, end_ms in heard.not_understood
        )
        return Heard(tuple(found), missed, self.place * 1000 // SAMPLE_RATE_HZ, heard.context.language)


def _parts(reel: Reel, leg: Leg, context: Context, transcriber: Transcriber) -> Iterator[Part]:
    """Hear a leg window by window."""
    place = leg.start_sample
    while place < leg.until_sample and (span := reel.span(place)):
        part = Part(span, transcriber.hear(reel.window(span, context)))
        yield part
        place, context = part.until_sample, part.heard.context


def _whole_leg(reel: Reel, leg: Leg, context: Context, transcriber: Transcriber) -> list[Part]:
    return list(_parts(reel, leg, context, transcriber))


def _in_one_language(parts: list[Part], text: Text, reel: Reel, leg: Leg, transcriber: Transcriber) -> list[Part]:
    """Hear a leg again that took another language for the session's."""
    own = parts[-1].heard.context.language if parts else None
    if own is None or text.context.language in {None, own}:
        return parts
    return _whole_leg(reel, leg, replace(text.context, prompt=()), transcriber)


def _moved(word: Word, by_ms: int) -> Word:
    return replace(word, start_ms=word.start_ms + by_ms, end_ms=word.end_ms + by_ms)
