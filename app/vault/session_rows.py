"""Statements about sessions. Each function runs within a transaction of the caller."""

import json
from collections.abc import Collection
from dataclasses import asdict

from app.domain import Context, Cursor, SessionHead, SessionRow, SessionState
from app.vault.database import Connection, Row
from app.vault.errors import NoSuchSession

_COLUMNS = (
    "session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state, samples, words, heard_samples, problem"
)
# How far a session was heard (app.domain.Cursor), here and in hearings_anew.
CURSOR = "heard_samples, heard_context, heard_segments, heard_all"
CURSOR_SET = "heard_samples = ?, heard_context = ?, heard_segments = ?, heard_all = ?"


def insert_session(connection: Connection, head: SessionHead) -> None:
    """Idempotent: a session that is there already stays as it is, and one that was withdrawn stays away."""
    connection.execute(
        "INSERT INTO sessions (session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state)"
        " SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM receipts WHERE session_id = ?1)"
        " ON CONFLICT DO NOTHING",
        (
            head.session_id,
            head.started_at_ms,
            head.clock_trusted,
            head.sample_rate_hz,
            head.channels,
            SessionState.RECORDING,
        ),
    )


def find_session(connection: Connection, session_id: str) -> SessionRow | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM sessions WHERE session_id = ?", (session_id,)).fetchone()  # noqa: S608  constant columns
    return None if row is None else _session(row)


def require_session(connection: Connection, session_id: str) -> SessionRow:
    """The session.

    Raises:
        NoSuchSession: It is not there, perhaps not any more.
    """
    found = find_session(connection, session_id)
    if found is None:
        raise NoSuchSession("This session is not in your vault; it may have been erased. Go back to the list.")
    return found


def all_sessions(connection: Connection) -> list[SessionRow]:
    """Newest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM sessions ORDER BY started_at_ms DESC, session_id DESC")  # noqa: S608  constant columns
    return [_session(row) for row in rows]


def page_of_sessions(
    connection: Connection, states: Collection[SessionState], limit: int, offset: int, *, oldest_first: bool
) -> list[SessionRow]:
    order = "started_at_ms, session_id" if oldest_first else "started_at_ms DESC, session_id DESC"
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM sessions WHERE state IN ({_marks(states)}) ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608  constant columns and order
        (*sorted(states), limit, offset),
    )
    return [_session(row) for row in rows]


def count_sessions(connection: Connection, states: Collection[SessionState]) -> tuple[int, int]:
    """How many sessions are in one of these states, and the words in them."""
    found: tuple[int, int] = connection.execute(
        f"SELECT count(*), coalesce(sum(words), 0) FROM sessions WHERE state IN ({_marks(states)})",  # noqa: S608  question marks
        (*sorted(states),),
    ).fetchone()
    return found


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def update_state(connection: Connection, session_id: str, state: SessionState, problem: str | None) -> None:
    connection.execute("UPDATE sessions SET state = ?, problem = ? WHERE session_id = ?", (state, problem, session_id))


def move_state(connection: Connection, session_id: str, before: Collection[SessionState], after: SessionState) -> bool:
    """Set the state if it is one of `before`; tells whether it was."""
    if require_session(connection, session_id).state not in before:
        return False
    connection.execute("UPDATE sessions SET state = ? WHERE session_id = ?", (after, session_id))
    return True


def update_samples(connection: Connection, session_id: str, samples: int) -> None:
    connection.execute("UPDATE sessions SET samples = ? WHERE session_id = ?", (samples, session_id))


def read_cursor(connection: Connection, session_id: str) -> Cursor:
    """How far the session was heard.

    Raises:
        NoSuchSession: It is not there, perhaps not any more.
    """
    require_session(connection, session_id)
    row = connection.execute(f"SELECT {CURSOR} FROM sessions WHERE session_id = ?", (session_id,)).fetchone()  # noqa: S608  a constant
    return cursor_of(row)


def cursor_of(row: Row) -> Cursor:
    """Read the columns of CURSOR."""
    next_sample, context, next_seq, finished = row
    stored = json.loads(context)
    prompt = tuple(stored.get("prompt", ()))
    return Cursor(next_sample, Context(**stored | {"prompt": prompt}), next_seq, bool(finished))


def cursor_values(cursor: Cursor) -> tuple[int, str, int, bool]:
    """What CURSOR_SET takes."""
    return cursor.next_sample, json.dumps(asdict(cursor.context)), cursor.next_seq, cursor.finished


def update_cursor(connection: Connection, session_id: str, cursor: Cursor, *, new_words: int) -> None:
    connection.execute(
        f"UPDATE sessions SET {CURSOR_SET}, words = words + ? WHERE session_id = ?",  # noqa: S608  a constant
        (*cursor_values(cursor), new_words, session_id),
    )


def _session(row: Row) -> SessionRow:
    session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state, samples, words, heard, problem = row
    return SessionRow(
        head=SessionHead(session_id, started_at_ms, bool(clock_trusted), sample_rate_hz, channels),
        state=SessionState(state),
        samples=samples,
        words=words,
        transcribed_samples=heard,
        problem=problem,
    )
