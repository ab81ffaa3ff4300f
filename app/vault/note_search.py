"""The search index over approved notes: full text without a second copy of it. Handles speech in clear.

What it gives always belongs to an approval that stands: a note whose approval was taken back is not found, also before
the index has heard of it. Deleting leaves marks in the index until `app.vault.search.purge`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.vault.database import Connection, Database
from app.vault.search import Narrowed

_STANDS = (
    "SELECT content_hash FROM approvals LEFT JOIN revocations USING (approval_id)"
    " WHERE approvals.session_id = {0}.session_id AND revoked_at_ms IS NULL"
)


@dataclass(frozen=True, slots=True)
class FoundSentence:
    session_id: str
    sentence_id: int
    started_at_ms: int


class NoteSearch:
    """Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stale(self) -> list[tuple[str, str]]:
        """The sessions whose approved note the index does not know, each with the hash to note ("" for none)."""
        rows = (
            f"SELECT session_id, coalesce(({_STANDS.format('sessions')}), '') AS now FROM sessions"  # noqa: S608  constants
            " WHERE now != coalesce((SELECT content_hash FROM found_notes"
            " WHERE found_notes.session_id = sessions.session_id), '')"
        )
        return self._database.read(lambda connection: [(row[0], row[1]) for row in connection.execute(rows)])

    def index(self, session_id: str, content_hash: str, sentences: Sequence[tuple[int, str]]) -> None:
        """Put these sentences (id and words) in place of what the index knew of the session's note."""

        def change(connection: Connection) -> None:
            if connection.execute("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)).fetchone() is None:
                return
            for table in ("found_sentences", "found_notes"):
                connection.execute(f"DELETE FROM {table} WHERE session_id = ?", (session_id,))  # noqa: S608  constants
            if not content_hash:
                return
            connection.execute("INSERT INTO found_notes VALUES (?, ?)", (session_id, content_hash))
            for sentence_id, text in sentences:
                connection.execute("INSERT INTO found_sentences VALUES (?, ?)", (sentence_id, session_id))
                connection.execute("INSERT INTO note_search (rowid, text) VALUES (?, ?)", (sentence_id, text))

        self._database.write(change)

    def find(self, match: str, narrowed: Narrowed, most: int) -> list[FoundSentence]:
        """The sentences that match, the newest first."""
        if not match:
            return []
        values = (match, narrowed.from_ms, narrowed.to_ms, narrowed.client_id, most)
        rows = (
            "SELECT found_sentences.session_id, sentence_id, started_at_ms FROM note_search"  # noqa: S608  constants
            " JOIN found_sentences ON sentence_id = note_search.rowid"
            " JOIN found_notes USING (session_id) JOIN sessions USING (session_id)"
            f" WHERE note_search MATCH ?1 AND found_notes.content_hash = ({_STANDS.format('found_notes')})"
            " AND (?2 IS NULL OR started_at_ms >= ?2) AND (?3 IS NULL OR started_at_ms < ?3)"
            " AND (?4 IS NULL OR (SELECT client_id FROM session_links WHERE session_links.session_id ="
            " found_sentences.session_id ORDER BY link_id DESC LIMIT 1) = ?4)"
            " ORDER BY note_search.rowid DESC LIMIT ?5"
        )
        return self._database.read(lambda connection: [FoundSentence(*row) for row in connection.execute(rows, values)])
