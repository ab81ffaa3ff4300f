"""What a vault keeps of a review beside the edits: listening, marks, unkept lines, addenda."""

from collections.abc import Callable, Sequence

from app.domain import Addendum, Approval, Listening, Mark, MarkKind, Unkept
from app.vault import approval_rows, listening_rows, mark_rows, segment_rows, session_rows, unkept_rows
from app.vault.database import Connection, Database
from app.vault.errors import ApprovalMissing
from app.vault.listening_rows import Span
from app.vault.sessions import wall_clock_ms

_NEW = 0  # the mark_id of a mark that is not stored yet


class ReviewStore:
    """Of one unlocked vault. Thread-safe; hands out and takes speech in clear. Every change is durable on return.

    Every method may raise VaultLocked, VaultDamaged, VaultFull or VaultFailed, NoSuchSession where the session is not
    there, and those that change what an approval binds SessionApproved while one stands.
    """

    def __init__(self, database: Database, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        self._database = database
        self._now_ms = now_ms

    def listening(self, session_id: str) -> Listening:
        return self._database.read(lambda connection: listening_rows.read_listening(connection, session_id))

    def add_heard(self, session_id: str, spans: Sequence[Span], by: str) -> None:
        """Keep that these spans were listened to; none may be empty."""
        self._write(session_id, lambda con: listening_rows.insert_heard(con, session_id, spans, by, self._now_ms()))

    def accept(self, session_id: str, seq: int, start_ms: int, by: str) -> None:
        """The doubtful place that begins there says what was said. Idempotent."""
        place = (seq, start_ms)
        self._open(session_id, lambda con: listening_rows.insert_accepted(con, session_id, place, by, self._now_ms()))

    def take_back_acceptance(self, session_id: str, seq: int, start_ms: int) -> None:
        self._open(session_id, lambda con: listening_rows.delete_accepted(con, session_id, (seq, start_ms)))

    def marks(self, session_id: str) -> list[Mark]:
        return self._database.read(lambda connection: mark_rows.read_marks(connection, session_id))

    def add_mark(self, session_id: str, kind: MarkKind, seq: int, text: str, author: str) -> None:
        mark = Mark(_NEW, kind, seq, text, author, self._now_ms())
        self._open(session_id, lambda con: mark_rows.insert_mark(con, session_id, mark))

    def remove_mark(self, session_id: str, mark_id: int, by: str) -> None:
        self._open(session_id, lambda con: mark_rows.remove_mark(con, session_id, mark_id, by, self._now_ms()))

    def put_unkept(self, session_id: str, seq: int, text: str, author: str) -> None:
        """Keep what is being typed until it is kept or left.

        Raises:
            NoSuchSession: The line is not in the transcript (any more).
        """
        unkept = Unkept(seq, author, text, self._now_ms())

        def change(connection: Connection) -> None:
            segment_rows.require_text(connection, session_id, seq)
            unkept_rows.put_unkept(connection, session_id, unkept)

        self._open(session_id, change)

    def drop_unkept(self, session_id: str, seq: int, author: str) -> None:
        self._write(session_id, lambda con: unkept_rows.drop_unkept(con, session_id, seq, author))

    def unkept(self, session_id: str) -> list[Unkept]:
        return self._database.read(lambda connection: unkept_rows.read_unkept(connection, session_id))

    def add_addendum(self, session_id: str, make: Callable[[Approval, int], Addendum]) -> None:
        """Keep what `make` is given the standing approval and the time for.

        Raises:
            ApprovalMissing: None stands.
        """

        def change(connection: Connection) -> None:
            approval = approval_rows.read_standing(connection, session_id)
            if approval is None:
                raise ApprovalMissing(
                    "Nothing is approved here, so nothing can be added to it. Edit the draft instead."
                )
            approval_rows.insert_addendum(connection, session_id, make(approval, self._now_ms()))

        self._write(session_id, change)

    def addenda(self, session_id: str) -> list[Addendum]:
        """Of the approval that stands, oldest first."""
        return self._database.read(lambda connection: approval_rows.read_addenda(connection, session_id))

    def _write(self, session_id: str, change: Callable[[Connection], None]) -> None:
        def checked(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            change(connection)

        self._database.write(checked)

    def _open(self, session_id: str, change: Callable[[Connection], None]) -> None:
        def checked(connection: Connection) -> None:
            approval_rows.refuse_approved(connection, session_id)
            change(connection)

        self._write(session_id, checked)
