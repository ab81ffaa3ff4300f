"""Performs what the consent state machine decides: on the tape, the lamps and the microphone."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, assert_never

from firmware import clock
from firmware.capture import Capture, SoundFormat
from firmware.consent_table import LIGHTS, Action
from firmware.faults import Fault
from firmware.microphone import MicrophoneMissing, MicrophoneStuck
from firmware.tape import (
    AskedBy,
    ConsentEvent,
    NothingToErase,
    TapeError,
    TapeFull,
    TapeHead,
    TapeWriter,
    Withdrawal,
    finish_erasing,
    withdraw_tape,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firmware.consent import ConsentState
    from firmware.lamp import Lamp
    from firmware.microphone import Microphone
    from firmware.recipient import RecipientFile


class ActionFailed(Exception):
    """The rest of the actions must not be performed; the state machine is told the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Deck:
    """Owns the session's tape. Called from one thread at a time, and may take as long as disk and microphone do.

    What it says about itself (`session_id`, `capture`) may be read from any thread.
    """

    def __init__(  # noqa: PLR0913  the parts of a recording
        self,
        *,
        tapes_dir: Path,
        recipients: RecipientFile,
        microphone: Microphone,
        lamp: Lamp,
        sound: SoundFormat,
        segment_s: int,
        on_sealed: Callable[[], None],
        on_fault: Callable[[Fault], None],
        clock_ms: Callable[[], int] = clock.monotonic_ms,
    ) -> None:
        self._tapes_dir = tapes_dir
        self._recipients = recipients
        self._microphone = microphone
        self._lamp = lamp
        self._sound = sound
        self._segment_s = segment_s
        self._on_sealed = on_sealed
        self._on_fault = on_fault
        self._clock_ms = clock_ms
        self._tape: TapeWriter | None = None
        self._head: TapeHead | None = None  # of the last session, open or not
        self._withdrawal: Withdrawal | None = None  # under way
        self._lost_since_ms: int | None = None  # the last block before the microphone was lost
        self.session_id: str | None = None  # as long as its tape is open
        self.capture: Capture | None = None  # of the last session, for its counts
        self.listens_since_ms: int | None = None  # None while the microphone is closed
        self.receipt_id: str | None = None  # the session that was erased last

    def perform(self, action: Action, state: ConsentState) -> None:  # noqa: C901, PLR0912  one line an action
        """Makes one action of the transition into `state` true. Raises ActionFailed."""
        match action:
            case Action.NEW_TAPE:
                self._new_tape()
            case Action.WRITE_GIVEN:
                self._write_consent(ConsentEvent.GIVEN)
            case Action.WRITE_PAUSED:
                self._write_consent(ConsentEvent.PAUSED)
            case Action.WRITE_RESUMED:
                self._write_consent(ConsentEvent.RESUMED)
            case Action.SHOW_LIGHT:
                self._lamp.show(LIGHTS[state.phase])
            case Action.READ_BACK_LIGHT:
                self._read_back_light()
            case Action.OPEN_MICROPHONE:
                self._open_microphone()
            case Action.CLOSE_MICROPHONE:
                self._close_microphone()
            case Action.ABANDON_MICROPHONE:
                self._abandon_microphone()
            case Action.SEAL_REMAINDER:
                self._seal_remainder()
            case Action.WRITE_FAULT:
                self._write_fault(state.fault)
            case Action.CLOSE_TAPE:
                self._close_tape()
            case Action.ERASE_LAST:
                self._erase_last(state.erase_minutes)
            case Action.ERASE_TAPE:
                self._erase_tape(AskedBy.PAGE if state.by_page else AskedBy.BUTTON)
            case _:
                assert_never(action)

    def _new_tape(self) -> None:
        recipient = self._recipients.current
        if recipient is None:  # the preflight has seen one; without it there is nobody to seal to
            raise ActionFailed(Fault.TAPE_FAILED)
        with contextlib.suppress(TapeError, OSError):  # what a storage refused to erase then, it may not refuse now
            finish_erasing(self._tapes_dir)
        session_id = uuid.uuid4().hex
        appointment_id = self._recipients.begin_session().appointment_id
        try:
            self._tape = TapeWriter.create(
                self._tapes_dir,
                session_id,
                recipient,
                sample_rate_hz=self._sound.sample_rate_hz,
                channels=self._sound.channels,
                started_at_ms=clock.utc_ms(),
                clock_trusted=clock.is_trusted(),
                segment_s=self._segment_s,
            )
            if appointment_id is not None:
                self._tape.append_appointment(appointment_id)
        except TapeError as error:
            raise _failed(error) from error
        self.session_id = session_id
        self._head = self._tape.head
        self.capture = Capture(
            self._tape, self._sound, on_sealed=self._on_sealed, on_fault=self._on_fault, clock_ms=self._clock_ms
        )
        self._lost_since_ms = None
        self._microphone.rewind()

    def _write_consent(self, event: ConsentEvent) -> None:
        if self._tape is None:
            raise ActionFailed(Fault.TAPE_FAILED)
        if event is not ConsentEvent.GIVEN:
            self._lost_since_ms = None  # time off the record is no gap
        try:
            self._tape.append_consent(event, at_ms=clock.utc_ms(), clock_trusted=clock.is_trusted())
        except TapeError as error:
            raise _failed(error) from error

    def _read_back_light(self) -> None:
        if not self._lamp.answers():
            raise ActionFailed(Fault.LIGHT_DEAD)

    def _open_microphone(self) -> None:
        assert self.capture is not None
        self.capture.start(silent_since_ms=self._lost_since_ms)
        try:
            self._microphone.open(self.capture.push)
        except (MicrophoneMissing, MicrophoneStuck) as error:
            self._note_loss(self._clock_ms())
            raise ActionFailed(Fault.MICROPHONE_SILENT) from error
        self.listens_since_ms = self._clock_ms()

    def _close_microphone(self) -> None:
        self.listens_since_ms = None
        try:
            self._microphone.close()
        except MicrophoneStuck as error:
            raise ActionFailed(Fault.MICROPHONE_STUCK) from error

    def _abandon_microphone(self) -> None:
        self._note_loss(self.listens_since_ms)
        self.listens_since_ms = None
        with contextlib.suppress(MicrophoneStuck):  # it delivers nothing more, and is not used until it has answered
            self._microphone.close()

    def _note_loss(self, listening_since_ms: int | None) -> None:
        """Remembers since when sound is missing; a second loss before any sound came back extends the first."""
        last_block_ms = None if self.capture is None else self.capture.last_block_ms
        if last_block_ms is not None:
            self._lost_since_ms = last_block_ms
        elif self._lost_since_ms is None:
            self._lost_since_ms = listening_since_ms

    def _seal_remainder(self) -> None:
        if self.capture is not None:
            self.capture.finish()

    def _write_fault(self, fault: Fault | None) -> None:
        if self._tape is None or fault is None:
            return
        with contextlib.suppress(TapeError):  # the light and the page say it all the same
            self._tape.append_fault(fault.value)

    def _close_tape(self) -> None:
        tape, self._tape = self._tape, None
        if tape is None:
            return
        try:
            tape.close()
        except TapeError as error:
            raise _failed(error) from error
        finally:
            self.session_id = None

    def _erase_last(self, minutes: int) -> None:
        if self._tape is None or self.capture is None:
            return
        samples = self._sound.samples_of(minutes * 60 / self._sound.speed)
        try:
            erased = self._tape.erase_last(samples, at_ms=clock.utc_ms(), clock_trusted=clock.is_trusted())
        except NothingToErase:
            return
        except TapeError as error:
            raise ActionFailed(Fault.END_NOT_ERASED) from error
        self.capture.note_erased(erased.audio_samples, erased.gap_samples)

    def _erase_tape(self, asked_by: AskedBy) -> None:
        """Of the last session, whether its tape is still open or was closed by a fault. May be called again."""
        tape, self._tape = self._tape, None
        if tape is not None:
            tape.abandon()  # the session's key leaves the memory
        if self._withdrawal is None:
            self._withdrawal = self._new_withdrawal(asked_by)
        try:
            erased = withdraw_tape(self._tapes_dir, self._withdrawal, clock.utc_ms)
        except TapeError as error:
            raise ActionFailed(Fault.ERASING_FAILED) from error
        self.session_id = self._head = self._withdrawal = None
        self.receipt_id = erased.session_id

    def _new_withdrawal(self, asked_by: AskedBy) -> Withdrawal:
        assert self._head is not None, "only what was recorded can be withdrawn"
        return Withdrawal(
            session_id=self._head.session_id,
            key_id=self._head.key_id,
            asked_by=asked_by,
            asked_at_ms=clock.utc_ms(),
            clock_trusted=clock.is_trusted(),
            samples=0 if self.capture is None else self.capture.samples_sealed,
            sample_rate_hz=self._head.sample_rate_hz,
        )


def _failed(error: TapeError) -> ActionFailed:
    return ActionFailed(Fault.TAPE_FULL if isinstance(error, TapeFull) else Fault.TAPE_FAILED)
