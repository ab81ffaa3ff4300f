"""Statements about what the machine heard: segments and pauses. Each function runs within the caller's transaction."""

import json
from collections.abc import Sequence
from typing import Literal

from app.domain import Cursor, Pause, Segment, Word
from app.vault.database import Connection, Row
from app.vault.errors import NoSuchSession
from app.vault.worked_out import WorkedOut

LAST_SEQ = 2**31  # more than any session has
COLUMNS = "seq, start_ms, end_ms, speaker, text, probability, words, model, path"  # of a segment, on either side

Side = Literal["segments", "other_segments"]  # what stands, and the hearing that does not (app.vault.hearings)


def insert_segments(
    connection: Connection, session_id: str, segments: Sequence[Segment], side: Side = "segments"
) -> int:
    """Add the segments and tell how many words they hold."""
    connection.executemany(
        f"INSERT INTO {side} (session_id, {COLUMNS})"  # noqa: S608  constants
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                session_id,
                segment.seq,
                segment.start_ms,
                segment.end_ms,
                segment.speaker,
                segment.text,
                segment.probability,
                _words_as_json(segment.words),
                segment.model,
                segment.path,
            )
            for segment in segments
        ),
    )
    return count_words(segments)


def lead_on(stored: Cursor, segments: Sequence[Segment], cursor: Cursor) -> bool:
    """Whether the span up to `cursor` adds anything to what is stored.

    Raises:
        ValueError: The segments are not numbered on from the stored cursor to the new one.
    """
    if (cursor.next_sample, cursor.finished) <= (stored.next_sample, stored.finished):
        return False
    if [segment.seq for segment in segments] != [*range(stored.next_seq, cursor.next_seq)]:
        raise ValueError(f"{len(segments)} segments do not lead from {stored.next_seq} to {cursor.next_seq}")
    return True


def count_words(segments: Sequence[Segment]) -> int:
    return sum(len(segment.words) or len(segment.text.split()) for segment in segments)


def read_segments(
    connection: Connection,
    session_id: str,
    first: int = 0,
    last: int = LAST_SEQ,
    worked_out: WorkedOut | None = None,
) -> list[Segment]:
    """The segments, or a stretch of them, both ends included. A row that reads as before gives the same segment."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM segments"  # noqa: S608  a constant
        " WHERE session_id = ? AND seq BETWEEN ? AND ? ORDER BY seq",
        (session_id, first, last),
    )
    if worked_out is None:
        return [_segment(row) for row in rows]
    return worked_out.each("segments", ((row[0], row) for row in rows), _segment)


def read_other_segments(connection: Connection, session_id: str) -> list[Segment]:
    """Of the hearing that does not stand; none where the session was heard once."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM other_segments WHERE session_id = ? ORDER BY seq",  # noqa: S608  a constant
        (session_id,),
    )
    return [_segment(row) for row in rows]


def require_text(connection: Connection, session_id: str, seq: int) -> str:
    """What the machine heard in the segment.

    Raises:
        NoSuchSession: There is no such line.
    """
    found = (session_id, seq & ((1 << 20) - 1))  # a line may begin within a segment
    row = connection.execute("SELECT text FROM segments WHERE session_id = ? AND seq = ?", found).fetchone()
    if row is None:
        raise NoSuchSession("This line is not in the transcript. Reload the page and try again.")
    return str(row[0])


def insert_pauses(connection: Connection, session_id: str, pauses: Sequence[Pause]) -> None:
    """Idempotent: a pause that is there already stays."""
    connection.executemany(
        "INSERT INTO pauses (session_id, at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
        ((session_id, pause.at_ms) for pause in pauses),
    )


def read_pauses(connection: Connection, session_id: str) -> list[Pause]:
    rows = connection.execute("SELECT at_ms FROM pauses WHERE session_id = ? ORDER BY at_ms", (session_id,))
    return [Pause(at_ms) for (at_ms,) in rows]


def _segment(row: Row) -> Segment:
    seq, start_ms, end_ms, speaker, text, probability, words, model, path = row
    return Segment(seq, start_ms, end_ms, speaker, text, probability, _words_from_json(words), model, path)


def _words_as_json(words: Sequence[Word]) -> str:
    rows = [(word.start_ms, word.end_ms, word.text, word.probability) for word in words]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _words_from_json(words: str) -> tuple[Word, ...]:
    return tuple(Word(*word) for word in json.loads(words))
