"""Statements about what was heard and found right. Each function runs within the caller's transaction."""

from collections.abc import Iterable, Sequence

from app.domain import Listening
from app.vault.database import Connection

Span = tuple[int, int]  # (start_ms, end_ms)


def insert_heard(connection: Connection, session_id: str, spans: Sequence[Span], by: str, now_ms: int) -> None:
    connection.executemany(
        "INSERT INTO heard_spans (session_id, start_ms, end_ms, heard_by, heard_at_ms) VALUES (?, ?, ?, ?, ?)",
        ((session_id, start_ms, end_ms, by, now_ms) for start_ms, end_ms in spans),
    )


def insert_accepted(connection: Connection, session_id: str, place: tuple[int, int], by: str, now_ms: int) -> None:
    """Idempotent: who accepted first stands."""
    connection.execute(
        "INSERT INTO accepted_places (session_id, seq, start_ms, accepted_by, accepted_at_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (session_id, *place, by, now_ms),
    )


def delete_accepted(connection: Connection, session_id: str, place: tuple[int, int]) -> None:
    connection.execute(
        "DELETE FROM accepted_places WHERE session_id = ? AND seq = ? AND start_ms = ?", (session_id, *place)
    )


def read_listening(connection: Connection, session_id: str) -> Listening:
    spans = connection.execute(
        "SELECT start_ms, end_ms FROM heard_spans WHERE session_id = ? ORDER BY start_ms, end_ms", (session_id,)
    )
    places = connection.execute("SELECT seq, start_ms FROM accepted_places WHERE session_id = ?", (session_id,))
    return Listening(joined(spans), frozenset((seq, start_ms) for seq, start_ms in places))


def joined(spans: Iterable[Sequence[int]]) -> tuple[Span, ...]:
    """Join spans that touch or overlap; they come in the order of their starts."""
    apart: list[Span] = []
    for start_ms, end_ms in spans:
        if apart and start_ms <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(apart[-1][1], end_ms))
        else:
            apart.append((start_ms, end_ms))
    return tuple(apart)
