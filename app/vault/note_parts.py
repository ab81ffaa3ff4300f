"""What showing a note's sentences takes, without the transcript that they rest on. Handles speech in clear."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain import Mark, Note, SessionRow
from app.vault import approval_rows, mark_rows, note_rows, session_rows
from app.vault.database import Connection

SEGMENT_OF_LINE = (1 << 20) - 1  # a line that is a part of a segment carries more above these bits


@dataclass(frozen=True, slots=True)
class NoteParts:
    row: SessionRow
    note: Note | None = field(repr=False)
    marks: tuple[Mark, ...] = field(repr=False)
    approved: bool
    starts_ms: Mapping[int, int]  # where each line that a sentence rests on begins: its segment's start


def read_parts_of_note(connection: Connection, session_id: str) -> NoteParts:
    """Within the caller's transaction.

    Raises:
        NoSuchSession: It is not there.
    """
    row = session_rows.require_session(connection, session_id)
    note = note_rows.read_note(connection, session_id)
    lines = {line for one in note.sentences for line in note_rows.reads(one)[1]} if note else set()
    return NoteParts(
        row=row,
        note=note,
        marks=tuple(mark_rows.read_marks(connection, session_id)),
        approved=approval_rows.read_standing(connection, session_id) is not None,
        starts_ms={line: _start_ms(connection, session_id, line) for line in lines},
    )


def _start_ms(connection: Connection, session_id: str, line: int) -> int:
    row = connection.execute(
        "SELECT start_ms FROM segments WHERE session_id = ? AND seq = ?", (session_id, line & SEGMENT_OF_LINE)
    ).fetchone()
    return int(row[0]) if row else 0
