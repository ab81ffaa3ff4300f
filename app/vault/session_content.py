"""All of a session in one snapshot: what a review shows and an approval binds. Speech in clear."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain import (
    Approval,
    Attribution,
    Edit,
    Listening,
    Mark,
    Note,
    Pause,
    SecondHearing,
    Segment,
    SessionRow,
    VoiceChange,
)
from app.vault import (
    approval_rows,
    edit_rows,
    hearing_rows,
    listening_rows,
    mark_rows,
    note_rows,
    segment_rows,
    session_rows,
    voice_rows,
)
from app.vault.bound_parts import read_parts
from app.vault.database import Connection
from app.vault.worked_out import WorkedOut


@dataclass(frozen=True, slots=True)
class SessionContent:
    """All of a session that a review shows and an approval binds, read in one snapshot."""

    row: SessionRow
    segments: tuple[Segment, ...] = field(repr=False)
    edits: dict[int, Edit] = field(repr=False)  # the latest a segment, by seq
    pauses: tuple[Pause, ...]
    approval: Approval | None
    marks: tuple[Mark, ...] = field(default=(), repr=False)
    listening: Listening = field(default_factory=Listening)  # no approval binds it as content; see Approval.done
    attribution: Attribution | None = None  # who spoke when; None until the session was heard to its end
    voice_changes: tuple[VoiceChange, ...] = ()  # every one, oldest first
    parts: Mapping[str, object] = field(default_factory=dict, repr=False)  # app.vault.bound_parts, JSON values by name
    note: Note | None = field(default=None, repr=False)
    second_hearing: SecondHearing | None = None  # no approval binds it: the segments name their model
    worked_out: WorkedOut = field(default_factory=WorkedOut, repr=False, compare=False)  # of this, and of it before

    @property
    def swaps(self) -> int:
        """How often its two hearings have changed places: another number where the transcript is another."""
        return self.second_hearing.swaps if self.second_hearing else 0


def read_content(
    connection: Connection,
    session_id: str,
    first: int = 0,
    last: int = segment_rows.LAST_SEQ,
    worked_out: WorkedOut | None = None,
) -> SessionContent:
    """Read it all; with `worked_out`, what has not changed since is not worked out again."""
    return SessionContent(
        row=session_rows.require_session(connection, session_id),
        segments=tuple(segment_rows.read_segments(connection, session_id, first, last, worked_out)),
        edits=edit_rows.read_latest(connection, session_id, first, last),
        pauses=tuple(segment_rows.read_pauses(connection, session_id)),
        approval=approval_rows.read_standing(connection, session_id),
        marks=tuple(mark_rows.read_marks(connection, session_id)),
        listening=listening_rows.read_listening(connection, session_id),
        attribution=voice_rows.read_attribution(connection, session_id),
        voice_changes=tuple(voice_rows.read_changes(connection, session_id)),
        parts=read_parts(connection, session_id),
        note=note_rows.read_note(connection, session_id),
        second_hearing=hearing_rows.find_hearing(connection, session_id),
        worked_out=worked_out or WorkedOut(),
    )


def read_standing(connection: Connection, session_id: str) -> SessionContent:
    """What the lines of a session need to stand as they do, without its segments. To show, never to approve."""
    return SessionContent(
        row=session_rows.require_session(connection, session_id),
        segments=(),
        edits=edit_rows.read_latest(connection, session_id),
        pauses=(),
        approval=None,
        attribution=voice_rows.read_attribution(connection, session_id),
        voice_changes=tuple(voice_rows.read_changes(connection, session_id)),
    )
