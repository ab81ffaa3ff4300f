"""Which machines heard a session, as rows."""

from app.domain import HeardBy
from app.vault.database import Connection


def count_window(connection: Connection, session_id: str, machine: str) -> None:
    connection.execute(
        "INSERT INTO heard_by (session_id, machine, windows) VALUES (?, ?, 1)"
        " ON CONFLICT DO UPDATE SET windows = windows + 1",
        (session_id, machine),
    )


def read_latest(connection: Connection, sessions: int) -> list[HeardBy]:
    """Of the latest sessions of which it is known; newest first, the machine with most windows first."""
    rows = connection.execute(
        "SELECT session_id, started_at_ms, machine, windows FROM heard_by JOIN sessions USING (session_id)"
        " WHERE session_id IN (SELECT session_id FROM sessions WHERE session_id IN (SELECT session_id FROM heard_by)"
        " ORDER BY started_at_ms DESC, session_id LIMIT ?)"
        " ORDER BY started_at_ms DESC, session_id, windows DESC, machine",
        (sessions,),
    )
    return [HeardBy(*row) for row in rows]
