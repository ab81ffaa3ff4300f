"""A session as it lies in the vault, taken out once for an answer. Handles speech in clear."""

from dataclasses import dataclass, field

from app.domain import Approval, Pause, SessionRow, SessionState
from app.review import Line, is_as_approved, lines_of
from app.vault.errors import NoSuchSession
from app.web.desk import SignedIn

UNFINISHED = frozenset({SessionState.RECORDING, SessionState.CAPTURED, SessionState.TRANSCRIBING})
UNDER_REVIEW = frozenset({SessionState.DRAFTED, SessionState.IN_REVIEW})
APPROVED = frozenset({SessionState.APPROVED, SessionState.EXPORTED})


@dataclass(frozen=True, slots=True)
class Opened:
    row: SessionRow
    lines: tuple[Line, ...] = field(repr=False)
    pauses: tuple[Pause, ...]
    models: tuple[str, ...]  # what heard the words
    approval: Approval | None
    intact: bool  # the words are still, to the character, what was approved

    @property
    def session_id(self) -> str:
        return self.row.head.session_id

    @property
    def live(self) -> bool:
        """Whether more lines are to come."""
        return self.row.state in UNFINISHED

    @property
    def editable(self) -> bool:
        return self.row.state in UNDER_REVIEW

    @property
    def last_seq(self) -> int:
        return self.lines[-1].seq if self.lines else -1


def find_row(person: SignedIn, session_id: str) -> SessionRow:
    """Give what the list shows of a session.

    Raises:
        NoSuchSession: leads to the page for what is not there.
    """
    row = person.vault.sessions.get(session_id)
    if row is None:
        raise NoSuchSession("Nothing is here.")
    return row


def open_session(person: SignedIn, session_id: str) -> Opened:
    """Take a session out of the vault.

    Raises:
        NoSuchSession: leads to the page for what is not there.
    """
    content = person.vault.sessions.content(session_id)
    return Opened(
        row=content.row,
        lines=lines_of(content),
        pauses=content.pauses,
        models=tuple(sorted({segment.model for segment in content.segments})),
        approval=content.approval,
        intact=content.approval is None or is_as_approved(content, content.approval),
    )
