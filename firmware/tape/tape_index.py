import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware.tape.errors import ConsentMissing, TapeRefused
from firmware.tape.head import TapeHead
from firmware.tape.records import (
    PREFIX_BYTES,
    AudioRecord,
    CloseRecord,
    ErasedRecord,
    MarkRecord,
    Occurrence,
    Record,
    samples_in,
)
from firmware.tape.segment_file import segment_name
from firmware.tape.segment_index import SegmentIndex, changed
from firmware.tape.stream import (
    FIRST_LINK,
    HEADER_BYTES,
    MAX_SMALL_BYTES,
    OPENING_BYTES,
    TAG_BYTES,
    Frame,
    SegmentHeader,
    SegmentSeal,
    max_ciphertext_bytes,
)
from firmware.tape.timeline import Timeline, TimelineBroken

_SEGMENT = re.compile(r"\d{6}\.seg")


class TapeShrank(Exception):
    """The recorder took back what it could not make durable, or erased the end; the reader makes a new index."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound without a break: between start, pauses, gaps, faults and erased parts. The last one may be growing."""

    start_sample: int
    samples: int


class TapeIndex:
    """What stands where on a tape, found without opening the sound; `advance` walks on from where it stopped.

    Opened and verified on the way are the last record of each segment, which proves the segment's header and with it
    the chain, and every record short enough to be something else than sound. The length of a longer one tells how much
    sound it is; that no length was changed is proved by the records behind it, which say their position under the seal.
    """

    def __init__(self, folder: Path, head: TapeHead, session_key: bytes) -> None:
        self.segments: list[SegmentIndex] = []
        self.stretches: list[Stretch] = []
        self.occurrences: list[Occurrence] = []
        self.timeline = Timeline()
        self._folder = folder
        self._head = head
        self._head_digest = head.digest()
        self._session_key = session_key
        self._link = FIRST_LINK
        self._stretch_goes_on = False

    def advance(self) -> bool:
        """Takes what was appended since, and returns whether an interrupted record stands at the end.

        Raises:
            TapeRefused: the tape is not what the recorder wrote.
            TapeShrank: start again with a new index.
            OSError: the disk could not read it, or it is being erased.
        """
        count = self._count_segments()
        is_torn = False
        for number in range(max(len(self.segments) - 1, 0), count):
            is_torn = self._advance_segment(number, is_last=number == count - 1)
        return is_torn

    def erased(self) -> Iterator[ErasedRecord]:
        return (record for record in self.occurrences if isinstance(record, ErasedRecord))

    def _count_segments(self) -> int:
        names = sorted(filter(_SEGMENT.fullmatch, os.listdir(self._folder)))  # noqa: PTH208  names are enough
        if len(names) < len(self.segments):
            raise TapeShrank
        if names != [segment_name(number) for number in range(len(names))]:
            raise changed()
        return len(names)

    def _advance_segment(self, number: int, *, is_last: bool) -> bool:
        fd = os.open(self._folder / segment_name(number), os.O_RDONLY | os.O_CLOEXEC)
        try:
            segment = self.segments[number] if number < len(self.segments) else self._begin(number, fd)
            size = os.fstat(fd).st_size
            self._take_new(segment, fd, size)
            if len(segment) and number == len(self.segments):
                self.segments.append(segment)
            if len(segment) and size == segment.end:
                self._link = segment.link(fd)
                return False
            if is_last and segment.is_torn(fd, size):
                return True
            raise changed()
        finally:
            os.close(fd)

    def _begin(self, number: int, fd: int) -> SegmentIndex:
        """A segment of which nothing is proved yet; its header may be cut or zero in places, but not another one."""
        raw = os.pread(fd, OPENING_BYTES, 0)
        header = SegmentHeader(number, self._head_digest, self._link)
        expected = header.pack()
        if self.timeline.closed or any(there not in {0, right} for there, right in zip(raw, expected, strict=False)):
            raise changed()
        slot = raw[HEADER_BYTES:] if raw.startswith(expected) else b""
        seal = SegmentSeal.open_slot(header, slot, self._session_key)  # with a false slot no record is authentic
        limit = max_ciphertext_bytes(self._head.sample_rate_hz, self._head.channels)
        return SegmentIndex(self._folder / segment_name(number), raw, seal, self._head.channels, limit)

    def _take_new(self, segment: SegmentIndex, fd: int, size: int) -> None:
        if len(segment) and not segment.still_stands(fd, size):
            raise TapeShrank
        frames = list(segment.new_frames(fd, size))
        for offset, frame in frames:
            start_sample = self.timeline.sample
            if frame.ciphertext_bytes <= MAX_SMALL_BYTES or frame is frames[-1][1]:
                record = segment.open_new(fd, offset, frame)
                if record is None:
                    break
                self._take(record, frame)
            else:
                self._take_unopened_audio(frame)
            segment.take(offset, frame, start_sample)
        else:
            return
        if len(segment):
            segment.read(fd, len(segment) - 1)  # it has become the last one, which must be proved

    def _take(self, record: Record, frame: Frame) -> None:
        if isinstance(record, CloseRecord) and not frame.final:
            raise changed()
        try:
            self.timeline = self.timeline.after(record)
        except ConsentMissing:
            raise _without_consent() from None
        except TimelineBroken:
            raise changed() from None
        if isinstance(record, AudioRecord):
            self._extend_stretch(record.sample, record.samples)
            return
        self.occurrences.append(record)
        if not isinstance(record, MarkRecord):
            self._stretch_goes_on = False

    def _take_unopened_audio(self, frame: Frame) -> None:
        start_sample = self.timeline.sample
        try:
            samples = samples_in(frame.ciphertext_bytes - TAG_BYTES - PREFIX_BYTES, self._head.channels)
            self.timeline = self.timeline.after_audio(samples)
        except ConsentMissing:
            raise _without_consent() from None
        except (TimelineBroken, ValueError):
            raise changed() from None
        self._extend_stretch(start_sample, samples)

    def _extend_stretch(self, start_sample: int, samples: int) -> None:
        if self._stretch_goes_on:
            last = self.stretches.pop()
            self.stretches.append(Stretch(last.start_sample, last.samples + samples))
        else:
            self.stretches.append(Stretch(start_sample, samples))
            self._stretch_goes_on = True


def _without_consent() -> TapeRefused:
    return TapeRefused("This recording holds sound outside the client's consent, so it is not used.")
