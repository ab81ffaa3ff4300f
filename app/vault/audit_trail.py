"""An audit trail in a database: events are only ever added, each behind the one before it."""

import time
from collections.abc import Callable
from dataclasses import astuple

from app.audit.chain import Broken, Event, Head, broken_at, origin, sealed
from app.vault.database import Connection, Database

_COLUMNS = "seq, at_ms, actor, browser, action, subject, hash"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class AuditTrail:
    """Thread-safe. Every method may raise what `Database` raises: what cannot be kept is not to be done."""

    def __init__(self, database: Database, trail_id: str, now_ms: Callable[[], int] = _now_ms) -> None:
        """`trail_id` ties the events to this one trail; 32 hex digits."""
        self._database = database
        self._trail_id = trail_id
        self._now_ms = now_ms

    def add(self, actor: str, action: str, subject: str = "", browser: str = "") -> Event:
        """Add one event, durable on return.

        Raises:
            ValueError: It holds something else than ids; a mistake of the caller.
        """
        return self._database.write(lambda connection: self._append(connection, actor, action, subject, browser))

    def head(self) -> Head:
        """Where the trail ends now."""
        return self._database.read(self._head)

    def latest(self, limit: int, before_seq: int | None = None) -> list[Event]:
        """The newest events first, those before an event of a known number if wanted."""
        sql = f"SELECT {_COLUMNS} FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?"  # noqa: S608  constant columns
        below = (1 << 62) if before_seq is None else before_seq
        return self._database.read(lambda connection: [Event(*row) for row in connection.execute(sql, (below, limit))])

    def verify(self, kept: Head | None = None) -> Broken | None:
        """Look for tampering from the first event to the last; see `broken_at`."""
        sql = f"SELECT {_COLUMNS} FROM audit ORDER BY seq"  # noqa: S608  constant columns
        return self._database.read(
            lambda connection: broken_at((Event(*row) for row in connection.execute(sql)), self._trail_id, kept)
        )

    def _append(self, connection: Connection, actor: str, action: str, subject: str, browser: str) -> Event:
        head = self._head(connection)
        event = sealed(Event(head.events + 1, self._now_ms(), actor, browser, action, subject), head.hash)
        connection.execute(f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(event))  # noqa: S608
        return event

    def _head(self, connection: Connection) -> Head:
        row = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(0, origin(self._trail_id)) if row is None else Head(int(row[0]), str(row[1]))
