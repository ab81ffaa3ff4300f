"""Which sentence of a note serves which goal. Rows are only ever added; handles speech in clear."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from app.domain import Note
from app.vault import note_rows, session_rows
from app.vault.database import Connection, Database
from app.vault.link_rows import sessions_of
from app.vault.note_parts import NoteParts, read_parts_of_note
from app.vault.sessions import wall_clock_ms

GoalsBySentence: TypeAlias = dict[int, tuple[str, ...]]

_STANDING = (
    "SELECT sentence_id, goal FROM goal_links AS link WHERE linked AND link_id = (SELECT max(link_id) FROM goal_links"
    " AS newer WHERE newer.sentence_id = link.sentence_id AND newer.goal = link.goal)"
)


@dataclass(frozen=True, slots=True)
class LinkedNote:
    """A session's note with the goals of its sentences."""

    parts: NoteParts = field(repr=False)
    goals: GoalsBySentence = field(repr=False)


class GoalStore:
    """The golden thread of one unlocked vault. Thread-safe."""

    def __init__(self, database: Database, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._database = database
        self._now_ms = now_ms

    def link(self, session_id: str, sentence_id: int, goal: str, author: str, *, linked: bool = True) -> None:
        """Say that the sentence serves the goal, or (`linked` False) that it does not. What stands is not said twice.

        A link is no part of what is approved, so it may come before an approval and after.

        Raises:
            NoSuchSentence: It is not in this session's note.
        """

        def change(connection: Connection) -> None:
            note_rows.require_sentence(connection, session_id, sentence_id)
            stands = goal in _standing(connection, [sentence_id]).get(sentence_id, ())
            if stands is not linked:
                insert_link(connection, sentence_id, goal, author, self._now_ms(), linked=linked)

        self._database.write(change)

    def reword(self, client_id: str, before: str, now: str, author: str) -> int:
        """Let what serves the goal `before` serve `now` instead, in all sessions of the client; tells how many."""

        def change(connection: Connection) -> int:
            moved = 0
            for one in _linked_notes(connection, client_id):
                for sentence_id, goals in one.goals.items():
                    if before in goals:
                        insert_link(connection, sentence_id, before, author, self._now_ms(), linked=False)
                        insert_link(connection, sentence_id, now, author, self._now_ms(), linked=True)
                        moved += 1
            return moved

        return self._database.write(change)

    def of_session(self, session_id: str) -> GoalsBySentence:
        """The goals that stand linked, by sentence."""

        def question(connection: Connection) -> GoalsBySentence:
            note = note_rows.read_note(connection, session_id)
            return _standing(connection, [one.sentence_id for one in note.sentences]) if note else {}

        return self._database.read(question)

    def of_client(self, client_id: str) -> Sequence[LinkedNote]:
        """The notes of the client's sessions in which something is linked, newest session first."""
        return self._database.read(lambda connection: _linked_notes(connection, client_id))


def insert_link(  # noqa: PLR0913  a row has that many columns
    connection: Connection, sentence_id: int, goal: str, author: str, now_ms: int, *, linked: bool
) -> None:
    connection.execute(
        "INSERT INTO goal_links (sentence_id, goal, linked, author, linked_at_ms) VALUES (?, ?, ?, ?, ?)",
        (sentence_id, goal, int(linked), author, now_ms),
    )


def carry_over(connection: Connection, before: Note, after: Note) -> None:
    """A sentence that says the same in another draft over the same lines serves the same goals."""
    standing = _standing(connection, [one.sentence_id for one in before.sentences])
    new_ids = {note_rows.reads(one): one.sentence_id for one in after.sentences}
    for sentence in before.sentences:
        same = new_ids.get(note_rows.reads(sentence))
        for goal in standing.get(sentence.sentence_id, ()) if same is not None else ():
            row = connection.execute(
                "SELECT author, linked_at_ms FROM goal_links WHERE sentence_id = ? AND goal = ? ORDER BY link_id DESC",
                (sentence.sentence_id, goal),
            ).fetchone()
            insert_link(connection, int(same or 0), goal, *row, linked=True)


def _standing(connection: Connection, sentence_ids: Sequence[int]) -> GoalsBySentence:
    found: dict[int, list[str]] = {}
    for sentence_id in sentence_ids:
        for _, goal in connection.execute(f"{_STANDING} AND sentence_id = ? ORDER BY link_id", (sentence_id,)):
            found.setdefault(sentence_id, []).append(goal)
    return {sentence_id: tuple(goals) for sentence_id, goals in found.items()}


def _linked_notes(connection: Connection, client_id: str) -> list[LinkedNote]:
    linked = {
        row[0]
        for row in connection.execute(
            "SELECT DISTINCT session_id FROM goal_links JOIN note_sentences USING (sentence_id)"
            " JOIN note_drafts USING (draft_id)"
        )
    }
    theirs = linked & set(sessions_of(connection, client_id))
    rows = [row for row in session_rows.all_sessions(connection) if row.head.session_id in theirs]
    found = []
    for row in rows:
        parts = read_parts_of_note(connection, row.head.session_id)
        ids = [one.sentence_id for one in parts.note.sentences] if parts.note else []
        found.append(LinkedNote(parts, _standing(connection, ids)))
    return found
