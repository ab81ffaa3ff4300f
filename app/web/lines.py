"""Editing a line in place. The machine's words stay underneath, and every edit keeps its author and time."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.review import Review
from app.vault.errors import EditedMeanwhile
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.changed_words import Piece, pieces
from app.web.desk import Desk, Person, SignedIn, TheDesk, show, show_part
from app.web.opened import open_line, open_lines
from app.web.session import LastEdit
from app.web.transcript import LineRow, line_row, line_rows
from app.web.wording import lately

of_session = APIRouter(prefix="/sessions/{session_id}")
router = APIRouter()
of_line = APIRouter(prefix="/sessions/{session_id}/lines/{seq}")


@dataclass(frozen=True, slots=True)
class LineEdit:
    template: ClassVar[str] = "_line_edit.html"
    row: LineRow
    typed: str = field(repr=False)  # what stands in the field
    taken_up: str = ""  # when these words were typed, where they were not kept then
    meanwhile: str = ""  # a sentence: other words have come to stand there


@dataclass(frozen=True, slots=True)
class LineEditPage:
    """The same form on a page of its own, for a browser without htmx."""

    template: ClassVar[str] = "line_edit.html"
    edit: LineEdit


@dataclass(frozen=True, slots=True)
class EditedLines:
    """Lines as they read now, each for its own place, and the latest edit that this takes in."""

    template: ClassVar[str] = "_edited_lines.html"
    rows: tuple[LineRow, ...]
    last_edit: LastEdit


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line as it reads after this page's own change."""

    template: ClassVar[str] = "_changed_line.html"
    row: LineRow
    last_edit: LastEdit | None  # None where the page said nothing of what it has seen


@dataclass(frozen=True, slots=True)
class Layer:
    """What stood in a line at one time, beside what stood there before."""

    by: str
    pieces: tuple[Piece, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Layers:
    template: ClassVar[str] = "_layers.html"
    seq: int
    layers: tuple[Layer, ...]  # the machine's first, what stands now last


@of_line.get("", dependencies=[audited("line.read", "read a line of the session")])
def one_line(request: Request, person: Person, session_id: str, seq: int) -> Response:
    """Give the line as it reads, as after a cancelled edit: what was typed there is let go."""
    person.vault.reviews.drop_unkept(session_id, seq, person.name)
    return show_part(request, _row(person, session_id, seq))


@of_line.get("/edit", dependencies=[audited("line.read", "read a line of the session")])
def edit_form(request: Request, person: Person, session_id: str, seq: int) -> Response:
    row = _row(person, session_id, seq)
    mine = [one for one in person.vault.reviews.unkept(session_id) if (one.seq, one.author) == (seq, person.name)]
    if mine and mine[0].text != row.text:
        edit = LineEdit(row, mine[0].text, taken_up=lately(mine[0].typed_at_ms, wall_clock_ms()))
    else:
        edit = LineEdit(row, row.text)
    return _form(request, edit)


@of_line.get("/layers", dependencies=[audited("line.read", "read a line of the session")])
def layers(request: Request, person: Person, session_id: str, seq: int) -> Response:
    """Give all that has stood in the line, the machine's words first, with what each step changed."""
    (_, line), now_ms, shown = open_line(person, session_id, seq), wall_clock_ms(), list[Layer]()
    before = line.machine_text
    shown.append(Layer("The machine heard", pieces(before, before)))
    for edit in person.vault.sessions.edit_history(session_id, seq):
        text = line.machine_text if edit.text is None else edit.text
        did = "took back" if edit.undoes is not None else "changed"
        shown.append(Layer(f"{edit.author} {did} it, {lately(edit.edited_at_ms, now_ms)}", pieces(before, text)))
        before = text
    return show_part(request, Layers(seq, tuple(shown)))


@of_line.post("/edit", dependencies=[audited("line.edited", "edited a line of the session")])
def edit(  # noqa: PLR0913, PLR0917  a form has its fields
    request: Request,
    desk: TheDesk,
    person: Person,
    session_id: str,
    seq: int,
    text: Annotated[str, Form()] = "",
    base: Annotated[int | None, Form()] = None,
    since: Annotated[int | None, Form()] = None,
) -> Response:
    """Keep a person's words for this line; none at all strike it out."""
    try:
        Review(person.vault).edit(session_id, seq, text, person.name, base)
    except EditedMeanwhile as meanwhile:
        row = _row(person, session_id, seq)
        return _form(request, LineEdit(row, text, meanwhile=str(meanwhile)))
    return _changed(request, desk, person, session_id, seq, since)


@of_line.post("/typing", dependencies=[audited("line.typed", "typed in a line of the session")])
def typing(person: Person, session_id: str, seq: int, text: Annotated[str, Form()] = "") -> Response:
    """Keep what is being typed, so that a page that goes away takes nothing along."""
    person.vault.reviews.put_unkept(session_id, seq, text, person.name)
    return Response(status_code=204)


@of_line.post("/undo", dependencies=[audited("line.undone", "took an edit of the session back")])
def undo(request: Request, desk: TheDesk, person: Person, session_id: str, seq: int) -> Response:
    """Take the latest edit of this line back."""
    Review(person.vault).undo_edit(session_id, seq, person.name)
    return _changed(request, desk, person, session_id, seq)


@of_session.post("/undo", dependencies=[audited("line.undone", "took an edit of the session back")])
def undo_latest(
    request: Request, desk: TheDesk, person: Person, session_id: str, since: Annotated[int | None, Form()] = None
) -> Response:
    """Take back this person's latest edit, wherever it stands."""
    seq = Review(person.vault).undo(session_id, person.name)
    return _stepped(_changed(request, desk, person, session_id, seq, since), seq)


@of_session.post("/redo", dependencies=[audited("line.edited", "edited a line of the session")])
def redo_latest(
    request: Request, desk: TheDesk, person: Person, session_id: str, since: Annotated[int | None, Form()] = None
) -> Response:
    """Do again what this person took back last."""
    seq = Review(person.vault).redo(session_id, person.name)
    return _stepped(_changed(request, desk, person, session_id, seq, since), seq)


@of_session.get("/edited", dependencies=[audited("lines.read", "read new lines of the session")])
def edited_lines(request: Request, person: Person, session_id: str, since: int = 0) -> Response:
    """Give the lines that were edited after the edit `since`, perhaps in another window."""
    last = person.vault.sessions.last_edit(session_id)  # before the lines: what comes in between is asked for again
    seqs = set(person.vault.sessions.edited_since(session_id, since))
    opened = open_lines(person, session_id, seqs)
    found = line_rows(opened, opened.lines, wall_clock_ms())
    answer = show_part(request, EditedLines(tuple(found), LastEdit(last)))
    answer.headers["HX-Trigger"] = "changed"
    return answer


def _form(request: Request, edit: LineEdit) -> Response:
    return show_part(request, edit) if _by_htmx(request) else show(request, LineEditPage(edit), here="session")


def _stepped(answer: Response, seq: int) -> Response:
    """Say where the line of a step belongs, which the page did not know before."""
    answer.headers.update({"HX-Retarget": f"#line-{seq}", "HX-Reswap": f"outerHTML show:#line-{seq}:bottom"})
    return answer


def _changed(  # noqa: PLR0913, PLR0917  who changed what, seen from where
    request: Request, desk: Desk, person: SignedIn, session_id: str, seq: int, since: int | None = None
) -> Response:
    """Give the line as it reads now. A page that has seen all but this change, up to `since`, has seen all with it."""
    desk.pipeline.changes.notify()
    if not _by_htmx(request):
        return RedirectResponse(f"/sessions/{session_id}#line-{seq}", 303)
    (opened, line), sessions = open_line(person, session_id, seq), person.vault.sessions
    seen = (
        since
        if since is None or set(sessions.edited_since(session_id, since)) - {seq}
        else max(opened.last_edit, since)
    )
    last = None if seen is None else LastEdit(seen)
    answer = show_part(request, ChangedLine(line_row(opened, line, wall_clock_ms()), last))
    answer.headers["HX-Trigger"] = "changed"
    return answer


def _row(person: SignedIn, session_id: str, seq: int) -> LineRow:
    opened, line = open_line(person, session_id, seq)
    return line_row(opened, line, wall_clock_ms())


def _by_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


router.include_router(of_line)
router.include_router(of_session)
