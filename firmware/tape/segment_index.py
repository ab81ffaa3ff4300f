import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from firmware.tape.errors import TapeRefused
from firmware.tape.records import AudioRecord, Record, decode
from firmware.tape.stream import FRAME_BYTES, MIN_CIPHERTEXT_BYTES, OPENING_BYTES, TAG_BYTES, Frame, SegmentSeal

_FOLLOWERS_SOUGHT = 8


class SegmentIndex:
    """Where the records of one segment stand, 16 bytes a record; reads and verifies them one at a time.

    Every method that reads takes the descriptor of the segment's file. Handles speech in clear.
    """

    def __init__(self, path: Path, opening: bytes, seal: SegmentSeal, channels: int, max_ciphertext_bytes: int) -> None:
        self.path = path
        self.seal = seal
        self.end = OPENING_BYTES  # of the last record taken
        self.is_final = False
        self._opening = opening  # as it stood in the file
        self._channels = channels
        self._max_ciphertext_bytes = max_ciphertext_bytes
        self._offsets = array("Q")  # of each record's frame
        self._starts = array("Q")  # each record's position on the timeline, in samples

    def __len__(self) -> int:
        return len(self._offsets)

    @property
    def start_sample(self) -> int:
        return self._starts[0]

    def link(self, fd: int) -> bytes:
        """What the next segment's header must say of this one."""
        return self.seal.header.link_after(len(self), os.pread(fd, TAG_BYTES, self.end - TAG_BYTES))

    def still_stands(self, fd: int, size: int) -> bool:
        """Whether the file is the one that was indexed, and not shorter than it was."""
        return size >= self.end and os.pread(fd, OPENING_BYTES, 0) == self._opening

    def new_frames(self, fd: int, size: int) -> Iterator[tuple[int, Frame]]:
        """The frames of complete records between the last one taken and `size`, with their offsets; not verified.

        Stops at the first place that cannot be a record.
        """
        offset, index, is_final = self.end, len(self), self.is_final
        while not is_final and offset + FRAME_BYTES <= size:
            frame = Frame.parse(os.pread(fd, FRAME_BYTES, offset))
            if frame is None or frame.index != index or not self._is_plausible(frame):
                return
            if offset + FRAME_BYTES + frame.ciphertext_bytes > size:
                return
            yield offset, frame
            offset += FRAME_BYTES + frame.ciphertext_bytes
            index += 1
            is_final = frame.final

    def _is_plausible(self, frame: Frame) -> bool:
        return MIN_CIPHERTEXT_BYTES <= frame.ciphertext_bytes <= self._max_ciphertext_bytes

    def open_new(self, fd: int, offset: int, frame: Frame) -> Record | None:
        """The record of a frame that was not taken yet; None when it is not authentic.

        Raises:
            TapeRefused: authentic, and yet no record of this version.
        """
        ciphertext = os.pread(fd, frame.ciphertext_bytes, offset + FRAME_BYTES)
        plaintext = self.seal.open(frame.index, ciphertext, final=frame.final)
        return None if plaintext is None else self._decoded(plaintext)

    def take(self, offset: int, frame: Frame, start_sample: int) -> None:
        """Adds a record to the index."""
        self._offsets.append(offset)
        self._starts.append(start_sample)
        self.end = offset + FRAME_BYTES + frame.ciphertext_bytes
        self.is_final = frame.final

    def read(self, fd: int, index: int) -> Record:
        """The record at an index, verified: it is what was sealed here, at this place on the timeline.

        Raises:
            TapeRefused: it is not.
        """
        is_last = index == len(self) - 1
        offset = self._offsets[index] + FRAME_BYTES
        end = self.end if is_last else self._offsets[index + 1]
        ciphertext = os.pread(fd, end - offset, offset)
        plaintext = self.seal.open(index, ciphertext, final=self.is_final and is_last)
        record = None if plaintext is None else self._decoded(plaintext)
        if record is None or record.sample != self._starts[index]:
            raise changed()
        return record

    def _decoded(self, plaintext: bytes) -> Record:
        try:
            return decode(plaintext, self._channels)
        except ValueError:
            raise changed() from None

    def records(self, fd: int) -> Iterator[Record]:
        for index in range(len(self)):
            yield self.read(fd, index)

    def audio_within(self, fd: int, start_sample: int, end_sample: int) -> Iterator[AudioRecord]:
        """The sound that overlaps the span, opening nothing else but what stands at its edges."""
        # Of several records at one position only the last has a length: it is found from the right.
        index = max(bisect_right(self._starts, start_sample) - 1, 0)
        while index < len(self) and self._starts[index] < end_sample:
            record = self.read(fd, index)
            if isinstance(record, AudioRecord):
                yield record
            index += 1

    def is_torn(self, fd: int, size: int) -> bool:
        """Whether what stands after the last record is one write that a kill or a power cut interrupted.

        At most one record is ever under way, and nothing is written behind it before it is durable. So a longer rest,
        or an authentic record behind an unreadable place, means that somebody changed an acknowledged record.
        """
        rest_bytes = max(size - self.end, 0)
        if self.is_final or rest_bytes > FRAME_BYTES + self._max_ciphertext_bytes:
            return False
        rest = os.pread(fd, rest_bytes, self.end)
        return not any(self._stands_in(rest, len(self) + ahead) for ahead in range(_FOLLOWERS_SOUGHT))

    def _stands_in(self, rest: bytes, index: int) -> bool:
        needle, at = Frame(0, index, final=False).pack()[4:8], 3
        while (at := rest.find(needle, at + 1)) >= 0:
            frame = Frame.parse(rest[at - 4 : at + FRAME_BYTES - 4].ljust(FRAME_BYTES, b"\xff"))
            if frame is None or not self._is_plausible(frame):
                continue
            ciphertext = rest[at + FRAME_BYTES - 4 :][: frame.ciphertext_bytes]
            if self.seal.open(index, ciphertext, final=frame.final) is not None:
                return True
        return False


def changed() -> TapeRefused:
    return TapeRefused("This recording was changed after it was made, so it cannot be trusted and is not used.")
