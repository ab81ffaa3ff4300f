"""The pool hears where it can, and this box's own asr process takes over where it cannot."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.asr.transcriber import Heard, Transcriber, TranscriberAway, TranscriberFailed, Window

log = logging.getLogger(__name__)

AGAIN_AFTER_S = 5.0  # the pool is asked again; a look costs nothing where it is not there
AGAIN_AFTER_REFUSAL_S = 60.0  # one that refuses (another version, another model) has to be mended by somebody


@dataclass(slots=True)
class Tally:
    """Who has heard since the app was started. Counts, never content; any thread reads."""

    by_pool: int = 0  # windows
    by_box: int = 0
    problem: str | None = None  # why the pool refuses to hear, in a sentence for clinic IT


class TakingOver:
    """A Transcriber that asks the pool first. One thread at a time. Handles speech in clear.

    The pool says within seconds that it is away (`app.pool.connection` sees to that), so a window is heard here after
    as long as that. Whichever hears a window, the place to go on from is in what was heard: nothing is lost or heard
    twice.
    """

    at_once = 1

    def __init__(self, pool: Transcriber, local: Transcriber, now_s: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._local = local
        self._now_s = now_s
        self._not_before_s = float("-inf")
        self._pool_hears = False
        self.tally = Tally()

    def hear(self, window: Window) -> Heard:
        if self._now_s() >= self._not_before_s:
            try:
                heard = self._pool.hear(window)
            except TranscriberAway:
                self._leave(AGAIN_AFTER_S, None)
            except TranscriberFailed as error:
                self._leave(AGAIN_AFTER_REFUSAL_S, str(error))
            else:
                self._take_up()
                return heard
        heard = self._local.hear(window)
        self.tally.by_box += 1
        return heard

    def _leave(self, for_s: float, problem: str | None) -> None:
        if self._pool_hears or (problem and problem != self.tally.problem):
            log.warning("this box hears by itself: %s", problem or "the pool is away")
        self._pool_hears, self.tally.problem = False, problem
        self._not_before_s = self._now_s() + for_s

    def _take_up(self) -> None:
        if not self._pool_hears:
            log.info("the clinic's pool hears")
        self._pool_hears, self.tally.problem = True, None
        self.tally.by_pool += 1
