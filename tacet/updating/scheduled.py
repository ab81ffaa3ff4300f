"""`tacet update follow`: asks the clinic's server for newer versions, and fetches them while no session goes on."""

import logging
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import TacetError
from app.own_log import begin_log
from app.update_state import FOLDER, Step, UpdateState, keep_update_state, read_update_state
from tacet.config.sections import UpdateSection
from tacet.selftest.at_rest import RecorderSide, SessionBegan
from tacet.update import ordered
from tacet.updating.fetching import OFFERED, drop_others, fetch
from tacet.updating.offer import MOST_OFFER_BYTES, Offer, offer_file, read_offer
from tacet.updating.outcome import OutcomeFiles
from tacet.updating.server import UpdateServer

LOOK_EVERY_S = 10.0
FIRST_AFTER_S = (120.0, 900.0)  # a whole clinic has power again at the same moment
TRY_AGAIN_AFTER_S = (600.0, 1800.0)
LOOKS_AT_RECORDER_EVERY_S = 2.0
TELL_EVERY_S = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ThisBox:
    data_dir: Path
    running: str  # version
    compatible: str  # board
    outcome: OutcomeFiles = field(default_factory=OutcomeFiles)


class Follower:
    """Asks, fetches, tells. One thread."""

    def __init__(self, box: ThisBox, section: UpdateSection, make_way: Callable[[], None]) -> None:
        """`section` names a server; `make_way` raises SessionBegan while there is one."""
        self._box = box
        self._folder = box.data_dir / FOLDER
        self._server = UpdateServer(section.server, section.certificate_sha256)
        self._make_way = make_way
        self._looked_s = self._told_s = float("-inf")
        kept = read_update_state(box.data_dir) or UpdateState()
        self.state = kept.model_copy(update={"server": section.server})
        self._clear_up()
        keep_update_state(box.data_dir, self.state)

    def hear_outcome(self) -> None:
        """What became of the bundle that was handed over; one that is not wanted, or did not work, goes."""
        outcome = self._box.outcome.read()
        if outcome is None or not (self._folder / OFFERED / outcome.bundle).exists():
            return
        if outcome.problem is not None:
            self._refuse(self.state.version, outcome.problem)
        elif not self._box.outcome.waits_for_its_start(outcome.bundle):
            version = self.state.version
            self._refuse(version, f"Version {version} did not work on this box, so the one before runs again.")

    def look(self) -> bool:
        """Ask once, and fetch what is newer; whether it may be asked again as usual, rather than soon."""
        try:
            self._make_way()
            content = self._server.read(offer_file(self._box.compatible), MOST_OFFER_BYTES)
            self._tell(asked_at_ms=time.time_ns() // 1_000_000)
            self._take(read_offer(content))
        except SessionBegan:
            return False
        except TacetError as error:
            self._fail(str(error))
            return False
        except OSError as error:
            self._fail(f"The storage refused the update ({error.strerror}). Nothing was changed.")
            return False
        return True

    def _take(self, offer: Offer) -> None:
        if ordered(offer.version) <= ordered(self._box.running):
            self._tell(step=Step.NEWEST, version=offer.version, problem="")
        elif offer.version not in self.state.refused:
            self._tell(step=Step.FETCHING, version=offer.version, of_bytes=offer.size_bytes, problem="")
            fetch(self._server, offer, self._folder, self._came)
            log.info("version %s was fetched", offer.version)
            self._tell(step=Step.FETCHED, done_bytes=offer.size_bytes)

    def _came(self, done_bytes: int) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOKS_AT_RECORDER_EVERY_S:
            self._looked_s = now_s
            self._make_way()
        if now_s - self._told_s >= TELL_EVERY_S:
            self._told_s = now_s
            self._tell(done_bytes=done_bytes)

    def _clear_up(self) -> None:
        """After a start: what runs now was fetched, and is needed no more."""
        if self.state.version == self._box.running:
            drop_others(self._folder, set())
            self.state = self.state.model_copy(update={"step": Step.NEWEST, "problem": ""})

    def _refuse(self, version: str, sentence: str) -> None:
        drop_others(self._folder, set())
        refused = (*self.state.refused, version)[-20:]
        self._tell(step=Step.REFUSED, version=version, problem=sentence, refused=refused)
        log.warning("version %s is not tried again: %s", version, sentence)

    def _fail(self, problem: str) -> None:
        log.warning("no update was fetched: %s", problem)
        self._tell(step=Step.FAILED, problem=problem)

    def _tell(self, **news: object) -> None:
        self.state = self.state.model_copy(update=news)
        keep_update_state(self._box.data_dir, self.state)


def follow(box: ThisBox, section: UpdateSection, run_dir: Path) -> int:
    """Run until SIGTERM or SIGINT."""
    begin_log("update")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    follower = Follower(box, section, RecorderSide(run_dir / "recorder.sock").make_way)
    next_s = time.monotonic() + _jittered(FIRST_AFTER_S)
    while not stopping.wait(LOOK_EVERY_S):
        follower.hear_outcome()
        if time.monotonic() >= next_s:
            usual = section.every_hours * 3600.0
            next_s = time.monotonic() + _jittered((0.8 * usual, 1.2 * usual) if follower.look() else TRY_AGAIN_AFTER_S)
    return 0


def _jittered(span_s: tuple[float, float]) -> float:
    return random.uniform(*span_s)  # noqa: S311  spreads boxes, keeps no secret
