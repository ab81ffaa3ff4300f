"""What a vault holds of notes: drafts, their sentences, what people made of them. Handles speech in clear."""

from collections.abc import Callable, Collection

from app.domain import Note, NoteChange, NoteSentence, SessionState
from app.vault import approval_rows, goals, hearing_rows, note_rows, session_rows
from app.vault.database import Connection, Database
from app.vault.errors import NoSuchSentence
from app.vault.note_parts import NoteParts, read_parts_of_note


class NoteStore:
    """The notes of one unlocked vault. Thread-safe; everything is only ever added to.

    While an approval stands nothing of a note can change. Every method may raise what SessionStore's may.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, session_id: str) -> Note | None:
        """The session's note as it stands."""
        return self._database.read(lambda connection: note_rows.read_note(connection, session_id))

    def version(self, session_id: str) -> str:
        """Another word whenever the session's note, or anything that it is read over, has changed."""
        return self._database.read(lambda connection: note_rows.read_version(connection, session_id))

    def parts(self, session_id: str) -> NoteParts:
        """What showing the note's sentences takes, without the transcript."""
        return self._database.read(lambda connection: read_parts_of_note(connection, session_id))

    def waiting(self, states: Collection[SessionState]) -> list[str]:
        """Sessions in one of these states without a draft."""
        names = [state.value for state in states]
        return self._database.read(lambda connection: note_rows.sessions_without_note(connection, names))

    def add_first_draft(self, session_id: str, note: Note, heard: int = 0) -> bool:
        """Add the draft where the session has none yet; tells whether it was added. Idempotent.

        `heard` is which hearing it was drafted of (HearingStore.swaps): a draft of words that do not stand any more
        is not kept.

        Raises:
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> bool:
            _require_open(connection, session_id)
            if (
                note_rows.read_note(connection, session_id) is not None
                or hearing_rows.read_swaps(connection, session_id) != heard
            ):
                return False
            note_rows.insert_draft(connection, session_id, note)
            return True

        return self._database.write(change)

    def replace_draft(self, session_id: str, make: Callable[[Note | None], Note], heard: int = 0) -> bool:
        """Let another draft be the note: `make` is given the one before. Both stay on record; links to goals go on.

        False, and nothing is kept, where it was drafted of a hearing (`heard`) that does not stand any more.

        Raises:
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> bool:
            _require_open(connection, session_id)
            if hearing_rows.read_swaps(connection, session_id) != heard:
                return False
            before = note_rows.read_note(connection, session_id)
            note_rows.insert_draft(connection, session_id, make(before))
            after = note_rows.read_note(connection, session_id)
            if before is not None and after is not None:
                goals.carry_over(connection, before, after)
            return True

        return self._database.write(change)

    def add_sentence(self, session_id: str, sentence: NoteSentence) -> int:
        """Add a person's own sentence to the note, and give its id.

        Raises:
            NoSuchSentence: There is no note, or it has no such heading.
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> int:
            _require_open(connection, session_id)
            note = note_rows.read_note(connection, session_id)
            if note is None or sentence.heading not in {"", *(heading.name for heading in note.headings)}:
                raise NoSuchSentence("The note has no such section any more. Reload the page.")
            return note_rows.insert_sentence(connection, note.draft_id, sentence)

        return self._database.write(change)

    def change_sentence(
        self, session_id: str, sentence_id: int, make: Callable[[NoteSentence], NoteChange | None]
    ) -> None:
        """Add what `make` gives for the sentence as it is now; nothing where it gives None.

        Raises:
            NoSuchSentence: It is not in this session's note.
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> None:
            _require_open(connection, session_id)
            made = make(note_rows.require_sentence(connection, session_id, sentence_id))
            if made is not None:
                note_rows.insert_change(connection, sentence_id, made)

        self._database.write(change)


def _require_open(connection: Connection, session_id: str) -> None:
    session_rows.require_session(connection, session_id)
    approval_rows.refuse_approved(connection, session_id)
