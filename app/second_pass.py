"""The second pass: a better model hears sessions again that nobody has worked on. Handles speech in clear.

It works while the box has nothing else to do, a window a step, and gives way between windows. What it hears is gathered
in the vault beside the transcript and takes its place whole (app.vault.hearings), so a kill at any moment leaves the
old words or the new ones, and it goes on where it was.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.asr.pace import hottest_c
from app.asr.transcriber import (
    SAMPLE_RATE_HZ,
    Heard,
    HearsAnew,
    SecondModel,
    TranscriberAway,
    TranscriberFailed,
    Window,
)
from app.audit.chain import BOX
from app.ingest import Ingest, OpenTape
from app.power import on_battery
from app.review import changed_words
from app.second_speed import SecondSpeed, keep_speed
from app.speech.expected import vocabulary_of
from app.speech.hearing import hear_next
from app.throttling import slows_now
from app.vault.errors import NoSuchSession, VaultLocked
from app.vault.vault import Vault
from firmware.tape import TapeBusy, TapeError, is_being_written, list_tapes, list_withdrawals

log = logging.getLogger(__name__)

COOL_C = 65.0  # below the mark from which the asr process rests between windows
LOOK_EVERY_S = 10.0  # whether something waits and the box is at rest, while that was not so
AGAIN_AFTER_S = 60.0  # where the model cannot be used, or the speech process went away with it
MOST_FAILURES = 3  # in a row: then it is left alone for the day
LEFT_ALONE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What the box does at this moment."""

    recording: bool
    on_battery: bool
    slowed: bool
    hottest_c: float | None  # None: no sensor


def why_not(machine: Machine) -> str:
    """Say why the box does not hear anew now, "" where it may. Pure."""
    if machine.recording:
        return "a session is being recorded"
    if machine.on_battery:
        return "the box runs on a battery"
    if machine.slowed or (machine.hottest_c is not None and machine.hottest_c > COOL_C):
        return "the box is warm"
    return ""


def machine_now(tapes_dir: Path, root: Path = Path("/")) -> Machine:
    """`root` is where sys/ is."""
    recording = any(is_being_written(folder) for folder in list_tapes(tapes_dir))
    return Machine(recording, on_battery(root), slows_now(root), hottest_c(root))


@dataclass(frozen=True, slots=True)
class _Second:
    """The second model as a Transcriber."""

    hears: HearsAnew
    at_once: int = 1

    def hear(self, window: Window) -> Heard:
        return self.hears.hear_anew(window)


@dataclass(slots=True)
class _Pass:
    """One session under way."""

    vault: Vault
    tape: OpenTape
    loaded: bool = False  # its first window may have waited for the model
    sound_s: float = 0.0
    took_s: float = 0.0


class SecondPass:
    """Hears sessions anew, one after another. One thread calls `step` and `rest`, any thread reads the rest."""

    def __init__(
        self,
        tapes_dir: Path,
        box_dir: Path,
        hears: HearsAnew,
        machine: Callable[[], Machine],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tapes_dir = tapes_dir
        self._box_dir = box_dir
        self._hears = hears
        self._machine = machine
        self._now_s = now_s
        self._asked = False
        self.model: SecondModel | None = None
        self.waits_for = ""  # why nothing is heard just now though something waits, "" where it goes on
        self._pass: _Pass | None = None
        self._not_before_s = float("-inf")
        self._failures = 0
        self._gone: set[str] = set()  # sessions whose sound is gone or damaged
        self._is_loaded = False

    def step(self, vaults: list[tuple[Vault, Ingest]]) -> bool:
        """Hear one window more of the session that waits longest, if the box may; tells whether it did."""
        if self._now_s() < self._not_before_s or not self._knows_model():
            return False
        try:
            worked = self._step(vaults)
        except VaultLocked:
            raise
        except Exception as error:  # noqa: BLE001  it is never in the way of what has to be heard
            self._fail(error)
            return False
        self._failures = 0 if worked else self._failures
        return worked

    def rest(self) -> None:
        """Something else comes first: let the first model be there before somebody waits for it."""
        if self._pass:
            self._pass.loaded = False
        if self._is_loaded:
            self._is_loaded = False
            try:
                self._hears.make_ready()
            except (TranscriberAway, TranscriberFailed):
                return  # whoever needs it says so

    def forget_all(self) -> None:
        """A vault was locked: drop what is in memory of its sessions."""
        self._pass = None
        self._gone.clear()

    def _knows_model(self) -> bool:
        if not self._asked:
            try:
                self.model = self._hears.second_model()
            except (TranscriberAway, TranscriberFailed):
                self._not_before_s = self._now_s() + LOOK_EVERY_S
                return False
            self._asked = True
        if self.model is None:
            return False
        if self.model.problem:
            self._asked = False  # it may be brought
            self._not_before_s = self._now_s() + AGAIN_AFTER_S
            return False
        return True

    def _step(self, vaults: list[tuple[Vault, Ingest]]) -> bool:
        assert self.model is not None
        found = self._next(vaults, self.model.name)
        if found is None:
            self._pass, self.waits_for = None, ""
            self.rest()
            self._not_before_s = self._now_s() + LOOK_EVERY_S
            return False
        self.waits_for = why_not(self._machine())
        if self.waits_for:
            self.rest()
            self._not_before_s = self._now_s() + LOOK_EVERY_S
            return False
        vault, ingest, session_id = found
        try:
            return self._hear(vault, ingest, session_id, self.model.name)
        except TapeBusy:
            return False
        except (TapeError, NoSuchSession):
            self._gone.add(session_id)
            self._pass = None
            return True

    def _next(self, vaults: list[tuple[Vault, Ingest]], model: str) -> tuple[Vault, Ingest, str] | None:
        withdrawn = {one.session_id for one in list_withdrawals(self._tapes_dir)}
        for vault, ingest in vaults:
            for session_id in vault.hearings.waiting(model):
                if session_id not in self._gone and session_id not in withdrawn:
                    return vault, ingest, session_id
        return None

    def _hear(self, vault: Vault, ingest: Ingest, session_id: str, model: str) -> bool:
        under_way = self._opened(vault, ingest, session_id)
        if under_way is None:
            self._gone.add(session_id)
            return True
        if not vault.hearings.begin(session_id, model):
            return True  # somebody has begun to work on it
        under_way.tape.reader.refresh()
        before, began_s = vault.hearings.cursor(session_id), self._now_s()
        expected = partial(vocabulary_of, vault, session_id)
        cursor = hear_next(under_way.tape, vault.hearings, _Second(self._hears), expected)
        self._is_loaded = True
        assert cursor is not None  # the tape has ended
        if under_way.loaded:
            under_way.sound_s += (cursor.next_sample - before.next_sample) / SAMPLE_RATE_HZ
            under_way.took_s += self._now_s() - began_s
        under_way.loaded = True
        if cursor.finished:
            self._finish(under_way, session_id, model)
        return True

    def _opened(self, vault: Vault, ingest: Ingest, session_id: str) -> _Pass | None:
        known = self._pass
        if known is None or known.vault is not vault or known.tape.session_id != session_id:
            tape = ingest.reopen(session_id)
            self._pass = _Pass(vault, tape) if tape else None
        return self._pass

    def _finish(self, under_way: _Pass, session_id: str, model: str) -> None:
        hearings, self._pass = under_way.vault.hearings, None
        changed = changed_words(under_way.vault.sessions.segments(session_id), hearings.other(session_id))
        if hearings.take_over(session_id, model, changed):
            under_way.vault.audit.add(BOX, "session.heard_anew", session_id)
            log.info("session %s heard anew", session_id)
        if under_way.sound_s:
            try:
                speed = SecondSpeed(model=model, sound_s=under_way.sound_s, took_s=under_way.took_s)
                keep_speed(self._box_dir, speed)
            except OSError:
                log.warning("how long the second model takes could not be kept")

    def _fail(self, error: Exception) -> None:
        """Nothing that was stored is lost; a machine that the model is too much for is not worn out with it."""
        self._failures += 1
        self._asked, self._is_loaded, self._pass = False, False, None
        rest_s = LEFT_ALONE_S if self._failures >= MOST_FAILURES else AGAIN_AFTER_S
        self._not_before_s = self._now_s() + rest_s
        self.waits_for = "the second model cannot be used"
        if isinstance(error, TranscriberFailed):
            log.warning("sessions are not heard anew: %s", error)
        else:  # its words may hold speech
            log.warning("a session could not be heard anew (%s)", type(error).__name__)
