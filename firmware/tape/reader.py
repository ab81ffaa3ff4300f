import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware.tape.cut import is_being_cut
from firmware.tape.errors import TapeBusy, TapeFailed, TapeRefused
from firmware.tape.folder import is_being_written
from firmware.tape.head import TapeHead, read_head
from firmware.tape.records import BYTES_PER_SAMPLE, AudioRecord, ErasedRecord, Occurrence, Record
from firmware.tape.segment_index import SegmentIndex, changed
from firmware.tape.tape_index import Stretch, TapeIndex, TapeShrank

_TORN = (
    "The recording ended abruptly while the last moment of it (up to one second) was being written, and that moment is "
    "lost; everything before it is complete."
)
_ABRUPT = "The recording ended abruptly, without being stopped; everything that was recorded until then is complete."


class TapeReader:
    """Reads a tape, also while it is being written. Nothing that was not verified is ever returned.

    Opening verifies the order, the chain, the consent spans, the positions and the totals without opening the sound;
    each piece of sound is verified when it is read. One thread at a time; handles speech and the session's key in
    clear, in memory; holds no file open between calls.

    Raises, from every method that reads:
        TapeRefused: the tape is not what the recorder wrote.
        TapeErased: it is gone.
        TapeBusy: its end is being erased; refresh, or try again in a moment.
        TapeFailed: the disk could not read it; try again.
    """

    def __init__(self, folder: Path, session_key: bytes) -> None:
        self.head: TapeHead = read_head(folder)
        if not self.head.belongs_to(session_key):
            raise TapeRefused("This recording was changed after it was made, or the key is another recording's.")
        self._folder = folder
        self._session_key = session_key
        self._index = TapeIndex(folder, self.head, session_key)
        self._is_stale = False  # the tape is not any more what was indexed
        self.growing = False  # whether the recorder was still writing at the last refresh
        self.damage: str | None = None  # a sentence for people when the recording did not end as it should
        self.refresh()

    @property
    def samples(self) -> int:
        """The tape's length in samples (frames, a channel), gaps and erased parts included."""
        return self._index.timeline.sample

    @property
    def gap_samples(self) -> int:
        return self._index.timeline.gap_samples

    @property
    def erased_samples(self) -> int:
        return self._index.timeline.erased_samples

    def erased(self) -> list[ErasedRecord]:
        """The parts that were erased while the tape was being recorded, in order."""
        return list(self._index.erased())

    @property
    def closed(self) -> bool:
        """Whether the tape was stopped properly. A tape that neither is closed nor grows has ended abruptly."""
        return self._index.timeline.closed

    def refresh(self) -> None:
        """Picks up what was appended since."""
        is_living = is_being_written(self._folder)  # before reading: what ends in between is then read completely
        if is_being_cut(self._folder):
            raise TapeBusy
        with self._plain_errors():
            is_torn = self._advance()
        self.growing = is_living and not self.closed
        if self.closed or is_living:
            self.damage = None
        else:
            self.damage = _TORN if is_torn else _ABRUPT

    def _advance(self) -> bool:
        if not self._is_stale:
            try:
                return self._index.advance()
            except TapeShrank:
                self._is_stale = True
        fresh = TapeIndex(self._folder, self.head, self._session_key)
        is_torn = fresh.advance()
        self._index, self._is_stale = fresh, False
        return is_torn

    def events(self) -> Iterator[Record]:
        """Every record so far, in order and verified, one in memory at a time."""
        for segment in self._index.segments:
            with self._opened(segment) as fd:
                yield from segment.records(fd)

    def occurrences(self) -> list[Occurrence]:
        """Every record so far that is not sound, in order; known since the last refresh, so nothing is read."""
        return list(self._index.occurrences)

    def verify(self) -> None:
        """Verifies everything, the sound included; opening 90 minutes takes 0.02 s on a PC, and this 0.06 s."""
        for _ in self.events():
            pass

    def stretches(self) -> list[Stretch]:
        """Where there is sound without a break, in order. Time-based segments and marks do not break it."""
        return list(self._index.stretches)

    def read_pcm(self, start_sample: int, samples: int) -> bytes:
        """Interleaved 16-bit little-endian PCM from a position on; zeros where there is a gap or was erased.

        Opens only the records it touches. Shorter than asked for where the tape (so far) ends.

        Raises:
            ValueError: a negative position or length.
        """
        if start_sample < 0 or samples < 0:
            raise ValueError("positions and lengths are not negative")
        end_sample = min(start_sample + samples, self.samples)
        frame_bytes = BYTES_PER_SAMPLE * self.head.channels
        pcm = bytearray(max(end_sample - start_sample, 0) * frame_bytes)
        for record in self._audio_within(start_sample, end_sample):
            first = max(record.sample, start_sample)
            last = min(record.sample + record.samples, end_sample)
            sound = record.pcm[(first - record.sample) * frame_bytes : (last - record.sample) * frame_bytes]
            pcm[(first - start_sample) * frame_bytes : (last - start_sample) * frame_bytes] = sound
        return bytes(pcm)

    def _audio_within(self, start_sample: int, end_sample: int) -> Iterator[AudioRecord]:
        segments = self._index.segments
        number = max(bisect_right(segments, start_sample, key=lambda segment: segment.start_sample) - 1, 0)
        while number < len(segments) and segments[number].start_sample < end_sample:
            with self._opened(segments[number]) as fd:
                yield from segments[number].audio_within(fd, start_sample, end_sample)
            number += 1

    @contextmanager
    def _opened(self, segment: SegmentIndex) -> Iterator[int]:
        with self._plain_errors():
            fd = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                yield fd
            finally:
                os.close(fd)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except (TapeRefused, OSError) as error:
            read_head(self._folder)  # says so when the reason is that the tape is being erased
            if self._was_cut():
                self._is_stale = True
                raise TapeBusy from None
            if isinstance(error, TapeRefused):
                raise
            if isinstance(error, FileNotFoundError):
                raise changed() from None
            raise TapeFailed("The recording could not be read from the disk; check the disk and try again.") from error

    def _was_cut(self) -> bool:
        """Whether the end is being erased, or has been since the last refresh: then the tape itself is sound."""
        if is_being_cut(self._folder):
            return True
        now = TapeIndex(self._folder, self.head, self._session_key)
        try:
            now.advance()
        except (TapeRefused, OSError):
            return is_being_cut(self._folder)
        return [*now.erased()] != [*self._index.erased()]
