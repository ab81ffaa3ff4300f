"""Statements about a second hearing of a session. Each function runs within the caller's transaction."""

from app.domain import Cursor, SecondHearing
from app.vault.database import Connection
from app.vault.note_rows import OF_THESE_WORDS
from app.vault.segment_rows import COLUMNS, count_words, read_segments
from app.vault.session_rows import CURSOR, CURSOR_SET, cursor_of, cursor_values

_KEPT = f"session_id, {COLUMNS}"

# What a person has done to a session, apart from listening: whoever has begun keeps the words that they began with.
_WORKED_ON = (
    "EXISTS (SELECT 1 FROM edits WHERE edits.session_id = sessions.session_id)",
    "EXISTS (SELECT 1 FROM unkept_lines WHERE unkept_lines.session_id = sessions.session_id)",
    "EXISTS (SELECT 1 FROM marks WHERE marks.session_id = sessions.session_id)",
    "EXISTS (SELECT 1 FROM accepted_places WHERE accepted_places.session_id = sessions.session_id)",
    "EXISTS (SELECT 1 FROM voice_changes WHERE voice_changes.session_id = sessions.session_id)",
    "EXISTS (SELECT 1 FROM approvals WHERE approvals.session_id = sessions.session_id)",
    f"(SELECT count(*) FROM note_drafts WHERE note_drafts.session_id = sessions.session_id AND {OF_THESE_WORDS}) > 1",  # noqa: S608  a constant
    """EXISTS (SELECT 1 FROM note_drafts JOIN note_sentences USING (draft_id)
    WHERE note_drafts.session_id = sessions.session_id AND (author != ''
    OR EXISTS (SELECT 1 FROM note_changes WHERE note_changes.sentence_id = note_sentences.sentence_id)
    OR EXISTS (SELECT 1 FROM goal_links WHERE goal_links.sentence_id = note_sentences.sentence_id)))""",
)
_LISTENED_TO = "EXISTS (SELECT 1 FROM heard_spans WHERE heard_spans.session_id = sessions.session_id)"
_UNTOUCHED = f"NOT ({' OR '.join((*_WORKED_ON, _LISTENED_TO))})"


def waiting(connection: Connection, model: str, session_id: str | None = None) -> list[str]:
    """Sessions that `model` may hear anew, or this one alone; the oldest first. Nobody has worked on them."""
    rows = connection.execute(
        "SELECT session_id FROM sessions WHERE state IN ('drafted', 'in_review') AND heard_all AND problem IS NULL"  # noqa: S608  constants
        " AND EXISTS (SELECT 1 FROM attributions WHERE attributions.session_id = sessions.session_id)"
        " AND EXISTS (SELECT 1 FROM segments WHERE segments.session_id = sessions.session_id AND segments.model != ?1)"
        " AND NOT EXISTS (SELECT 1 FROM hearings_anew WHERE hearings_anew.session_id = sessions.session_id"
        "  AND swaps > 0)"
        " AND NOT EXISTS (SELECT 1 FROM sound_erasures WHERE sound_erasures.session_id = sessions.session_id)"
        f" AND {_UNTOUCHED} AND (?2 IS NULL OR session_id = ?2) ORDER BY started_at_ms, session_id",
        (model, session_id),
    )
    return [found for (found,) in rows]


def is_worked_on(connection: Connection, session_id: str) -> bool:
    """Whether anybody has done more than to read and to listen."""
    question = f"SELECT {' OR '.join(_WORKED_ON)} FROM sessions WHERE session_id = ?"  # noqa: S608  constants
    row = connection.execute(question, (session_id,)).fetchone()
    return row is None or bool(row[0])


def insert_hearing(connection: Connection, session_id: str, model: str) -> None:
    connection.execute(
        "INSERT INTO hearings_anew (session_id, model, first_seq, heard_segments)"
        " SELECT session_id, ?, heard_segments, heard_segments FROM sessions WHERE session_id = ?",
        (model, session_id),
    )


def drop_hearing(connection: Connection, session_id: str) -> None:
    connection.execute("DELETE FROM hearings_anew WHERE session_id = ?", (session_id,))


def find_hearing(connection: Connection, session_id: str) -> SecondHearing | None:
    row = connection.execute(
        "SELECT model, swaps, changed_words FROM hearings_anew WHERE session_id = ?", (session_id,)
    ).fetchone()
    return None if row is None else SecondHearing(*row)


def read_swaps(connection: Connection, session_id: str) -> int:
    """How often the two hearings have changed places; 0 where the session was heard once."""
    found = find_hearing(connection, session_id)
    return found.swaps if found else 0


def keep_changed_words(connection: Connection, session_id: str, words: int) -> None:
    connection.execute("UPDATE hearings_anew SET changed_words = ? WHERE session_id = ?", (words, session_id))


def read_cursor(connection: Connection, session_id: str) -> Cursor | None:
    row = connection.execute(
        f"SELECT {CURSOR} FROM hearings_anew WHERE session_id = ?",  # noqa: S608  a constant
        (session_id,),
    ).fetchone()
    return None if row is None else cursor_of(row)


def update_cursor(connection: Connection, session_id: str, cursor: Cursor) -> None:
    connection.execute(
        f"UPDATE hearings_anew SET {CURSOR_SET} WHERE session_id = ?",  # noqa: S608  a constant
        (*cursor_values(cursor), session_id),
    )


def swap(connection: Connection, session_id: str) -> None:
    """Let the hearing that does not stand take the transcript's place, and keep the one that stood.

    The index of words and the note's draft are of the words before: both are made anew.
    """
    swaps, first_seq = connection.execute(
        "SELECT swaps, first_seq FROM hearings_anew WHERE session_id = ?", (session_id,)
    ).fetchone()
    first, second = "seq < ?2", "seq >= ?2"
    stood, comes = (second, first) if swaps % 2 else (first, second)
    for source, target, which in (("segments", "other_segments", stood), ("other_segments", "segments", comes)):
        _move(connection, source, target, f"session_id = ?1 AND {which}", (session_id, first_seq))
    connection.execute(
        "UPDATE hearings_anew SET swaps = swaps + 1, drafts_before ="
        " coalesce((SELECT max(draft_id) FROM note_drafts WHERE session_id = ?1), 0) WHERE session_id = ?1",
        (session_id,),
    )
    connection.execute(
        "UPDATE sessions SET heard_segments = (SELECT heard_segments FROM hearings_anew WHERE session_id = ?1),"
        " words = ?2 WHERE session_id = ?1",
        (session_id, count_words(read_segments(connection, session_id))),
    )
    for table in ("search_pages", "search_versions"):
        connection.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))  # noqa: S608  constants


def _move(connection: Connection, source: str, target: str, which: str, values: tuple[str, int]) -> None:
    """Copy before taking away, as the triggers ask for."""
    connection.execute(f"INSERT INTO {target} ({_KEPT}) SELECT {_KEPT} FROM {source} WHERE {which}", values)  # noqa: S608  constants
    connection.execute(f"DELETE FROM {source} WHERE {which}", values)  # noqa: S608  constants
