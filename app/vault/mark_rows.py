"""Statements about what people set beside lines. Each function runs within the caller's transaction."""

from app.domain import Mark, MarkKind
from app.vault.database import Connection
from app.vault.errors import NoSuchSession

_STANDING = (
    "SELECT mark_id, kind, seq, text, author, set_at_ms FROM marks LEFT JOIN mark_removals USING (mark_id)"
    " WHERE session_id = ? AND removed_at_ms IS NULL"
)


def insert_mark(connection: Connection, session_id: str, mark: Mark) -> None:
    """Add the mark; the database gives it its `mark_id`."""
    connection.execute(
        "INSERT INTO marks (session_id, kind, seq, text, author, set_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (session_id, mark.kind, mark.seq, mark.text, mark.author, mark.set_at_ms),
    )


def remove_mark(connection: Connection, session_id: str, mark_id: int, by: str, now_ms: int) -> None:
    """Take a mark away; that it stood is kept.

    Raises:
        NoSuchSession: It does not stand (any more).
    """
    if connection.execute(f"{_STANDING} AND mark_id = ?", (session_id, mark_id)).fetchone() is None:
        raise NoSuchSession("This is gone already. Reload the page and look again.")
    connection.execute(
        "INSERT INTO mark_removals (mark_id, removed_by, removed_at_ms) VALUES (?, ?, ?)", (mark_id, by, now_ms)
    )


def read_marks(connection: Connection, session_id: str) -> list[Mark]:
    """Give those that stand, oldest first."""
    rows = connection.execute(f"{_STANDING} ORDER BY mark_id", (session_id,))
    return [Mark(mark_id, MarkKind(kind), *rest) for mark_id, kind, *rest in rows]


def bound_part(connection: Connection, session_id: str) -> object:
    """What an approval binds of the marks (app.vault.bound_parts): kind, line and text of each that stands."""
    marks = [
        {"kind": mark.kind.value, "seq": mark.seq, "text": mark.text} for mark in read_marks(connection, session_id)
    ]
    return marks or None
