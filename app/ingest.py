import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.domain import ErasedEnd, Pause, SessionHead, SessionState
from app.vault.vault import Vault
from firmware.tape import (
    AppointmentRecord,
    ConsentEvent,
    ConsentRecord,
    ErasedRecord,
    TapeBusy,
    TapeErased,
    TapeError,
    TapeHead,
    TapeReader,
    list_tapes,
    read_head,
)

log = logging.getLogger(__name__)

UNHEARD = (SessionState.RECORDING, SessionState.CAPTURED, SessionState.TRANSCRIBING)


@dataclass(slots=True)
class OpenTape:
    """A tape that its owner's vault has opened, perhaps while it is still being written."""

    folder: Path
    reader: TapeReader
    being_written: bool = True
    breaks: int = 0  # stretches whose pauses the vault already knows
    erased: set[ErasedRecord] = field(default_factory=set)  # likewise

    @property
    def session_id(self) -> str:
        return self.reader.head.session_id


class Ingest:
    """Finds the tapes sealed to one vault, enters them in it as sessions, and follows them while they grow.

    One thread. The session key is kept in the vault's key store the first time a tape is seen.
    """

    def __init__(self, tapes_dir: Path, vault: Vault) -> None:
        self._tapes_dir = tapes_dir
        self._vault = vault
        self._open: dict[str, OpenTape] = {}
        self._passed: set[str] = set()  # of other people, heard to the end, or refused

    def tapes(self) -> list[OpenTape]:
        """Give the tapes that still have something to be heard, those being written first."""
        for folder in list_tapes(self._tapes_dir):
            if folder.name not in self._open and folder.name not in self._passed:
                self._take_in(folder)
        return sorted(self._open.values(), key=lambda tape: not tape.being_written)

    def follow(self, tape: OpenTape) -> bool:
        """Take in what was written since, and tell whether a part was erased.

        Raises:
            TapeBusy: the end is being erased; call again.
            TapeErased, NoSuchSession: the session was withdrawn; `forget` it.
            TapeError: the tape was changed; `refuse` it.
        """
        tape.reader.refresh()
        tape.being_written = tape.reader.growing
        was_erased = self._erase_ends(tape)
        stretches = len(tape.reader.stretches())
        if was_erased or stretches != tape.breaks:
            self._link_to_appointment(tape)
            self._vault.sessions.add_pauses(tape.session_id, list(_pauses(tape.reader)))
            tape.breaks = stretches
        return was_erased

    def _link_to_appointment(self, tape: OpenTape) -> None:
        for record in tape.reader.occurrences():
            if isinstance(record, AppointmentRecord):
                self._vault.clients.link_from_tape(tape.session_id, record.appointment_id)

    def _erase_ends(self, tape: OpenTape) -> bool:
        """What was erased from the tape goes from the transcript, before another word is heard."""
        news = False
        for record in tape.reader.erased():
            if record not in tape.erased:
                rate_hz = tape.reader.head.sample_rate_hz
                end = _erased_end(record, rate_hz)
                news |= self._vault.erasures.erase_end(tape.session_id, end, record.sample)
                tape.erased.add(record)
        return news

    def reopen(self, session_id: str) -> OpenTape | None:
        """Open the tape of a session that was heard to its end; None where its sound is gone.

        Raises:
            TapeBusy: the end is being erased; call again.
        """
        folder = self._tapes_dir / session_id
        try:
            reader = TapeReader(folder, self._session_key(read_head(folder)))
            reader.refresh()
        except TapeBusy:
            raise
        except (TapeError, OSError):
            return None
        return OpenTape(folder, reader, being_written=False)

    def release(self, tape: OpenTape) -> None:
        """Nothing more will come of this tape."""
        del self._open[tape.session_id]
        self._passed.add(tape.session_id)

    def forget(self, session_id: str) -> None:
        """The session was withdrawn: its key, should a race have kept it, goes as well."""
        self._open.pop(session_id, None)
        self._passed.add(session_id)
        self._vault.drop_session_key(session_id)

    def refuse(self, session_id: str, error: TapeError) -> None:
        """Show the sentence with the session and leave its tape alone until the next sign-in."""
        log.warning("session %s: tape refused (%s)", session_id, type(error).__name__)
        self._open.pop(session_id, None)
        self._passed.add(session_id)
        row = self._vault.sessions.get(session_id)
        if row:
            kept = SessionState.CAPTURED if row.state is SessionState.RECORDING else row.state
            self._vault.sessions.set_state(session_id, kept, str(error))

    def _take_in(self, folder: Path) -> None:
        try:
            head = read_head(folder)
            if head.key_id != self._vault.account.key_id:
                self._passed.add(folder.name)
                return
            self._vault.sessions.add(_session(head))
            if self._is_withdrawn(head.session_id) or self._is_heard(head.session_id):
                self._passed.add(folder.name)
                return
            self._open[head.session_id] = OpenTape(folder, TapeReader(folder, self._session_key(head)))
        except TapeErased:
            self.forget(folder.name)
        except TapeBusy:
            return  # looked for again at the next round
        except TapeError as error:
            self.refuse(folder.name, error)

    def _is_withdrawn(self, session_id: str) -> bool:
        return self._vault.sessions.get(session_id) is None

    def _is_heard(self, session_id: str) -> bool:
        """Whether the session was heard to its end and has moved on, which a kill may have kept apart."""
        row = self._vault.sessions.get(session_id)
        moved_on = row is not None and row.state not in UNHEARD
        return moved_on and self._vault.sessions.cursor(session_id).finished

    def _session_key(self, head: TapeHead) -> bytes:
        kept = self._vault.session_key(head.session_id)
        if kept is None:
            kept = self._vault.open_tape_key(head)
            self._vault.keep_session_key(head.session_id, kept)
        return kept


def _session(head: TapeHead) -> SessionHead:
    return SessionHead(head.session_id, head.started_at_ms, head.clock_trusted, head.sample_rate_hz, head.channels)


def _erased_end(record: ErasedRecord, rate_hz: int) -> ErasedEnd:
    return ErasedEnd(
        from_ms=record.sample * 1000 // rate_hz,
        to_ms=(record.sample + record.samples) * 1000 // rate_hz,
        asked_at_ms=record.at_ms or 0,
        clock_trusted=record.clock_trusted,
    )


def _pauses(reader: TapeReader) -> Iterator[Pause]:
    """Where the consent rested and was given again."""
    for record in reader.occurrences():
        if isinstance(record, ConsentRecord) and record.event is ConsentEvent.RESUMED:
            yield Pause(record.sample * 1000 // reader.head.sample_rate_hz)
