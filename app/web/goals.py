"""The golden thread on the pages: link a sentence to a goal, and follow a goal through a client's sessions."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.golden_thread import ServingSession, Span, Thread, threads_of
from app.notes.goals import goals_of
from app.review.released_note import ReleasedNote, released_note
from app.vault.errors import NoSuchClient, NoSuchSession
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show, show_part
from app.web.notes import changed_note
from app.web.wording import clock, counted, day, time_of_day

router = APIRouter()


@dataclass(frozen=True, slots=True)
class SpanRow:
    address: str  # where it is heard; "" where there is no place
    at: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServingRow:
    session_id: str
    when: str
    draft: str  # "3 places in a draft"; "" for an approved session
    spans: tuple[SpanRow, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ThreadRow:
    goal: str = field(repr=False)
    stands: bool
    sessions: tuple[ServingRow, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GoldenThread:
    """The client's goals, each with the sessions that serve it."""

    template: ClassVar[str] = "_golden_thread.html"
    client_id: str
    threads: tuple[ThreadRow, ...] = field(repr=False)
    plan: tuple[str, ...] = field(repr=False)  # the goals as they stand


@dataclass(frozen=True, slots=True)
class ApprovedNote:
    """A session's approved note, to read on the client's page."""

    template: ClassVar[str] = "_approved_note.html"
    session_id: str
    note: ReleasedNote = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApprovedNotePage:
    template: ClassVar[str] = "approved_note.html"
    part: ApprovedNote


@router.post(
    "/sessions/{session_id}/note/sentences/{sentence_id}/goal",
    dependencies=[audited("goal.linked", "linked a sentence of the note to a goal, or took the link away")],
)
def link(  # noqa: PLR0913, PLR0917  a form's fields
    request: Request,
    desk: TheDesk,
    person: Person,
    session_id: str,
    sentence_id: int,
    goal: Annotated[str, Form()] = "",
    linked: Annotated[str, Form()] = "yes",
) -> Response:
    """Say whether the sentence serves the goal, which stands in the client's plan or is linked there already."""
    vault = person.vault
    if goal not in {*goals_of_session(vault, session_id), *vault.goals.of_session(session_id).get(sentence_id, ())}:
        raise NoSuchSession("This goal is not in the client's plan any more. Reload the page.")
    vault.goals.link(session_id, sentence_id, goal, person.name, linked=linked == "yes")
    return changed_note(request, desk, person, session_id)


@router.post(
    "/clients/{client_id}/goals/reworded",
    dependencies=[audited("goal.reworded", "moved what served one goal of the client to another", "client_id")],
)
def reword(
    person: Person, client_id: str, before: Annotated[str, Form()] = "", now: Annotated[str, Form()] = ""
) -> Response:
    """Let all that served an earlier goal serve one of the plan as it stands."""
    if now not in goals_of(person.vault.clients.get(client_id).details.goals):
        raise NoSuchClient("This goal is not in the client's plan any more. Reload the page.")
    person.vault.goals.reword(client_id, before, now, person.name)
    return RedirectResponse(f"/clients/{client_id}#goals", 303)


@router.get(
    "/sessions/{session_id}/note/approved", dependencies=[audited("note.read_approved", "read the approved note")]
)
def approved_note(request: Request, person: Person, session_id: str) -> Response:
    """Give the note as it left the review; nothing of a draft."""
    content = person.vault.sessions.content(session_id)
    note = released_note(content) if content.approval else None
    if note is None:
        raise NoSuchSession("There is no approved note.")
    part = ApprovedNote(session_id, note)
    if request.headers.get("hx-request") == "true":
        return show_part(request, part)
    return show(request, ApprovedNotePage(part), here="clients")


def goals_of_session(vault: Vault, session_id: str) -> tuple[str, ...]:
    """The goals of the client whose session it was."""
    client = vault.clients.client_of(session_id)
    return goals_of(client.details.goals) if client else ()


def golden_thread(vault: Vault, client_id: str) -> GoldenThread:
    threads, now_ms = threads_of(vault, client_id), wall_clock_ms()
    plan = tuple(one.goal for one in threads if one.stands)
    return GoldenThread(client_id, tuple(_thread(one, now_ms) for one in threads), plan)


def _thread(thread: Thread, now_ms: int) -> ThreadRow:
    return ThreadRow(thread.goal, thread.stands, tuple(_serving(one, now_ms) for one in thread.sessions))


def _serving(session: ServingSession, now_ms: int) -> ServingRow:
    when = f"{day(session.started_at_ms, now_ms)}, {time_of_day(session.started_at_ms)}"
    draft = "" if session.approved else f"{counted(len(session.spans), 'place')} in a draft"
    spans = tuple(_span(session.session_id, one) for one in session.spans) if session.approved else ()
    return ServingRow(session.session_id, when, draft, spans)


def _span(session_id: str, span: Span) -> SpanRow:
    if span.line is None:
        return SpanRow("", "", span.text)
    return SpanRow(f"/sessions/{session_id}?hear={span.line}#line-{span.line}", clock(span.start_ms), span.text)
