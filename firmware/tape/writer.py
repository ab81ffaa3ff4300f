import os
import threading
from pathlib import Path
from typing import Self

from firmware.tape.birth import give_back_space, give_birth
from firmware.tape.cut import CutPlan, begin_cut, finish_cut, forget_plan
from firmware.tape.durable import disk_error
from firmware.tape.end_cut import Erasure, Piece, cut_before, pieces_kept
from firmware.tape.errors import TapeError, TapeFailed, TapeFull
from firmware.tape.head import VERSION, Recipient, TapeHead, is_session_id, new_head, new_session_key
from firmware.tape.records import (
    AppointmentRecord,
    AudioRecord,
    CloseRecord,
    ConsentEvent,
    ConsentRecord,
    ErasedRecord,
    FaultRecord,
    GapRecord,
    MarkRecord,
    Record,
    encode,
    samples_in,
)
from firmware.tape.segment_file import SegmentFile
from firmware.tape.stream import FIRST_LINK, SegmentHeader
from firmware.tape.timeline import Timeline

_ENDS_SPAN = {ConsentEvent.PAUSED, ConsentEvent.WITHDRAWN}


class TapeWriter:
    """The pen: seals one session to a recipient's public key, record by record. Any thread; each waits for the other.

    Every `append_*` returns when its record is durable: a kill or a power cut after that does not lose it. When one
    raises, its record is not on the tape and all earlier ones are. What is on the tape is taken back by `erase_last`
    alone. A writer is never reopened: after a crash the next recording is a new tape. Handles speech and the session's
    own key in clear, in memory; the key dies with the object.

    Raises, from every `append_*` and `close`:
        TapeFull: no space is left. Sound is refused from now on; anything else goes into space set aside before.
        TapeFailed: the disk refused, or the tape has ended. The caller may try on (in a new segment) or close.
    """

    def __init__(self, folder: Path, head: TapeHead, session_key: bytes, lock_fd: int, segment_s: int) -> None:
        """Not for callers: use `create`."""
        self.folder = folder
        self.head = head
        self._session_key = session_key
        self._lock_fd = lock_fd
        self._pen = threading.RLock()  # two threads at once would seal two records under one nonce
        self._segment_samples = segment_s * head.sample_rate_hz
        self._head_digest = head.digest()
        self._timeline = Timeline()
        self._pieces: list[Piece] = []
        self._segment: SegmentFile | None = None
        self._segment_audio_samples = 0
        self._next_number = 0
        self._link = FIRST_LINK
        self._is_full = False
        self._is_broken = False

    @classmethod
    def create(  # noqa: PLR0913  one fact of the head each
        cls,
        tapes_dir: Path,
        session_id: str,
        recipient: Recipient,
        *,
        sample_rate_hz: int,
        channels: int,
        started_at_ms: int,
        clock_trusted: bool,
        segment_s: int,
    ) -> Self:
        """A new, empty tape in `tapes_dir/session_id`, durable and locked. `started_at_ms` is UTC epoch, a label.

        Raises:
            TapeFull: not even an empty tape fits.
            TapeFailed: the disk refused, or there is a tape of this session.
            ValueError: a session id that is not 32 lowercase hex digits, or a length, rate or channel count below 1.
        """
        if not is_session_id(session_id) or min(sample_rate_hz, channels, segment_s) < 1:
            raise ValueError("a tape needs a session id, a sample rate, channels and a segment length")
        session_key = new_session_key()
        key_id = recipient.key_id
        facts = TapeHead(VERSION, session_id, sample_rate_hz, channels, key_id, started_at_ms, clock_trusted, b"")
        head = new_head(facts, recipient, session_key)
        try:
            lock_fd = give_birth(tapes_dir, session_id, head.pack())
        except OSError as error:
            raise disk_error(error) from error
        return cls(tapes_dir / session_id, head, session_key, lock_fd, segment_s)

    @property
    def samples_sealed(self) -> int:
        """Frames of sound (a channel) that are durable on the tape; gaps and what was erased do not count."""
        return self._timeline.audio_samples

    @property
    def samples(self) -> int:
        """The tape's length so far in samples, gaps and erased parts included: the position of the next record."""
        return self._timeline.sample

    def append_appointment(self, appointment_id: str) -> None:
        """`appointment_id`: 32 lowercase hex digits. Once, before consent is given.

        Raises:
            TimelineBroken: it comes too late or twice; a mistake of the caller.
        """
        with self._pen:
            self._append_event(AppointmentRecord(self.samples, appointment_id), final=False)

    def append_consent(self, event: ConsentEvent, *, at_ms: int | None = None, clock_trusted: bool = False) -> None:
        """`at_ms` (UTC epoch) is a label for people.

        Raises:
            ConsentMissing: the event cannot come now, such as a resume without a pause.
        """
        with self._pen:
            record = ConsentRecord(self.samples, event, at_ms, clock_trusted)
            self._append_event(record, final=event in _ENDS_SPAN)

    def append_audio(self, pcm: bytes) -> None:
        """Interleaved 16-bit little-endian PCM, any whole number of frames up to one second.

        Raises:
            ConsentMissing: there is no consent at this moment.
            ValueError: empty, longer than a second, or not whole frames.
        """
        samples = samples_in(len(pcm), self.head.channels)
        if samples > self.head.sample_rate_hz:
            raise ValueError("a record holds at most one second")
        with self._pen:
            if self._is_full:
                raise TapeFull
            segment_samples = self._segment_audio_samples + samples
            self._append(AudioRecord(self.samples, samples, pcm), final=segment_samples >= self._segment_samples)
            if self._segment:
                self._segment_audio_samples = segment_samples

    def append_gap(self, samples: int) -> None:
        """Says that so many samples were lost here; the timeline goes on by them and a new segment begins.

        Raises:
            ConsentMissing: there is no consent at this moment.
            ValueError: not a positive length.
        """
        if samples < 1:
            raise ValueError("a gap has a length")
        with self._pen:
            self._append_event(GapRecord(self.samples, samples), final=True)

    def append_fault(self, code: str) -> None:
        """`code`: 1 to 32 of a-z, 0-9 and underscore, never words from the room. A new segment begins."""
        with self._pen:
            self._append_event(FaultRecord(self.samples, code), final=True)

    def append_mark(self, code: str) -> None:
        """`code` as in `append_fault`."""
        with self._pen:
            self._append_event(MarkRecord(self.samples, code), final=False)

    def erase_last(self, samples: int, *, at_ms: int | None = None, clock_trusted: bool = False) -> Erasure:
        """Erases the last `samples` of what was recorded, and up to a second more; how much is left on the tape.

        What was erased before does not count. Consent stays as it is: paused where it rests. From the moment at which
        this is decided on the disk no kill keeps the sound; the session's key does not open it any more.

        Raises:
            NothingToErase: no sound is left; nothing was changed.
            TapeFailed: the disk refused. Either nothing was erased, or the tape has ended and `finish_erasing` does
                the rest.
        """
        with self._pen:
            if self._lock_fd < 0 or self._is_broken:
                raise _ended()
            kept = pieces_kept(self._pieces, samples)
            first = self._pieces[kept]
            start = first.before.sample
            record = ErasedRecord(start, self.samples - start, at_ms, clock_trusted)
            self.start_segment()
            try:
                cut = cut_before(self.folder, self._session_key, first, record, self._timeline)
                self._carry_out(cut.plan)
            except OSError as error:
                raise TapeFailed("The last minutes could not be erased; check the disk.") from error
            audio, gaps = self._timeline.audio_samples, self._timeline.gap_samples
            self._timeline, self._pieces = cut.timeline, self._pieces[:kept]
            self._link, self._next_number = cut.link, cut.plan.number + 1
            return Erasure(audio - cut.timeline.audio_samples, gaps - cut.timeline.gap_samples)

    def _carry_out(self, plan: CutPlan) -> None:
        """Ends the tape where the disk refuses in the middle: then nothing may be appended any more."""
        self._is_broken = True
        try:
            self._begin(plan)
        except OSError:
            forget_plan(self.folder)
            self._is_broken = False
            raise
        finish_cut(self.folder)
        self._is_broken = False

    def _begin(self, plan: CutPlan) -> None:
        try:
            begin_cut(self.folder, plan)
        except OSError as error:
            if not isinstance(disk_error(error), TapeFull):
                raise
            give_back_space(self.folder)
            begin_cut(self.folder, plan)

    def start_segment(self) -> None:
        """The next record begins a new segment, with a fresh salt and key."""
        with self._pen:
            segment, self._segment = self._segment, None
            self._segment_audio_samples = 0
            if segment is None:
                return
            segment.close()
            if segment.records:
                self._link = segment.link()
                self._next_number += 1

    def close(self) -> None:
        """Writes the totals and lets go of the tape; a second call does nothing.

        The lock is released even when the close record cannot be written: the tape then counts as ended abruptly.
        """
        with self._pen:
            if self._lock_fd < 0:
                return
            done = self._timeline
            totals = CloseRecord(done.sample, done.audio_samples, done.gap_samples, done.erased_samples)
            try:
                self._append_event(totals, final=True)
            finally:
                self.abandon()

    def abandon(self) -> None:
        """Lets go of the tape without a close record, as a crash would. A second call does nothing."""
        with self._pen:
            if self._lock_fd < 0:
                return
            self.start_segment()
            give_back_space(self.folder)
            os.close(self._lock_fd)
            self._lock_fd = -1
            self._session_key = b""

    def _append_event(self, record: Record, *, final: bool) -> None:
        was_full = self._is_full
        try:
            self._append(record, final=final)
        except TapeFull:
            if was_full:
                raise
            self._append(record, final=final)  # into the space that was set aside

    def _append(self, record: Record, *, final: bool) -> None:
        if self._lock_fd < 0 or self._is_broken:
            raise _ended()
        before, after = self._timeline, self._timeline.after(record)
        plaintext = encode(record)
        try:
            segment = self._segment_under_way()
            final = final or segment.is_almost_full
            place = (self._next_number, segment.records, segment.bytes)
            segment.append(plaintext, final=final)
        except OSError as error:
            raise self._after_failure(error) from error
        self._timeline = after
        if after.sample > before.sample:
            self._pieces.append(Piece(*place, after.sample - before.sample, before))
        if final:
            self.start_segment()

    def _segment_under_way(self) -> SegmentFile:
        if self._segment is None:
            header = SegmentHeader(self._next_number, self._head_digest, self._link)
            self._segment = SegmentFile(self.folder, header, self._session_key)
        return self._segment

    def _after_failure(self, error: OSError) -> TapeError:
        failure = disk_error(error)
        self._is_broken = self._segment is not None and self._segment.is_torn
        self.start_segment()
        if isinstance(failure, TapeFull) and not self._is_full:
            self._is_full = True
            give_back_space(self.folder)
        return failure


def _ended() -> TapeFailed:
    return TapeFailed("This recording has ended. Press the button to begin another one.")
