"""Working through the queue of doubtful places: what was heard, and what was found right."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show_part
from app.web.opened import find_row, open_session
from app.web.problems import problem
from app.web.review_panel import review_panel

MAX_SPANS = 200  # a page that was away tells of what it played meanwhile

router = APIRouter(prefix="/sessions/{session_id}")


@router.post("/heard", dependencies=[audited("audio.listened", "listened to the session")])
def heard(request: Request, person: Person, session_id: str, spans: Annotated[str, Form()] = "") -> Response:
    """Keep what was listened to: "START-END,START-END" in milliseconds of the recording."""
    duration_ms = find_row(person, session_id).duration_ms
    try:
        pairs = [tuple(map(int, span.split("-", 1))) for span in spans.split(",") if span]
        found = [(max(0, start), min(end, duration_ms)) for start, end in pairs]
    except ValueError:
        return problem(request, 400)
    if len(found) > MAX_SPANS:
        return problem(request, 413)
    person.vault.reviews.add_heard(session_id, [span for span in found if span[0] < span[1]], person.name)
    return Response(status_code=204)


@router.post("/places/{seq}/{start_ms}/right", dependencies=[audited("place.right", "found a doubtful place right")])
def right(request: Request, desk: TheDesk, person: Person, session_id: str, seq: int, start_ms: int) -> Response:  # noqa: PLR0913, PLR0917  the place has two numbers
    """Keep that this place says what was said."""
    person.vault.reviews.accept(session_id, seq, start_ms, person.name)
    return _panel(request, desk, person, session_id)


@router.post("/places/{seq}/{start_ms}/open", dependencies=[audited("place.opened", "opened a doubtful place again")])
def open_again(request: Request, desk: TheDesk, person: Person, session_id: str, seq: int, start_ms: int) -> Response:  # noqa: PLR0913, PLR0917  same
    person.vault.reviews.take_back_acceptance(session_id, seq, start_ms)
    return _panel(request, desk, person, session_id)


def _panel(request: Request, desk: Desk, person: SignedIn, session_id: str) -> Response:
    if request.headers.get("hx-request") != "true":
        return RedirectResponse(f"/sessions/{session_id}#review", 303)
    return show_part(request, review_panel(desk, person, open_session(person, session_id)))
