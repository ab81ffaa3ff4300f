"""Statements about the ends of sessions that were erased while recording. Each runs within the caller's transaction."""

import json
from dataclasses import asdict, replace

from app.domain import ErasedEnd, Segment
from app.vault.approval_rows import refuse_approved
from app.vault.database import Connection
from app.vault.segment_rows import read_segments
from app.vault.session_rows import read_cursor, require_session

MARGIN_MS = 1000  # the time of a word is an estimate; 0007_erased_ends.sql says the same
_SEQ = (1 << 20) - 1  # the segment in a line's number
_BY_LINE = ("marks", "accepted_places", "unkept_lines")


def erase_end(connection: Connection, session_id: str, end: ErasedEnd, from_sample: int) -> bool:
    """Delete what was heard there and what hangs on it, and keep that it was so; tells whether it was news. Idempotent.

    What is left of a segment that reached into it is heard again: the cursor goes back to its start.
    """
    row = require_session(connection, session_id)
    if end.key in {known.key for known in read_erased_ends(connection, session_id)}:
        return False
    refuse_approved(connection, session_id)
    gone = [one for one in read_segments(connection, session_id) if _reaches_into(one, end)]
    words = sum(len(one.words) or len(one.text.split()) for one in gone)
    _insert(connection, session_id, end, words, _count_edits(connection, session_id, gone))
    _delete(connection, session_id, gone, end)
    starts = [one.start_ms * row.head.sample_rate_hz // 1000 for one in gone]
    _go_back(connection, session_id, min([from_sample, *starts]), words)
    return True


def read_erased_ends(connection: Connection, session_id: str) -> list[ErasedEnd]:
    """In the order in which they were asked for."""
    rows = connection.execute(
        "SELECT from_ms, to_ms, asked_at_ms, clock_trusted, words, edits FROM erased_ends WHERE session_id = ?"
        " ORDER BY to_ms, from_ms DESC",
        (session_id,),
    )
    return [ErasedEnd(start, to, at, bool(trusted), words, edits) for start, to, at, trusted, words, edits in rows]


def _reaches_into(segment: Segment, end: ErasedEnd) -> bool:
    return segment.end_ms > end.from_ms - MARGIN_MS and segment.start_ms < end.to_ms


def _count_edits(connection: Connection, session_id: str, gone: list[Segment]) -> int:
    seqs = [one.seq for one in gone]
    rows = connection.execute("SELECT seq FROM edits WHERE session_id = ?", (session_id,))
    return sum(seq in seqs for (seq,) in rows)


def _insert(connection: Connection, session_id: str, end: ErasedEnd, words: int, edits: int) -> None:
    connection.execute(
        "INSERT INTO erased_ends VALUES (?, ?, ?, ?, ?, ?, ?)",
        (session_id, end.from_ms, end.to_ms, end.asked_at_ms, end.clock_trusted, words, edits),
    )


def _delete(connection: Connection, session_id: str, gone: list[Segment], end: ErasedEnd) -> None:
    for segment in gone:
        connection.execute("DELETE FROM segments WHERE session_id = ? AND seq = ?", (session_id, segment.seq))
        for table in _BY_LINE:
            connection.execute(
                f"DELETE FROM {table} WHERE session_id = ? AND seq & {_SEQ} = ?",  # noqa: S608  constants
                (session_id, segment.seq),
            )
    connection.execute(
        "DELETE FROM pauses WHERE session_id = ? AND at_ms > ? AND at_ms < ?", (session_id, end.from_ms, end.to_ms)
    )
    connection.execute("DELETE FROM hearings_anew WHERE session_id = ?", (session_id,))  # with its words
    for table in ("search_pages", "search_versions"):  # indexed anew from what is left
        connection.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))  # noqa: S608  constants


def _go_back(connection: Connection, session_id: str, sample: int, words: int) -> None:
    """What the transcriber remembers of the text before is speech too; it keeps the language alone."""
    cursor = read_cursor(connection, session_id)
    if cursor.next_sample <= sample:
        return
    context = replace(cursor.context, prompt=())
    connection.execute(
        "UPDATE sessions SET heard_samples = ?, heard_context = ?, heard_all = 0, words = max(words - ?, 0)"
        " WHERE session_id = ?",
        (sample, json.dumps(asdict(context)), words, session_id),
    )
