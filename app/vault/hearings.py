"""Second hearings: a session heard anew by a better model, beside its transcript, and put in its place whole."""

from collections.abc import Sequence
from typing import Literal

from app.domain import Cursor, SecondHearing, Segment
from app.vault import approval_rows, hearing_rows, segment_rows, session_rows
from app.vault.database import Connection, Database
from app.vault.errors import HearingWorkedOn, NoSuchSession

Which = Literal["first", "second"]


class HearingStore:
    """The second hearings of one unlocked vault. Thread-safe; hands out and takes speech in clear.

    A transcript is always the whole of one hearing. It changes only while nobody has worked on the session and no
    approval was ever given; whoever works on it in between keeps the words that they began with. Both hearings are
    kept, and go with their session. Every method may raise what SessionStore's may.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, model: str) -> list[str]:
        """Sessions that `model` may hear anew, the oldest first: nobody has worked on them or listened to them."""
        return self._database.read(lambda connection: hearing_rows.waiting(connection, model))

    def begin(self, session_id: str, model: str) -> bool:
        """Go on with what `model` has heard of the session, or begin; tells whether it may hear it."""

        def change(connection: Connection) -> bool:
            found = hearing_rows.find_hearing(connection, session_id)
            if not hearing_rows.waiting(connection, model, session_id):
                if found and not found.swaps:
                    hearing_rows.drop_hearing(connection, session_id)
                return False
            if found and found.model != model:
                hearing_rows.drop_hearing(connection, session_id)
                found = None
            if found is None:
                hearing_rows.insert_hearing(connection, session_id, model)
            return True

        return self._database.write(change)

    def cursor(self, session_id: str) -> Cursor:
        """How far the second hearing has come.

        Raises:
            NoSuchSession: There is none.
        """
        return self._database.read(lambda connection: _require_cursor(connection, session_id))

    def append_segments(
        self, session_id: str, segments: Sequence[Segment], cursor: Cursor, machine: str | None = None
    ) -> None:
        """Add what was heard in the span up to `cursor` beside the transcript. Idempotent, as SessionStore's.

        Raises:
            NoSuchSession: The hearing is not there any more.
            ValueError: The segments are not numbered on from the stored cursor to the new one.
        """

        def change(connection: Connection) -> None:
            stored = _require_cursor(connection, session_id)
            if not segment_rows.lead_on(stored, segments, cursor):
                return
            segment_rows.insert_segments(connection, session_id, segments, "other_segments")
            hearing_rows.update_cursor(connection, session_id, cursor)

        del machine  # which machines heard a session is told of its first hearing
        self._database.write(change)

    def take_over(self, session_id: str, model: str, changed_words: int) -> bool:
        """Let a complete second hearing be the transcript; False, and it is dropped, where somebody came before."""

        def change(connection: Connection) -> bool:
            cursor = hearing_rows.read_cursor(connection, session_id)
            if cursor is None or not cursor.finished:
                return False
            if not hearing_rows.waiting(connection, model, session_id):
                hearing_rows.drop_hearing(connection, session_id)
                return False
            hearing_rows.swap(connection, session_id)
            hearing_rows.keep_changed_words(connection, session_id, changed_words)
            return True

        return self._database.write(change)

    def put(self, session_id: str, which: Which) -> bool:
        """Let the first or the second hearing be the transcript from now on; tells whether that changed anything.

        Raises:
            SessionApproved: An approval stands.
            HearingWorkedOn: Somebody has worked on the words that stand.
            NoSuchSession: It was heard once.
        """

        def change(connection: Connection) -> bool:
            session_rows.require_session(connection, session_id)
            found = hearing_rows.find_hearing(connection, session_id)
            if found is None or not found.swaps:
                raise NoSuchSession("This session was heard once. Go back to it.")
            if found.stands == (which == "second"):
                return False
            approval_rows.refuse_approved(connection, session_id)
            if hearing_rows.is_worked_on(connection, session_id):
                raise HearingWorkedOn(
                    "Somebody has worked on these words already, so they stay. Correct a line where the other hearing "
                    "was right."
                )
            hearing_rows.swap(connection, session_id)
            return True

        return self._database.write(change)

    def find(self, session_id: str) -> SecondHearing | None:
        return self._database.read(lambda connection: hearing_rows.find_hearing(connection, session_id))

    def swaps(self, session_id: str) -> int:
        """How often the two hearings have changed places: another number where the transcript is another."""
        return self._database.read(lambda connection: hearing_rows.read_swaps(connection, session_id))

    def other(self, session_id: str) -> list[Segment]:
        """The segments of the hearing that does not stand, in order."""
        return self._database.read(lambda connection: segment_rows.read_other_segments(connection, session_id))


def _require_cursor(connection: Connection, session_id: str) -> Cursor:
    found = hearing_rows.read_cursor(connection, session_id)
    if found is None:
        raise NoSuchSession("This session is not being heard anew.")
    return found
