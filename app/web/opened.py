"""A session as it lies in the vault, taken out once for an answer. Handles speech in clear."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain import Approval, Listening, Mark, Pause, Segment, SessionRow, SessionState, Turn
from app.review import Line, is_as_approved, lines_of, segments_under
from app.review.duties import open_places
from app.review.places import Place, places_of
from app.speech.turns import speakers_of
from app.vault.errors import NoSuchSession
from app.vault.session_content import SessionContent
from app.web.desk import SignedIn

UNFINISHED = frozenset({SessionState.RECORDING, SessionState.CAPTURED, SessionState.TRANSCRIBING})
UNDER_REVIEW = frozenset({SessionState.DRAFTED, SessionState.IN_REVIEW})
APPROVED = frozenset({SessionState.APPROVED, SessionState.EXPORTED})


@dataclass(frozen=True, slots=True)
class Opened:
    """The whole session, or of its lines only those asked for (`open_lines`)."""

    content: SessionContent = field(repr=False)  # what it was taken from
    row: SessionRow
    lines: tuple[Line, ...] = field(repr=False)
    pauses: tuple[Pause, ...]
    models: tuple[str, ...]  # what heard the words
    approval: Approval | None
    intact: bool  # the words are still, to the character, what was approved
    marks: tuple[Mark, ...] = field(default=(), repr=False)
    listening: Listening = field(default_factory=Listening)
    places: tuple[Place, ...] = field(default=(), repr=False)  # all of them, the most worth hearing first
    edit_ids: Mapping[int, int] = field(default_factory=dict)  # by line: what an edit of it builds on

    @property
    def open_places(self) -> tuple[Place, ...]:
        """Give those worth hearing that nobody has found right yet; none once the review is over."""
        return open_places(self.places, self.listening) if self.editable else ()

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
    def last_edit(self) -> int:
        """Give the number of the latest edit of these lines, 0 for none."""
        return max(self.edit_ids.values(), default=0)

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


def open_session(person: SignedIn, session_id: str, provisional: Sequence[Turn] = ()) -> Opened:
    """Take a session out of the vault, lines without a speaker told by the `provisional` turns.

    Raises:
        NoSuchSession: leads to the page for what is not there.
    """
    content = person.vault.sessions.content(session_id)
    if provisional and content.attribution is None:
        content = replace(content, segments=tuple(_provisionally(content.segments, provisional)))
    intact = content.approval is None or is_as_approved(content, content.approval)
    return _opened(content, lines_of(content), intact=intact)


def open_lines(person: SignedIn, session_id: str, seqs: Collection[int]) -> Opened:
    """Take these lines out of the vault and read no more than they need; those that are not there are left out.

    Whether the words are still what was approved is not looked at: that takes the whole.

    Raises:
        NoSuchSession: leads to the page for what is not there.
    """
    content = person.vault.sessions.stretch(session_id, lambda changes: segments_under(seqs or {0}, changes))
    return _opened(content, [line for line in lines_of(content) if line.seq in seqs], intact=True)


def open_line(person: SignedIn, session_id: str, seq: int) -> tuple[Opened, Line]:
    """Take one line out of the vault.

    Raises:
        NoSuchSession: leads to the page for what is not there.
    """
    opened = open_lines(person, session_id, {seq})
    if not opened.lines:
        raise NoSuchSession("There is no such line.")
    return opened, opened.lines[0]


def _provisionally(segments: Sequence[Segment], turns: Sequence[Turn]) -> Iterator[Segment]:
    """Whose each segment is most, whole: lines of a session that goes on keep their number and their end."""
    for segment in segments:
        if segment.speaker is None and segment.words and segment.start_ms < turns[-1].end_ms:
            speakers = [speaker for speaker, _ in speakers_of(segment.words, turns)]
            yield replace(segment, speaker=max(dict.fromkeys(speakers), key=speakers.count))
        else:
            yield segment


def _opened(content: SessionContent, lines: Sequence[Line], *, intact: bool) -> Opened:
    return Opened(
        content=content,
        row=content.row,
        lines=tuple(lines),
        pauses=content.pauses,
        models=tuple(sorted({segment.model for segment in content.segments})),
        approval=content.approval,
        intact=intact,
        marks=content.marks,
        listening=content.listening,
        places=places_of(lines, content.worked_out),
        edit_ids={seq: edit.edit_id for seq, edit in content.edits.items()},
    )
