"""A session that a better model has heard anew: what that changed, and the way back."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.domain import SecondHearing, Segment
from app.review import HeardOtherwise, Line, changes, lines_of
from app.vault.errors import NoSuchSession
from app.vault.session_content import SessionContent
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show
from app.web.opened import UNDER_REVIEW
from app.web.wording import clock, counted

router = APIRouter(prefix="/sessions/{session_id}/hearings")


@dataclass(frozen=True, slots=True)
class ChangeRow:
    at: str
    seq: int  # of the line that stands there
    pieces: tuple[tuple[str, str], ...] = field(repr=False)  # "same", "gone" or "new", and the words


@dataclass(frozen=True, slots=True)
class HearingsPage:
    template: ClassVar[str] = "hearings.html"
    session_id: str
    first: str  # what heard it first
    second: str
    stands: bool  # the second hearing does
    count: str
    rows: tuple[ChangeRow, ...] = field(repr=False)
    editable: bool


@router.get("", dependencies=[audited("hearings.compared", "compared the two hearings of the session")])
def hearings(request: Request, person: Person, session_id: str) -> Response:
    """Show every word that the second hearing changed, old ones struck."""
    content, other = person.vault.sessions.content(session_id), person.vault.hearings.other(session_id)
    found = content.second_hearing
    if found is None or not found.swaps:
        raise NoSuchSession("This session was heard once.")
    first, second = (other, content.segments) if found.stands else (content.segments, other)
    page = HearingsPage(
        session_id=session_id,
        first=" and ".join(sorted({one.model for one in first})) or "the first model",
        second=found.model,
        stands=found.stands,
        count=counted(found.changed_words, "word"),
        rows=_rows(content, first, second),
        editable=content.row.state in UNDER_REVIEW,
    )
    return show(request, page, here="session")


@router.post("", dependencies=[audited("hearing.chosen", "chose between the two hearings of the session")])
def choose(
    desk: TheDesk, person: Person, session_id: str, which: Annotated[Literal["first", "second"], Form()]
) -> Response:
    """Let the words of one hearing stand; those of the other are kept."""
    if person.vault.hearings.put(session_id, which):
        desk.pipeline.changes.notify()
    return RedirectResponse(f"/sessions/{session_id}/hearings", 303)


def said_of(found: SecondHearing | None) -> str:
    """One line for the session's page; "" where it was heard once."""
    if found is None or not found.swaps:
        return ""
    words = counted(found.changed_words, "word") if found.changed_words else "no word"
    if found.stands:
        return f"Heard anew by {found.model}: {words} changed."
    return f"{found.model} heard {words} otherwise; the first hearing stands again."


def _rows(content: SessionContent, first: Sequence[Segment], second: Sequence[Segment]) -> tuple[ChangeRow, ...]:
    lines = lines_of(content)
    return tuple(_row(one, lines) for one in changes(first, second))


def _row(change: HeardOtherwise, lines: Sequence[Line]) -> ChangeRow:
    at = bisect_right(lines, change.start_ms, key=lambda line: line.start_ms) - 1
    return ChangeRow(clock(change.start_ms), lines[max(0, at)].seq if lines else 0, change.pieces)
