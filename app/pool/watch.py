"""What a box's link knows of the pool: it looks every few seconds, also while nothing is to be heard."""

import logging
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from app.pool.connection import PoolConnection
from app.pool.errors import PoolAway, PoolError
from app.pool.invited import Waiting
from app.pool.membership import Membership
from app.pool.seen import PoolSeen, Standing

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class Watch:
    """Joins where this box was invited, then looks. One thread calls `run` or `look`, any thread asks `seen`."""

    def __init__(
        self,
        membership: Membership,
        local_model: str,
        waiting: Waiting | None = None,
        now_ms: Callable[[], int] = wall_clock_ms,
        *,
        use: bool = True,
    ) -> None:
        """`waiting` is where a code may lie, None where nobody leaves any; `use` is False where nobody is to ask."""
        self._use = use
        self._membership = membership
        self._waiting = waiting
        self._now_ms = now_ms
        self._connection = PoolConnection(membership, local_model)
        self._turn = threading.Lock()
        self._seen = PoolSeen(standing=Standing.JOINED, version=version("tacet"), model=local_model)

    @property
    def seen(self) -> PoolSeen:
        with self._turn:
            return self._seen

    def run(self) -> None:
        while True:
            self.look()
            time.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        self._connection.close()

    def look(self) -> None:
        """Look once. Never raises."""
        if not self._use:
            self._stands(Standing.UNUSED, "")
        elif self._joined():
            self._ask()

    def _ask(self) -> None:
        try:
            place = self._membership.place()
            self._tell(pool=place.pool, host=place.host, port=place.door_port, name=self._membership.name())
            self._reachable(self._connection.ask({"ask": "status"}, b""))
        except PoolAway as error:
            self._stands(Standing.AWAY, str(error))
        except (PoolError, OSError, ValueError) as error:
            self._stands(Standing.REFUSED, str(error))

    def _joined(self) -> bool:
        """Whether this box is a member, after it has tried to become one where it was invited."""
        try:
            if self._waiting is not None and self._waiting.redeem(self._membership):
                log.info("this box is a member of the pool now")
                self._connection.close()
                self._tell(code_problem="")
        except PoolAway as error:
            self._tell(host=self._waiting.host if self._waiting else "")
            self._stands(Standing.JOINING, str(error))
        except PoolError as error:
            self._tell(code_problem=str(error))
            self._stands(Standing.REFUSED, str(error))
        return self._membership.joined

    def _reachable(self, said: dict[str, Any]) -> None:
        pool, own = self._connection.pool, said["boxes"].get(self.seen.name, {})
        assert pool is not None
        self._tell(
            pool_version=pool.version,
            pool_model=pool.model.name if pool.model else "",
            pool_model_digest=pool.model.digest if pool.model else "",
            workers=tuple(said["workers"]),
            queued=said["queued"],
            sound_s_a_second=said["sound_s_a_second"],
            waited_s=own.get("waited_s", 0.0),
            lag_s=own.get("lag_s", 0.0),
        )
        self._stands(Standing.REACHABLE, "")

    def _stands(self, standing: Standing, sentence: str) -> None:
        before = self.seen
        if (standing, sentence) != (before.standing, before.sentence):
            log.info("the pool is %s%s", standing.value, f": {sentence}" if sentence else "")
        since_ms = before.since_ms if standing is before.standing and before.since_ms else self._now_ms()
        self._tell(standing=standing, sentence=sentence, since_ms=since_ms)

    def _tell(self, **news: Any) -> None:
        with self._turn:
            self._seen = self._seen.model_copy(update=news)
