"""What a vault holds of its sessions: rows, segments, edits, voices. Approvals and erasures: see there."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.domain import (
    Attribution,
    Cursor,
    Edit,
    HeardBy,
    Pause,
    Segment,
    SessionHead,
    SessionRow,
    SessionState,
    VoiceChange,
)
from app.vault import approval_rows, edit_rows, heard_rows, segment_rows, session_rows, unkept_rows, voice_rows
from app.vault.database import Connection, Database
from app.vault.errors import EditedMeanwhile
from app.vault.session_content import SessionContent, read_content
from app.vault.worked_out import Shelf

# Within the class, `list` is the method.
Sessions: TypeAlias = list[SessionRow]
Segments: TypeAlias = list[Segment]
Pauses: TypeAlias = list[Pause]
Edits: TypeAlias = list[Edit]
Models: TypeAlias = list[tuple[str, int]]
HeardBys: TypeAlias = list[HeardBy]

_AFTER_APPROVAL = frozenset({SessionState.APPROVED, SessionState.EXPORTED})


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some sessions of a list."""

    rows: tuple[SessionRow, ...]
    total: int  # of the whole list
    words: int  # in all sessions of the list


class SessionStore:
    """The sessions of one unlocked vault. Thread-safe; hands out and takes speech in clear.

    Every change is durable on return, or did not happen. What the machine heard and what people did is only ever
    added to. While an approval stands, nothing it binds can change.

    Every method may raise VaultLocked, VaultDamaged, VaultFull or VaultFailed, and those that change or read one
    session NoSuchSession where it is not there.
    """

    def __init__(
        self, database: Database, now_ms: Callable[[], int] = wall_clock_ms, shelf: Shelf | None = None
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self._shelf = shelf or Shelf()

    def add(self, session: SessionHead) -> None:
        """A session whose tape has appeared. One that is there already stays as it is; a withdrawn one stays away."""
        self._database.write(lambda connection: session_rows.insert_session(connection, session))

    def get(self, session_id: str) -> SessionRow | None:
        return self._database.read(lambda connection: session_rows.find_session(connection, session_id))

    def list(self) -> Sessions:
        """Newest first."""
        return self._database.read(session_rows.all_sessions)

    def page(self, states: Collection[SessionState], limit: int, *, oldest_first: bool, offset: int = 0) -> Page:
        """Some of the sessions in these states, with how many there are and the words in all of them."""

        def question(connection: Connection) -> Page:
            rows = session_rows.page_of_sessions(connection, states, limit, offset, oldest_first=oldest_first)
            return Page(tuple(rows), *session_rows.count_sessions(connection, states))

        return self._database.read(question)

    def content(self, session_id: str) -> SessionContent:
        worked_out = self._shelf.of(session_id)
        return self._database.read(lambda connection: read_content(connection, session_id, worked_out=worked_out))

    def stretch(self, session_id: str, choose: Callable[[Sequence[VoiceChange]], tuple[int, int]]) -> SessionContent:
        """The content with the segments alone from the first to the last that `choose` names, and their edits.

        To show and edit lines without reading hours; never to approve.
        """

        def question(connection: Connection) -> SessionContent:
            first, last = choose(voice_rows.read_changes(connection, session_id))
            return read_content(connection, session_id, first, last)

        return self._database.read(question)

    def models(self) -> Models:
        """What heard words, and in how many sessions, by name; told by each session's first line."""
        rows = (
            "SELECT (SELECT model FROM segments WHERE segments.session_id = sessions.session_id LIMIT 1) AS model,"
            " count(*) FROM sessions GROUP BY model HAVING model IS NOT NULL ORDER BY model"
        )
        return self._database.read(lambda connection: [(row[0], row[1]) for row in connection.execute(rows)])

    def heard_by(self, sessions: int) -> HeardBys:
        """Which machines heard the latest sessions."""
        return self._database.read(lambda connection: heard_rows.read_latest(connection, sessions))

    def set_state(self, session_id: str, state: SessionState, problem: str | None = None) -> None:
        """Where the session stands, and a sentence for the therapist if something is wrong (None clears it).

        Raises:
            SessionApproved: An approval stands and the state would not say so.
            ValueError: Only ApprovalStore brings a session to approved and exported.
        """

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            if state not in _AFTER_APPROVAL:
                approval_rows.refuse_approved(connection, session_id)
            elif approval_rows.read_standing(connection, session_id) is None:
                raise ValueError(f"no approval stands for a session to be {state}")
            session_rows.update_state(connection, session_id, state, problem)

        self._database.write(change)

    def move_state(self, session_id: str, before: Collection[SessionState], after: SessionState) -> bool:
        """Set the state only if it is one of `before`, keeping the problem; tells whether it was.

        Raises:
            ValueError: `after` is a state that only an approval or export brings.
        """
        if after in _AFTER_APPROVAL or not _AFTER_APPROVAL.isdisjoint(before):
            raise ValueError("approved and exported are reached and left through an approval only")
        return self._database.write(lambda connection: session_rows.move_state(connection, session_id, before, after))

    def update_length(self, session_id: str, samples: int) -> None:
        """How many frames the tape holds by now."""

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            session_rows.update_samples(connection, session_id, samples)

        self._database.write(change)

    def append_segments(
        self, session_id: str, segments: Sequence[Segment], cursor: Cursor, machine: str | None = None
    ) -> None:
        """Add what was heard in the span up to `cursor`, and move the cursor there, both or neither.

        Idempotent: a span that ends at or before the stored cursor adds nothing, so a transcription that was killed
        before it heard of its success may come again. `machine` heard the span, "" being this box.

        Raises:
            ValueError: The segments are not numbered on from the stored cursor to the new one.
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> None:
            stored = session_rows.read_cursor(connection, session_id)
            if not segment_rows.lead_on(stored, segments, cursor):
                return
            approval_rows.refuse_approved(connection, session_id)
            words = segment_rows.insert_segments(connection, session_id, segments)
            session_rows.update_cursor(connection, session_id, cursor, new_words=words)
            if machine is not None:
                heard_rows.count_window(connection, session_id, machine)

        self._database.write(change)

    def cursor(self, session_id: str) -> Cursor:
        return self._database.read(lambda connection: session_rows.read_cursor(connection, session_id))

    def segments(self, session_id: str) -> Segments:
        """As the machine heard them, in order; none for a session that is not there."""
        return self._database.read(lambda connection: segment_rows.read_segments(connection, session_id))

    def add_pauses(self, session_id: str, pauses: Sequence[Pause]) -> None:
        """Where the session was off the record. Idempotent: pauses known already add nothing.

        Raises:
            SessionApproved: An approval stands and a pause is new.
        """

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            new = set(pauses).difference(segment_rows.read_pauses(connection, session_id))
            if new:
                approval_rows.refuse_approved(connection, session_id)
                segment_rows.insert_pauses(connection, session_id, sorted(new, key=lambda pause: pause.at_ms))

        self._database.write(change)

    def pauses(self, session_id: str) -> Pauses:
        return self._database.read(lambda connection: segment_rows.read_pauses(connection, session_id))

    def add_attribution(self, session_id: str, attribution: Attribution) -> None:
        """Keep who spoke when. Idempotent: the first one stays, and only `tell_anew` adds another.

        Lines that were edited by now stay in one piece.

        Raises:
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            if voice_rows.read_attribution(connection, session_id) is None:
                approval_rows.refuse_approved(connection, session_id)
                edited = tuple(sorted(edit_rows.read_latest(connection, session_id)))
                voice_rows.insert_attribution(connection, session_id, replace(attribution, whole=edited))

        self._database.write(change)

    def tell_anew(self, session_id: str, make: Callable[[SessionContent], Attribution]) -> None:
        """Keep who spoke when as told anew, made of the content in one transaction with no change in between.

        Raises:
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            approval_rows.refuse_approved(connection, session_id)
            voice_rows.insert_attribution(connection, session_id, make(read_content(connection, session_id)))

        self._database.write(change)

    def last_attribution(self, session_id: str) -> int:
        """The number of the session's latest attribution, 0 for none."""
        return self._database.read(lambda connection: voice_rows.last_attribution(connection, session_id))

    def people_wanted(self, session_id: str) -> int | None:
        """How many people are to be told apart, where somebody said so."""
        return self._database.read(lambda connection: voice_rows.people_wanted(connection, session_id))

    def to_tell_anew(self) -> Sequence[tuple[str, int]]:
        """The sessions under review that were told for another number of people than somebody said, and that number."""
        return self._database.read(voice_rows.to_tell_anew)

    def add_voice_change(self, session_id: str, make: Callable[[SessionContent], VoiceChange], author: str) -> None:
        """Keep what `make` makes of the content, in one transaction with no other change in between.

        A drafted session is in review from now on.

        Raises:
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> None:
            session_rows.require_session(connection, session_id)
            approval_rows.refuse_approved(connection, session_id)
            made = replace(make(read_content(connection, session_id)), author=author, changed_at_ms=self._now_ms())
            voice_rows.insert_change(connection, session_id, made)
            session_rows.move_state(connection, session_id, {SessionState.DRAFTED}, SessionState.IN_REVIEW)

        self._database.write(change)

    def add_edit(  # noqa: PLR0913  an edit has that many sides
        self, session_id: str, seq: int, text: str, author: str, heard: str | None = None, *, base: int | None = None
    ) -> None:
        """What a person made of a line; "" strikes it out. What the line says already is not kept again.

        `heard` is what the machine heard in the line, where that is not its whole segment. `base` is the line's latest
        edit when the author began, 0 for none; None asks for no such care. What the author was still typing in the
        line is let go. A drafted session is in review from now on.

        Raises:
            EditedMeanwhile: Somebody else's words came in between; nothing was changed.
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> None:
            machine = self._prepare_edit(connection, session_id, seq)
            unkept_rows.drop_unkept(connection, session_id, seq, author)
            if text == edit_rows.standing_text(connection, session_id, seq, machine if heard is None else heard):
                return
            if base is not None and base != edit_rows.last_edit(connection, session_id, seq):
                raise EditedMeanwhile(
                    "This line was changed in another window while you were writing. Nothing is lost: what stands now "
                    "is shown, and your words are still in the field. Keep yours over it, or leave it as it is."
                )
            edit = Edit(edit_rows.NEW, seq, text, author, self._now_ms(), undoes=None)
            edit_rows.insert_edit(connection, session_id, edit)

        self._database.write(change)

    def undo_edit(self, session_id: str, seq: int, author: str) -> None:
        """Take the line's last standing edit back; that is an edit too, and kept.

        Raises:
            NothingToUndo: The line stands as the machine heard it.
            SessionApproved: An approval stands.
        """

        def change(connection: Connection) -> None:
            self._prepare_edit(connection, session_id, seq)
            edit_rows.undo_last_edit(connection, session_id, seq, author, self._now_ms())

        self._database.write(change)

    def last_edit(self, session_id: str) -> int:
        """The number of the session's latest edit, 0 for none."""
        return self._database.read(lambda connection: edit_rows.last_edit(connection, session_id))

    def edited_since(self, session_id: str, edit_id: int) -> Sequence[int]:
        """The lines that were edited after this edit."""
        return self._database.read(lambda connection: edit_rows.edited_since(connection, session_id, edit_id))

    def session_edits(self, session_id: str) -> Edits:
        """Every edit of the session, oldest first."""
        return self._database.read(lambda connection: edit_rows.read_session(connection, session_id))

    def edits(self, session_id: str) -> dict[int, Edit]:
        """The latest edit of each line that has one, by seq."""
        return self._database.read(lambda connection: edit_rows.read_latest(connection, session_id))

    def edit_history(self, session_id: str, seq: int) -> Edits:
        """Every edit of the line, oldest first."""
        return self._database.read(lambda connection: edit_rows.read_history(connection, session_id, seq))

    @staticmethod
    def _prepare_edit(connection: Connection, session_id: str, seq: int) -> str:
        """Refuse what cannot be edited, and give what the machine heard."""
        session_rows.require_session(connection, session_id)
        heard = segment_rows.require_text(connection, session_id, seq)
        approval_rows.refuse_approved(connection, session_id)
        session_rows.move_state(connection, session_id, {SessionState.DRAFTED}, SessionState.IN_REVIEW)
        return heard
