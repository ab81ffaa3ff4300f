"""A therapist puts their name under a transcript, or takes it back."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.review import Review
from app.web.audited import audited
from app.web.desk import Person
from app.web.opened import find_row
from app.web.problems import problem

OPEN_LINES = (
    "Somebody has words in an open line that are neither kept nor left yet. Open that line, keep them or leave them, "
    "then approve."
)

router = APIRouter(prefix="/sessions/{session_id}")


@router.post("/approve", dependencies=[audited("session.approved", "approved the session")])
def approve(
    request: Request,
    person: Person,
    session_id: str,
    attested: Annotated[str, Form()] = "",
    hearing: Annotated[int | None, Form()] = None,
) -> Response:
    find_row(person, session_id)
    if attested != "yes":
        return problem(request, 409, "To approve, first tick the sentence that you put your name under.")
    if person.vault.reviews.unkept(session_id):
        return problem(request, 409, OPEN_LINES)
    Review(person.vault).approve(session_id, person.name, hearing=hearing)
    return RedirectResponse(f"/sessions/{session_id}", 303)


@router.post("/unapprove", dependencies=[audited("session.unapproved", "took the approval of the session back")])
def unapprove(person: Person, session_id: str) -> Response:
    find_row(person, session_id)
    Review(person.vault).unapprove(session_id, person.name)
    return RedirectResponse(f"/sessions/{session_id}", 303)


@router.post("/addenda", dependencies=[audited("addendum.added", "added to the approved session")])
def add(person: Person, session_id: str, text: Annotated[str, Form()] = "") -> Response:
    """Say something about an approved session later; the approval stands."""
    find_row(person, session_id)
    Review(person.vault).add(session_id, text, person.name)
    return RedirectResponse(f"/sessions/{session_id}#review", 303)
