"""`tacet restore --asked`: while nobody has set the box up, offers backups on sticks and lays ready what is chosen."""

import logging
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from app.errors import TacetError
from app.own_log import begin_log
from app.put_back import drop_drafts
from app.restore_state import (
    RestoreState,
    Stage,
    asked_for,
    forget_restore,
    is_ready,
    keep_restore_state,
    say_ready,
    take_back_request,
)
from app.version import version
from tacet.backup.found import Found, Sticks
from tacet.backup.onto_box import in_use, lay_ready
from tacet.backup.repository import BackupFailed, Repository
from tacet.settings import BoxSettings
from tacet.update import ordered

LOOK_EVERY_S = 1.0
TELL_EVERY_S = 0.5
STICK_COMES_WITHIN_S = 60.0  # after a start
GONE = "The stick with this backup is not there any more. Plug it in and choose again; nothing was put in place."

log = logging.getLogger(__name__)


class Ended(Exception):
    """This process was told to end; the next one begins anew."""


class Awaiting:
    """Of one box. One thread."""

    def __init__(self, data_dir: Path, sticks: Sticks, version: str, stopping: threading.Event) -> None:
        self._data_dir = data_dir
        self._sticks = sticks
        self._version = version
        self._stopping = stopping
        self._began_s = time.monotonic()
        self._told_s = 0.0
        self.state = RestoreState()

    def run(self) -> None:
        """Until a backup lies ready, the box is set up without one, or this process is told to end."""
        if not is_ready(self._data_dir):
            drop_drafts(self._data_dir)
            self._tell()
        while not self._stopping.is_set() and not is_ready(self._data_dir):
            if in_use(self._data_dir):
                forget_restore(self._data_dir)
                return
            with suppress(Ended):
                self.look()
            self._stopping.wait(LOOK_EVERY_S)

    def look(self) -> None:
        """Say what there is, and lay ready what somebody has chosen; a problem is told, never raised."""
        found = self._sticks.look()
        offers = tuple(one.offer for one in found)
        if offers != self.state.offers:
            self._tell(offers=offers)
        asked = asked_for(self._data_dir)
        if asked is None:
            return
        chosen = next((one for one in found if one.offer.offer_id == asked), None)
        if chosen is not None:
            self._take(chosen)
        elif time.monotonic() - self._began_s > STICK_COMES_WITHIN_S:
            self._fail(GONE)

    def _take(self, chosen: Found) -> None:
        self._tell(stage=Stage.COPYING, chosen=chosen.offer, done=0, of=0, problem="")
        try:
            self._refuse_a_newer_one(chosen.snapshot.version)
            lay_ready(Repository(chosen.folder), chosen.snapshot, self._data_dir, self._told)
            say_ready(self._data_dir)
        except TacetError as error:
            self._fail(_why(chosen, f"{error} Nothing was put in place."))
        except OSError as error:
            self._fail(_why(chosen, f"The storage refused ({error.strerror}). Nothing was put in place."))
        else:
            log.info("a backup of %d files lies ready", self.state.of)
            self._tell(stage=Stage.READY)

    def _refuse_a_newer_one(self, version: str) -> None:
        if version and ordered(version) > ordered(self._version):
            what = f"The backup was made by version {version}, and {self._version} runs here."
            raise BackupFailed(f"{what} Update this box first.")

    def _told(self, done: int, of: int) -> None:
        if self._stopping.is_set():
            raise Ended
        if done == of or time.monotonic() - self._told_s >= TELL_EVERY_S:
            self._told_s = time.monotonic()
            self._tell(done=done, of=of)

    def _fail(self, problem: str) -> None:
        log.warning("no backup was put back: %s", problem)
        take_back_request(self._data_dir)
        self._tell(stage=Stage.LOOKING, chosen=None, problem=problem)

    def _tell(self, **news: object) -> None:
        self.state = self.state.model_copy(update=news)
        keep_restore_state(self._data_dir, self.state)


def _why(chosen: Found, sentence: str) -> str:
    return sentence if (chosen.folder / "snapshots").is_dir() else GONE


def run_awaiting(settings: BoxSettings) -> int:
    """Run until SIGTERM or SIGINT, or until there is nothing more to offer."""
    begin_log("restore")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    sticks = Sticks(settings.app.sticks_dir, settings.backup.to)
    Awaiting(settings.app.data_dir, sticks, version(), stopping).run()
    return 0
