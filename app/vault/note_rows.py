"""Statements about notes, which are only ever added to. Each function runs within the caller's transaction."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import astuple, replace

from app.domain import Note, NoteChange, NoteHeading, NoteSentence
from app.vault.database import Connection, Row
from app.vault.errors import NoSuchSentence

NEW = 0  # the id of what is not stored yet

# A session heard anew has other words: drafts of those before stay on record, and are its note no longer.
OF_THESE_WORDS = (
    "draft_id > coalesce((SELECT drafts_before FROM hearings_anew"
    " WHERE hearings_anew.session_id = note_drafts.session_id), 0)"
)


def insert_draft(connection: Connection, session_id: str, note: Note) -> None:
    """Add the draft with its sentences; the database gives the ids."""
    connection.execute(
        "INSERT INTO note_drafts (session_id, format_name, headings, drafter, version, model_sha256, notices,"
        " drafted_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session_id,
            note.format_name,
            _json([astuple(heading) for heading in note.headings]),
            note.drafter,
            note.version,
            note.model_sha256,
            _json(note.notices),
            note.drafted_at_ms,
        ),
    )
    (draft_id,) = connection.execute("SELECT last_insert_rowid()").fetchone()
    for sentence in note.sentences:
        insert_sentence(connection, draft_id, sentence)


def insert_sentence(connection: Connection, draft_id: int, sentence: NoteSentence) -> int:
    connection.execute(
        "INSERT INTO note_sentences (draft_id, heading, text, lines, said_by, author, written_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            draft_id,
            sentence.heading,
            sentence.text,
            _json(sentence.lines),
            sentence.said_by,
            sentence.author,
            sentence.written_at_ms,
        ),
    )
    (sentence_id,) = connection.execute("SELECT last_insert_rowid()").fetchone()
    return int(sentence_id)


def insert_change(connection: Connection, sentence_id: int, change: NoteChange) -> None:
    connection.execute(
        "INSERT INTO note_changes (sentence_id, text, lines, accepted, author, changed_at_ms)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (sentence_id, change.text, _json(change.lines), change.accepted, change.author, change.changed_at_ms),
    )


def read_note(connection: Connection, session_id: str) -> Note | None:
    """The latest draft with its sentences and all that became of them."""
    row = connection.execute(
        "SELECT draft_id, format_name, headings, drafter, version, model_sha256, notices, drafted_at_ms"  # noqa: S608  constant
        f" FROM note_drafts WHERE session_id = ? AND {OF_THESE_WORDS} ORDER BY draft_id DESC LIMIT 1",
        (session_id,),
    ).fetchone()
    return None if row is None else replace(_note(row), sentences=_sentences(connection, row[0]))


def read_version(connection: Connection, session_id: str) -> str:
    """Numbers that only grow: of the note's rows, and of all that its sources are made of."""
    of_note = "JOIN note_sentences USING (sentence_id) JOIN note_drafts USING (draft_id) WHERE session_id = ?1"
    rows = (
        "SELECT max(draft_id) FROM note_drafts WHERE session_id = ?1",
        "SELECT max(sentence_id) FROM note_sentences JOIN note_drafts USING (draft_id) WHERE session_id = ?1",
        f"SELECT max(change_id) FROM note_changes {of_note}",  # noqa: S608  constant
        f"SELECT max(link_id) FROM goal_links {of_note}",  # noqa: S608  constant
        "SELECT max(edit_id) FROM edits WHERE session_id = ?1",
        "SELECT max(mark_id) FROM marks WHERE session_id = ?1",
        "SELECT count(*) FROM mark_removals JOIN marks USING (mark_id) WHERE session_id = ?1",
        "SELECT max(change_id) FROM voice_changes WHERE session_id = ?1",
        "SELECT max(swaps) FROM hearings_anew WHERE session_id = ?1",
    )
    return ".".join(str(connection.execute(one, (session_id,)).fetchone()[0] or 0) for one in rows)


def require_sentence(connection: Connection, session_id: str, sentence_id: int) -> NoteSentence:
    """A sentence of the session's note.

    Raises:
        NoSuchSentence: It is not in this session's note (any more).
    """
    note = read_note(connection, session_id)
    for sentence in note.sentences if note else ():
        if sentence.sentence_id == sentence_id:
            return sentence
    raise NoSuchSentence("This sentence is not in the note any more. Reload the page.")


def sessions_without_note(connection: Connection, states: Sequence[str]) -> list[str]:
    """Sessions in one of these states that no drafter has drafted a note for."""
    marks = ", ".join("?" for _ in states)
    rows = connection.execute(
        f"SELECT session_id FROM sessions WHERE state IN ({marks})"  # noqa: S608  only question marks
        " AND NOT EXISTS (SELECT 1 FROM note_drafts WHERE note_drafts.session_id = sessions.session_id"
        f" AND {OF_THESE_WORDS})",
        tuple(states),
    )
    return [session_id for (session_id,) in rows]


def read_bound_note(connection: Connection, session_id: str) -> dict[str, object] | None:
    """What an approval binds of the note, as a JSON value: what it says, on what it rests, and who stands for it.

    Depends on the stored rows alone; what it gives for the same rows never changes.
    """
    note = read_note(connection, session_id)
    if note is None:
        return None
    return {
        "format": note.format_name,
        "headings": [heading.name for heading in note.headings],
        "drafter": [note.drafter, note.version, note.model_sha256, note.drafted_at_ms],
        "sentences": [_bound_sentence(sentence) for sentence in note.sentences if reads(sentence)[0] is not None],
    }


def _bound_sentence(sentence: NoteSentence) -> dict[str, object]:
    text, lines = reads(sentence)
    last = sentence.changes[-1] if sentence.changes else None
    return {
        "sentence_id": sentence.sentence_id,
        "heading": sentence.heading,
        "text": text,
        "lines": list(lines),
        "drafted": not sentence.author,
        "author": last.author if last else sentence.author,
        "accepted": last.accepted if last else "",
    }


def reads(sentence: NoteSentence) -> tuple[str | None, tuple[int, ...]]:
    """The sentence's words and sources now; no words: it was taken out."""
    last = sentence.changes[-1] if sentence.changes else None
    return (last.text, last.lines) if last else (sentence.text, sentence.lines)


def _sentences(connection: Connection, draft_id: int) -> tuple[NoteSentence, ...]:
    changes = defaultdict(list)
    for sentence_id, *change in connection.execute(
        "SELECT sentence_id, note_changes.text, note_changes.lines, accepted, note_changes.author, changed_at_ms"
        " FROM note_changes JOIN note_sentences USING (sentence_id) WHERE draft_id = ? ORDER BY change_id",
        (draft_id,),
    ):
        changes[sentence_id].append(_change(tuple(change)))
    rows = connection.execute(
        "SELECT sentence_id, heading, text, lines, said_by, author, written_at_ms FROM note_sentences"
        " WHERE draft_id = ? ORDER BY sentence_id",
        (draft_id,),
    )
    return tuple(_sentence(row, tuple(changes[row[0]])) for row in rows)


def _sentence(row: Row, changes: tuple[NoteChange, ...]) -> NoteSentence:
    sentence_id, heading, text, lines, said_by, author, written_at_ms = row
    return NoteSentence(sentence_id, heading, text, tuple(json.loads(lines)), said_by, author, written_at_ms, changes)


def _change(row: Row) -> NoteChange:
    text, lines, accepted, author, changed_at_ms = row
    return NoteChange(text, tuple(json.loads(lines)), accepted, author, changed_at_ms)


def _note(row: Row) -> Note:
    draft_id, format_name, headings, drafter, version, model_sha256, notices, drafted_at_ms = row
    return Note(
        draft_id=draft_id,
        format_name=format_name,
        headings=tuple(NoteHeading(*heading) for heading in json.loads(headings)),
        drafter=drafter,
        version=version,
        model_sha256=model_sha256,
        notices=tuple(json.loads(notices)),
        drafted_at_ms=drafted_at_ms,
    )


def _json(value: Sequence[object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
