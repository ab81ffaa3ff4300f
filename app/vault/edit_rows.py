"""Statements about edits, which are only ever added. Each function runs within the caller's transaction."""

from app.domain import Edit
from app.vault import segment_rows
from app.vault.database import Connection
from app.vault.errors import NothingToUndo

NEW = 0  # the edit_id of an edit that is not stored yet

# A line's number holds the segment's in its lower 20 bits, and the word at which the line begins above (app.review).
_LOWER = (1 << 20) - 1
_COLUMNS = "edit_id, seq | (first_word << 20), text, author, edited_at_ms, undoes"


def insert_edit(connection: Connection, session_id: str, edit: Edit) -> None:
    """Add the edit; the database gives it its `edit_id`."""
    connection.execute(
        "INSERT INTO edits (session_id, seq, first_word, text, author, edited_at_ms, undoes)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (session_id, *_line(edit.seq), edit.text, edit.author, edit.edited_at_ms, edit.undoes),
    )


def undo_last_edit(connection: Connection, session_id: str, seq: int, author: str, now_ms: int) -> None:
    """Add an edit that takes the last standing one back: what stood before it stands again.

    Raises:
        NothingToUndo: The line stands as the machine heard it.
    """
    standing = _standing(read_history(connection, session_id, seq))
    if not standing:
        raise NothingToUndo("There is nothing to undo in this line: it stands as the machine heard it.")
    beneath = standing[-2].text if len(standing) > 1 else None
    insert_edit(connection, session_id, Edit(NEW, seq, beneath, author, now_ms, undoes=standing[-1].edit_id))


def read_latest(
    connection: Connection, session_id: str, first: int = 0, last: int = segment_rows.LAST_SEQ
) -> dict[int, Edit]:
    """The latest edit of each line that has one, by seq; or of those of a stretch of segments, both ends included."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM edits WHERE edit_id IN"  # noqa: S608  constant columns
        " (SELECT max(edit_id) FROM edits WHERE session_id = ? AND seq BETWEEN ? AND ? GROUP BY seq, first_word)",
        (session_id, first, last),
    )
    return {edit.seq: edit for edit in (Edit(*row) for row in rows)}


def standing_text(connection: Connection, session_id: str, seq: int, heard: str) -> str:
    """What the line says now, where the machine heard `heard`."""
    row = connection.execute(
        "SELECT text FROM edits WHERE session_id = ? AND seq = ? AND first_word = ? ORDER BY edit_id DESC LIMIT 1",
        (session_id, *_line(seq)),
    ).fetchone()
    return heard if row is None or row[0] is None else str(row[0])


def last_edit(connection: Connection, session_id: str, seq: int | None = None) -> int:
    """The number of the latest edit of the line, or of the whole session; 0 for none."""
    where = "" if seq is None else " AND seq = ? AND first_word = ?"
    values = (session_id,) if seq is None else (session_id, *_line(seq))
    row = connection.execute(f"SELECT max(edit_id) FROM edits WHERE session_id = ?{where}", values).fetchone()  # noqa: S608  constant conditions
    return row[0] or 0


def edited_since(connection: Connection, session_id: str, edit_id: int) -> list[int]:
    """The lines that were edited after this edit."""
    question = "SELECT DISTINCT seq | (first_word << 20) FROM edits WHERE session_id = ? AND edit_id > ?"
    rows = connection.execute(question, (session_id, edit_id))
    return [seq for (seq,) in rows]


def read_session(connection: Connection, session_id: str) -> list[Edit]:
    """Every edit of the session, oldest first."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM edits WHERE session_id = ? ORDER BY edit_id", (session_id,))  # noqa: S608  constant columns
    return [Edit(*row) for row in rows]


def read_history(connection: Connection, session_id: str, seq: int) -> list[Edit]:
    """Every edit of the line, oldest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM edits WHERE session_id = ? AND seq = ? AND first_word = ? ORDER BY edit_id",  # noqa: S608  constant columns
        (session_id, *_line(seq)),
    )
    return [Edit(*row) for row in rows]


def _standing(history: list[Edit]) -> list[Edit]:
    """The edits that no undo has taken back, oldest first."""
    undone = {edit.undoes for edit in history}
    return [edit for edit in history if edit.undoes is None and edit.edit_id not in undone]


def _line(seq: int) -> tuple[int, int]:
    """The segment, and the word of it at which the line begins."""
    return seq & _LOWER, seq >> 20
