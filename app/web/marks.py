"""What a person sets beside a line: a context note, words that no export shows, or that the line is private."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from app.domain import MarkKind
from app.review import Review
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Person, desk_of, show, show_part
from app.web.opened import open_line
from app.web.transcript import line_row

router = APIRouter(prefix="/sessions/{session_id}")


@dataclass(frozen=True, slots=True)
class MarkForm:
    template: ClassVar[str] = "_mark_form.html"
    session_id: str
    seq: int
    kind: MarkKind
    label: str
    hint: str
    needed: bool  # whether it asks for words


@dataclass(frozen=True, slots=True)
class MarkPage:
    """The same form on a page of its own, for a browser without htmx."""

    template: ClassVar[str] = "mark.html"
    form: MarkForm


WORDS = {
    MarkKind.CONTEXT: (
        "What a microphone does not hear",
        "A look, a silence, a gesture. It stands beside this line, and in exports as well.",
    ),
    MarkKind.SILENCE: (
        "What this pause was like",
        "A look, a breath, tears. It stands before the next line, and in exports as well.",
    ),
    MarkKind.REDACTED: (
        "A name to withhold",
        "These words are covered in every line of every export. In the vault they stay as they are.",
    ),
    MarkKind.PRIVATE: (
        "A note for yourself, if you like",
        "This line and what stands beside it never leave the vault.",
    ),
}


@router.get("/lines/{seq}/marks/{kind}", dependencies=[audited("line.read", "read a line of the session")])
def mark_form(request: Request, person: Person, session_id: str, seq: int, kind: MarkKind) -> Response:
    open_line(person, session_id, seq)
    label, hint = WORDS[kind]
    form = MarkForm(session_id, seq, kind, label, hint, needed=kind is not MarkKind.PRIVATE)
    by_htmx = request.headers.get("hx-request") == "true"
    return show_part(request, form) if by_htmx else show(request, MarkPage(form), here="session")


@router.post("/lines/{seq}/marks/{kind}", dependencies=[audited("line.marked", "set something beside a line")])
def mark(  # noqa: PLR0913, PLR0917  a form has its fields
    request: Request,
    person: Person,
    session_id: str,
    seq: int,
    kind: MarkKind,
    text: Annotated[str, Form()] = "",
) -> Response:
    open_line(person, session_id, seq)
    Review(person.vault).mark(session_id, kind, seq, text, person.name)
    return _answer(request, person, session_id, seq, kind)


@router.post("/marks/{mark_id}/remove", dependencies=[audited("line.unmarked", "took away what stood beside a line")])
def remove(request: Request, person: Person, session_id: str, mark_id: int) -> Response:
    found = [one for one in person.vault.reviews.marks(session_id) if one.mark_id == mark_id]
    if not found:
        raise HTTPException(404)
    person.vault.reviews.remove_mark(session_id, mark_id, person.name)
    return _answer(request, person, session_id, found[0].seq, found[0].kind)


def _answer(request: Request, person: Person, session_id: str, seq: int, kind: MarkKind) -> Response:
    """Give the line anew; a name that is withheld may stand in any line, so all of them are fetched again."""
    desk_of(request).pipeline.changes.notify()
    if request.headers.get("hx-request") != "true":
        return RedirectResponse(f"/sessions/{session_id}#line-{seq}", 303)
    opened, line = open_line(person, session_id, seq)
    answer = show_part(request, line_row(opened, line, wall_clock_ms()))
    answer.headers["HX-Trigger"] = "changed, redrawn" if kind is MarkKind.REDACTED else "changed"
    answer.headers.update({"HX-Retarget": f"#line-{seq}", "HX-Reswap": "outerHTML"})
    return answer
