"""Statements about lines that somebody is still typing. Each function runs within the caller's transaction."""

from app.domain import Unkept
from app.vault.database import Connection


def put_unkept(connection: Connection, session_id: str, unkept: Unkept) -> None:
    connection.execute(
        "INSERT INTO unkept_lines (session_id, seq, author, text, typed_at_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET text = excluded.text, typed_at_ms = excluded.typed_at_ms",
        (session_id, unkept.seq, unkept.author, unkept.text, unkept.typed_at_ms),
    )


def drop_unkept(connection: Connection, session_id: str, seq: int, author: str) -> None:
    connection.execute(
        "DELETE FROM unkept_lines WHERE session_id = ? AND seq = ? AND author = ?", (session_id, seq, author)
    )


def read_unkept(connection: Connection, session_id: str) -> list[Unkept]:
    """In the order of their lines."""
    rows = connection.execute(
        "SELECT seq, author, text, typed_at_ms FROM unkept_lines WHERE session_id = ? ORDER BY seq, author",
        (session_id,),
    )
    return [Unkept(*row) for row in rows]
