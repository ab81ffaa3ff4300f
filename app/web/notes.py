"""The note beside the transcript: read it, hear its sources, change it, put one's name under what is flagged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.notes.goals import goals_of
from app.noting import Noting, OpenNote, note_of
from app.vault.errors import NoSuchSentence
from app.vault.note_rows import reads
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show, show_part
from app.web.note_view import Goals, NotePage, NotePanel, SentenceRow, note_panel
from app.web.opened import open_session
from app.web.review_panel import DUTY_FACTS
from app.web.wording import clock, counted

DUTY_FACTS["summary"] = lambda vault, session_id: _written(vault, session_id, judged=False)
DUTY_FACTS["judgement"] = lambda vault, session_id: _written(vault, session_id, judged=True)
router = APIRouter(prefix="/sessions/{session_id}")
Lines = Annotated[list[int], Form()]


@dataclass(frozen=True, slots=True)
class SentenceEdit:
    """The form that changes a sentence."""

    template: ClassVar[str] = "_note_edit.html"
    row: SentenceRow


@dataclass(frozen=True, slots=True)
class Choice:
    """A line that a sentence may rest on."""

    seq: int
    at: str
    text: str = field(repr=False)
    chosen: bool


@dataclass(frozen=True, slots=True)
class SourceEdit:
    """The form that links a sentence to lines of the transcript."""

    template: ClassVar[str] = "_note_source.html"
    row: SentenceRow
    choices: tuple[Choice, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Insert:
    """The form that takes words of the transcript into the note."""

    template: ClassVar[str] = "_note_insert.html"
    session_id: str
    seq: int
    at: str
    text: str = field(repr=False)
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteFormPage:
    """One of these forms on a page of its own, for a browser without htmx."""

    template: ClassVar[str] = "note_form.html"
    session_id: str
    title: str
    form: SentenceEdit | SourceEdit | Insert


@router.get("/note", dependencies=[audited("note.opened", "opened the note")])
def note(request: Request, desk: TheDesk, person: Person, session_id: str) -> Response:
    """Give the note as it stands."""
    return _shown(request, _panel(desk, person, session_id))


@router.post("/note/draft", dependencies=[audited("note.drafted", "had the note drafted again")])
def draft(
    request: Request, desk: TheDesk, person: Person, session_id: str, note_format: Annotated[str, Form()]
) -> Response:
    """Draft anew in the chosen format."""
    _noting(desk, person).draft_again(session_id, note_format, person.name)
    return changed_note(request, desk, person, session_id)


@router.post("/note/sentences", dependencies=[audited("note.written", "wrote in the note")])
def write(  # noqa: PLR0913, PLR0917  a form's fields
    request: Request,
    desk: TheDesk,
    person: Person,
    session_id: str,
    heading: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    line: Lines = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """Keep a sentence of the person's own, with the lines it rests on if they name any."""
    _noting(desk, person).write(session_id, heading, text, line, person.name)
    return changed_note(request, desk, person, session_id)


@router.get("/note/sentences/{sentence_id}/edit", dependencies=[audited("note.read", "read a sentence of the note")])
def edit_form(request: Request, desk: TheDesk, person: Person, session_id: str, sentence_id: int) -> Response:
    form = SentenceEdit(_find(_panel(desk, person, session_id), sentence_id))
    return _form(request, session_id, "Change a sentence", form)


@router.post("/note/sentences/{sentence_id}/edit", dependencies=[audited("note.changed", "changed the note")])
def edit(  # noqa: PLR0913, PLR0917  a form's fields
    request: Request,
    desk: TheDesk,
    person: Person,
    session_id: str,
    sentence_id: int,
    text: Annotated[str, Form()] = "",
) -> Response:
    """Keep a person's words for this sentence; none at all take it out."""
    _noting(desk, person).edit(session_id, sentence_id, text, person.name)
    return changed_note(request, desk, person, session_id)


@router.post("/note/sentences/{sentence_id}/restore", dependencies=[audited("note.restored", "put a sentence back")])
def restore(request: Request, desk: TheDesk, person: Person, session_id: str, sentence_id: int) -> Response:
    """Let the sentence say again what was first written."""
    _noting(desk, person).put_back(session_id, sentence_id, person.name)
    return changed_note(request, desk, person, session_id)


@router.post(
    "/note/sentences/{sentence_id}/accept", dependencies=[audited("note.accepted", "accepted a flagged sentence")]
)
def accept(request: Request, desk: TheDesk, person: Person, session_id: str, sentence_id: int) -> Response:
    """Put the person's name under a flagged sentence as it is."""
    _noting(desk, person).accept(session_id, sentence_id, person.name)
    return changed_note(request, desk, person, session_id)


@router.get("/note/sentences/{sentence_id}/source", dependencies=[audited("note.lines", "chose a sentence's source")])
def source_form(request: Request, desk: TheDesk, person: Person, session_id: str, sentence_id: int) -> Response:
    opened = _open(desk, person, session_id)
    row = _find(_panel(desk, person, session_id), sentence_id)
    chosen = {source.seq for source in row.sources}
    choices = tuple(
        Choice(one.position, clock(round(one.start_s * 1000)), one.text, one.position in chosen)
        for one in opened.transcript.utterances
    )
    return _form(request, session_id, "Link a sentence to its source", SourceEdit(row, choices))


@router.post("/note/sentences/{sentence_id}/source", dependencies=[audited("note.sourced", "linked a source")])
def source(  # noqa: PLR0913, PLR0917  a form's fields
    request: Request,
    desk: TheDesk,
    person: Person,
    session_id: str,
    sentence_id: int,
    line: Lines = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """Let the sentence rest on these lines."""
    _noting(desk, person).source(session_id, sentence_id, line, person.name)
    return changed_note(request, desk, person, session_id)


@router.get("/lines/{seq}/note", dependencies=[audited("note.line", "took a line towards the note")])
def insert_form(request: Request, desk: TheDesk, person: Person, session_id: str, seq: int) -> Response:
    """Give the form that takes this line, or what is selected in it, into the note."""
    opened = _open(desk, person, session_id)
    said = opened.transcript.at([seq])
    if not said:
        raise NoSuchSentence("This line is not in the transcript any more. Reload the page.")
    headings = tuple(heading.name for heading in opened.note.headings)
    form = Insert(session_id, seq, clock(round(said[0].start_s * 1000)), said[0].text, headings)
    return _form(request, session_id, "Take a line into the note", form)


def _written(vault: Vault, session_id: str, *, judged: bool) -> str:
    """How much stands in the key points, or where the therapist alone writes; "" while there is no note."""
    note = vault.notes.note(session_id)
    if note is None:
        return ""
    headings = {one.name for one in note.headings if one.judgement} if judged else {""}
    count = sum(one.heading in headings and reads(one)[0] is not None for one in note.sentences)
    return f"{counted(count, 'sentence')} of yours." if judged else f"{counted(count, 'key point')}."


def _noting(desk: Desk, person: SignedIn) -> Noting:
    return Noting(person.vault, desk.drafting)


def _open(desk: Desk, person: SignedIn, session_id: str) -> OpenNote:
    opened = _noting(desk, person).open(session_id)
    if opened is None:
        raise NoSuchSentence("There is no note yet. It is drafted when all of the session is written down.")
    return opened


def _panel(desk: Desk, person: SignedIn, session_id: str) -> NotePanel:
    version = person.vault.notes.version(session_id)  # before the rest: what comes in between is shown once more
    session = open_session(person, session_id)
    return note_panel(
        session_id,
        note_of(session.content),
        desk.drafting.formats,
        editable=session.editable,
        models=session.models,
        version=version,
        now_ms=wall_clock_ms(),
        goals=_goals(person, session_id),
    )


def _goals(person: SignedIn, session_id: str) -> Goals:
    client = person.vault.clients.client_of(session_id)
    plan = goals_of(client.details.goals) if client else ()
    return Goals(plan, person.vault.goals.of_session(session_id))


def _rows(panel: NotePanel) -> Iterator[SentenceRow]:
    return (row for heading in panel.headings for row in heading.sentences)


def _find(panel: NotePanel, sentence_id: int) -> SentenceRow:
    for row in _rows(panel):
        if row.sentence_id == sentence_id:
            return row
    raise NoSuchSentence("This sentence is not in the note any more. Reload the page.")


def changed_note(request: Request, desk: Desk, person: SignedIn, session_id: str) -> Response:
    """Answer a change of the note: the panel as it stands for htmx, else the way to it."""
    desk.pipeline.changes.notify()
    if not _by_htmx(request):
        return RedirectResponse(f"/sessions/{session_id}/note", 303)
    answer = _shown(request, _panel(desk, person, session_id))
    answer.headers["HX-Trigger"] = "changed"
    return answer


def _shown(request: Request, panel: NotePanel) -> Response:
    return show_part(request, panel) if _by_htmx(request) else show(request, NotePage(panel), here="session")


def _form(request: Request, session_id: str, title: str, form: SentenceEdit | SourceEdit | Insert) -> Response:
    if _by_htmx(request):
        return show_part(request, form)
    return show(request, NoteFormPage(session_id, title, form), here="session")


def _by_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
