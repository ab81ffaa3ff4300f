"""`tacet backup --scheduled`: makes one every day, and whenever clinic IT asks for one. What is due when is pure."""

import logging
import signal
import threading
import time as clock
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from app.backup_state import BackupState, Stage, keep_backup_state, read_backup_state, take_request, was_asked
from app.errors import TacetError
from app.own_log import begin_log
from tacet.backup.carrying import Carrier
from tacet.backup.copying import back_up
from tacet.backup.repository import BackupFailed, Repository
from tacet.config.sections import BackupSection

LOOK_EVERY_S = 1.0
ACCOUNTS = "vaults/*/account.json"
TRY_AGAIN_AFTER = timedelta(hours=1)
TELL_EVERY_S = 0.5

log = logging.getLogger(__name__)


def is_due(state: BackupState, now: datetime, at: time) -> bool:
    """Whether the hour has passed since the last one was made; a box that was off makes up for it.

    After a failure there is another try every hour. A clock that went back makes none wait for years.
    """
    tried, made = _moment(state.tried_at_ms, now), _moment(state.made_at_ms, now)
    today = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    last = today if today <= now else today - timedelta(days=1)
    if state.stage is Stage.FAILED and now - tried < TRY_AGAIN_AFTER and tried >= last:
        return False
    return made < last


def _moment(at_ms: int, now: datetime) -> datetime:
    """A moment that lies ahead was written by a wrong clock, and counts as never."""
    found = datetime.fromtimestamp(at_ms / 1000, now.tzinfo)
    return found if found <= now else datetime.fromtimestamp(0, now.tzinfo)


class Scheduled:
    """Makes backups of one box. One thread."""

    def __init__(self, data_dir: Path, section: BackupSection, box: str = "") -> None:
        """`section` names a folder: without one there is nothing to schedule. `box` is this one's name."""
        assert section.to is not None
        self._data_dir = data_dir
        self._box = box
        self._to = section.to
        self._at = time.fromisoformat(section.at)
        self._horizon = timedelta(days=section.horizon_days)
        self._carrier = Carrier(section, data_dir) if section.sftp else None
        kept = read_backup_state(data_dir) or BackupState()
        news = {"to": section.sftp or str(section.to), "at": section.at, "horizon_days": section.horizon_days}
        self.state = kept.model_copy(update=news)
        if self.state.stage is Stage.COPYING:  # this process was ended on the way
            self.state = self.state.model_copy(
                update={"stage": Stage.FAILED, "problem": "The last one was interrupted."}
            )
        keep_backup_state(data_dir, self.state)

    def run(self, stopping: threading.Event) -> None:
        while not stopping.wait(LOOK_EVERY_S):
            now = datetime.now().astimezone()
            if was_asked(self._data_dir) or (self._is_set_up() and is_due(self.state, now, self._at)):
                take_request(self._data_dir)
                self.make_one(now)

    def _is_set_up(self) -> bool:
        """An empty box makes none: it would be the newest, and push out what the box before it has left there."""
        return any(self._data_dir.glob(ACCOUNTS))

    def make_one(self, now: datetime) -> None:
        """Make one and say how it went; a problem is told, never raised."""
        self._tell(stage=Stage.COPYING, tried_at_ms=int(now.timestamp() * 1000), done=0, of=0, problem="")
        try:
            files = self._copied(now)
        except OSError as error:
            self._fail(f"The storage refused ({error.strerror}). Earlier backups are untouched.")
        except TacetError as error:
            self._fail(str(error))
        else:
            log.info("a backup of %d files was made", files)
            self._tell(stage=Stage.DONE, made_at_ms=int(now.timestamp() * 1000), files=files)

    def _copied(self, now: datetime) -> int:
        if not self._to.is_dir():
            raise BackupFailed(f"{self._to} is not there. Plug the stick in, or mount the folder, and ask again.")
        if not self._is_set_up():
            raise BackupFailed("No therapist is set up here yet, so there is nothing to back up.")
        repository, told_s = Repository(self._to, self._box), 0.0

        def told(done: int, of: int) -> None:
            nonlocal told_s
            if clock.monotonic() - told_s >= TELL_EVERY_S:
                told_s = clock.monotonic()
                self._tell(done=done, of=of)

        snapshot = back_up(self._data_dir, repository, now.astimezone(UTC), told)
        with repository.writing():
            repository.forget_before(self._horizon, now.astimezone(UTC))
            if self._carrier is not None:
                self._carrier.carry(self._to)
        return len(snapshot.entries)

    def _fail(self, problem: str) -> None:
        log.warning("no backup was made: %s", problem)
        self._tell(stage=Stage.FAILED, problem=problem)

    def _tell(self, **news: object) -> None:
        self.state = self.state.model_copy(update=news)
        keep_backup_state(self._data_dir, self.state)


def run_scheduled(data_dir: Path, section: BackupSection, box: str) -> int:
    """Run until SIGTERM or SIGINT; end at once where nothing is set up."""
    begin_log("backup")
    if section.to is None:
        print("No backups are set up. Write `to` into the section [backup] of the configuration.")
        return 0
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    Scheduled(data_dir, section, box).run(stopping)
    return 0
