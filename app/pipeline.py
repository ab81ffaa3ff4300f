import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.asr.transcriber import SecondModel, Transcriber, TranscriberAway, TranscriberFailed
from app.asr.voiceprints import VoicePrinter
from app.changes import Changes
from app.domain import Cursor, SessionState, Turn
from app.errors import TacetError
from app.hearing_queue import HearingQueue, Progress, queue_of
from app.ingest import Ingest, OpenTape
from app.second_pass import SecondPass
from app.speech.ahead import Ahead, WordsAhead
from app.speech.expected import vocabulary_of
from app.speech.hearing import hear_next
from app.speech.known_seats import KnownSeats
from app.speech.speaking import Speakers
from app.telling_anew import TellingAnew
from app.vault.errors import NoSuchSession, SessionApproved, VaultLocked
from app.vault.vault import Vault, Vaults
from firmware.tape import TapeBusy, TapeErased, TapeError

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5  # for new tapes and new sound
RETRY_EVERY_S = 2.0  # for an asr process that is away, a model that is missing, a full disk
AWAY = "The speech process is not running, so new words have to wait. It is started again by itself."


class Pipeline:
    """Carries every session of every unlocked vault from its tape to a draft.

    One thread calls `run`, any thread the rest. Every step is stored before the next one begins, so the process may be
    killed at any time.
    """

    def __init__(  # noqa: PLR0913, PLR0917  what it is wired to
        self,
        tapes_dir: Path,
        vaults: Vaults,
        transcriber: Transcriber,
        printer: VoicePrinter | None = None,
        seats: Callable[[], KnownSeats | None] = lambda: None,
        second: SecondPass | None = None,
    ) -> None:
        """Without `second`, sessions are heard once."""
        self.changes = Changes()
        self._tapes_dir = tapes_dir
        self._vaults = vaults
        self._transcriber = transcriber
        self._speakers = Speakers(printer, seats)
        self._anew = TellingAnew(printer, seats)
        self._second = second
        self._ahead = WordsAhead()
        self._ingests: dict[Vault, Ingest] = {}
        self._progress: dict[str, Progress] = {}
        self._hears: str | None = None  # the session whose window is with the transcriber
        self._speech_problem: str | None = None
        self._wake = threading.Event()

    @property
    def speech_problem(self) -> str | None:
        """Say in a sentence why no words come, or None."""
        return self._speech_problem

    def progress(self, session_id: str) -> Progress | None:
        """Tell how far a session has been heard; None once it is done, or while its vault is locked."""
        return self._progress.get(session_id)

    def queue(self) -> HearingQueue:
        """What waits to be heard, of all vaults that are open."""
        return queue_of(self._progress, self._hears)

    def provisional(self, session_id: str) -> tuple[Turn, ...]:
        """Who spoke as far as the box can tell while it goes on listening; none once that is stored."""
        return self._speakers.provisional(session_id)

    def ahead(self, session_id: str) -> Ahead | None:
        """Words that were heard in the window that still fills; None where there are none, or they are stored."""
        return self._ahead.of(session_id)

    def second_model(self) -> SecondModel | None:
        """What hears sessions anew; None where nothing does, or it is not known yet."""
        return self._second.model if self._second else None

    def second_waits_for(self) -> str:
        """Why nothing is heard anew just now though something waits, "" where it goes on."""
        return self._second.waits_for if self._second else ""

    def stop(self) -> None:
        self._wake.set()

    def run(self, stopping: threading.Event) -> None:
        """Work until told to stop; call `stop` after setting the event to be heard at once."""
        while not stopping.is_set():
            wait_s = self._round()
            self._wake.wait(wait_s)
            self._wake.clear()

    def _round(self) -> float:
        """Hear one span of every tape that waits, and say how long to rest."""
        try:
            self._forget_locked()
            waiting = self._waiting()
            worked = [self._advance(ingest, vault, tape) for vault, ingest, tape in waiting]
            worked += [self._tell_anew(ingest, vault) for vault, ingest in self._ingests.items()]
            worked.append(self._hear_anew(busy=bool(waiting) or any(worked)))
        except VaultLocked:
            return 0.0
        except TranscriberAway:
            self._tell(AWAY)
            return RETRY_EVERY_S
        except (TranscriberFailed, TacetError) as error:
            self._tell(str(error))
            return RETRY_EVERY_S
        except Exception as error:  # noqa: BLE001  speech must not reach a traceback, and the page must live on
            log.error("transcription failed (%s); trying again", type(error).__name__)  # noqa: TRY400  same
            self._tell("Transcription met an unexpected fault. Nothing is lost; it is tried again by itself.")
            return RETRY_EVERY_S
        return 0.0 if any(worked) else LOOK_EVERY_S

    def _waiting(self) -> list[tuple[Vault, Ingest, OpenTape]]:
        waiting = []
        for vault in self._vaults.unlocked():
            ingest = self._ingests.setdefault(vault, Ingest(self._tapes_dir, vault))
            waiting += [(vault, ingest, tape) for tape in ingest.tapes()]
        return sorted(waiting, key=lambda item: not item[2].being_written)

    def _advance(self, ingest: Ingest, vault: Vault, tape: OpenTape) -> bool:
        try:
            if ingest.follow(tape):
                self._drop(tape)  # what it knew of voices and progress came from sound that is gone
            self._note_start(vault, tape)
            expected = partial(vocabulary_of, vault, tape.session_id)
            self._hears = tape.session_id
            cursor = hear_next(tape, vault.sessions, self._transcriber, expected)
            told = self._speakers.follow(tape, vault.sessions)
            if cursor is None:
                self._look_ahead(vault, tape)
                return False
            self._ahead.forget(tape.session_id)
            self._tell(None)
            self._note(ingest, vault, tape, cursor, told=told)
        except TapeBusy:
            return False
        except (TapeErased, NoSuchSession):
            ingest.forget(tape.session_id)
            self._drop(tape)
        except TapeError as error:
            ingest.refuse(tape.session_id, error)
            self._drop(tape)
        finally:
            self._hears = None
        return True

    def _look_ahead(self, vault: Vault, tape: OpenTape) -> None:
        if self._ahead.look(tape, vault.sessions.cursor(tape.session_id), self._transcriber):
            self.changes.notify()

    def _tell_anew(self, ingest: Ingest, vault: Vault) -> bool:
        try:
            worked = self._anew.step(ingest, vault.sessions)
        except (TapeBusy, SessionApproved, NoSuchSession):
            return False
        except TapeError:
            self._anew.forget_all()
            return False
        if worked:
            self.changes.notify()
        return worked

    def _hear_anew(self, *, busy: bool) -> bool:
        """Hear a window anew where nothing else is to be done."""
        if self._second is None:
            return False
        if busy:
            self._second.rest()
            return False
        worked = self._second.step([*self._ingests.items()])
        if worked:
            self.changes.notify()
        return worked

    def _drop(self, tape: OpenTape) -> None:
        self._speakers.forget(tape.session_id)
        self._ahead.forget(tape.session_id)
        self._progress.pop(tape.session_id, None)
        self.changes.notify()

    def _note_start(self, vault: Vault, tape: OpenTape) -> None:
        """Enter a session that has just appeared or just ended, before its next span takes its time."""
        known = self._progress.get(tape.session_id)
        if known and known.live == tape.being_written:
            self._progress[tape.session_id] = replace(known, total_ms=_length_ms(tape))
            return
        cursor = vault.sessions.cursor(tape.session_id)
        self._show(vault, tape, cursor)

    def _note(self, ingest: Ingest, vault: Vault, tape: OpenTape, cursor: Cursor, *, told: bool) -> None:
        self._show(vault, tape, cursor)
        if cursor.finished and told:
            vault.sessions.set_state(tape.session_id, SessionState.DRAFTED, tape.reader.damage)
            ingest.release(tape)
            self._progress.pop(tape.session_id, None)
            self.changes.notify()

    def _show(self, vault: Vault, tape: OpenTape, cursor: Cursor) -> None:
        self._progress[tape.session_id] = Progress(
            transcribed_ms=cursor.next_sample * 1000 // tape.reader.head.sample_rate_hz,
            total_ms=_length_ms(tape),
            live=tape.being_written,
        )
        vault.sessions.update_length(tape.session_id, tape.reader.samples)
        vault.sessions.set_state(tape.session_id, _state(tape, cursor))
        self.changes.notify()

    def _forget_locked(self) -> None:
        unlocked = self._vaults.unlocked()
        for vault in [vault for vault in self._ingests if vault not in unlocked]:
            del self._ingests[vault]
            self._progress.clear()
            self._speakers.forget_all()
            self._ahead.forget_all()
            self._anew.forget_all()
            if self._second:
                self._second.forget_all()

    def _tell(self, problem: str | None) -> None:
        if problem != self._speech_problem:
            self._speech_problem = problem
            self.changes.notify()


def _length_ms(tape: OpenTape) -> int:
    return tape.reader.samples * 1000 // tape.reader.head.sample_rate_hz


def _state(tape: OpenTape, cursor: Cursor) -> SessionState:
    if tape.being_written:
        return SessionState.RECORDING
    return SessionState.TRANSCRIBING if cursor.next_sample else SessionState.CAPTURED
