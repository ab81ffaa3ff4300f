"""Editing a line in place. The machine's words stay underneath, and every edit keeps its author and time."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.review import Review
from app.vault.errors import NoSuchSession
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Person, SignedIn, show, show_part
from app.web.opened import Opened, open_session
from app.web.transcript import Doubts, LineRow, doubts, line_row

router = APIRouter(prefix="/sessions/{session_id}/lines/{seq}")


@dataclass(frozen=True, slots=True)
class LineEdit:
    template: ClassVar[str] = "_line_edit.html"
    row: LineRow


@dataclass(frozen=True, slots=True)
class LineEditPage:
    """The same form on a page of its own, for a browser without htmx."""

    template: ClassVar[str] = "line_edit.html"
    edit: LineEdit


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line as it reads now, and what that does to the number of doubtful places."""

    template: ClassVar[str] = "_changed_line.html"
    row: LineRow
    doubts: Doubts


@router.get("", dependencies=[audited("line.read", "read a line of the session")])
def one_line(request: Request, person: Person, session_id: str, seq: int) -> Response:
    """Give the line as it reads, as after a cancelled edit."""
    return show_part(request, _find(open_session(person, session_id), seq))


@router.get("/edit", dependencies=[audited("line.read", "read a line of the session")])
def edit_form(request: Request, person: Person, session_id: str, seq: int) -> Response:
    edit = LineEdit(_find(open_session(person, session_id), seq))
    return show_part(request, edit) if _by_htmx(request) else show(request, LineEditPage(edit), here="session")


@router.post("/edit", dependencies=[audited("line.edited", "edited a line of the session")])
def edit(request: Request, person: Person, session_id: str, seq: int, text: Annotated[str, Form()] = "") -> Response:
    """Keep a person's words for this line; none at all strike it out."""
    Review(person.vault).edit(session_id, seq, " ".join(text.split()), person.name)
    return _changed(request, person, session_id, seq)


@router.post("/undo", dependencies=[audited("line.undone", "took an edit of the session back")])
def undo(request: Request, person: Person, session_id: str, seq: int) -> Response:
    """Take the latest edit of this line back."""
    Review(person.vault).undo_edit(session_id, seq, person.name)
    return _changed(request, person, session_id, seq)


def _changed(request: Request, person: SignedIn, session_id: str, seq: int) -> Response:
    if not _by_htmx(request):
        return RedirectResponse(f"/sessions/{session_id}#line-{seq}", 303)
    opened = open_session(person, session_id)
    return show_part(request, ChangedLine(_find(opened, seq), doubts(opened.lines)))


def _find(opened: Opened, seq: int) -> LineRow:
    for line in opened.lines:
        if line.seq == seq:
            return line_row(opened.session_id, line, editable=opened.editable, now_ms=wall_clock_ms())
    raise NoSuchSession("There is no such line.")


def _by_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
