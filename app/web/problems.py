"""What a person reads when something did not work: what happened, what it means, what to do. Never a traceback."""

import re
from dataclasses import dataclass
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.errors import TacetError
from app.vault.errors import (
    NoSuchAppointment,
    NoSuchClient,
    NoSuchConsent,
    NoSuchNumber,
    NoSuchSession,
    VaultDamaged,
    VaultFailed,
    VaultFull,
    VaultLocked,
)
from app.web.desk import NotSignedIn, RecoveryCodePending, show, show_part, visitor
from firmware.tape import TapeErased

WAYS_ON = (
    ("/clients", "/clients", "Go to the clients"),
    ("/consent", "/clients", "Go to the clients"),
    ("/week", "/week", "Go to the week"),
    ("/appointments", "/week", "Go to the week"),
)
SESSION_PATH = re.compile(r"/sessions/[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A page of its own, for a request that asked for one."""

    template: ClassVar[str] = "problem.html"
    title: str
    sentence: str
    way_on: str
    way_on_label: str
    reference: str = ""  # finds the line in the box's log


@dataclass(frozen=True, slots=True)
class Notice:
    """The same within a page that stays as it is."""

    template: ClassVar[str] = "_notice.html"
    sentence: str


WORDS = {
    400: ("That could not be read", "Something in the request was missing or not as expected. Go back and try again."),
    403: ("Refused", "The request came from outside this box's own page. Open the page itself and try again."),
    404: ("Nothing is here", "The address may be mistyped, or what stood here was erased."),
    405: ("That does not work here", "This address answers another kind of request. Go back and try again."),
    409: ("Not possible just now", "It does not fit what stands here at present."),
    413: ("Too long", "The text is longer than the box takes at once. Make it shorter and try again."),
    416: ("Nothing to hear there", "The recording does not reach as far as that."),
    500: ("Something went wrong in the box", "What was saved before is safe. Go back and try again."),
}


def problem(request: Request, status: int, sentence: str = "", reference: str = "") -> Response:
    """Answer in the form that was asked for: JSON, a fragment or a page."""
    title, plain = WORDS.get(status, WORDS[500 if status >= 500 else 400])  # noqa: PLR2004  HTTP's own classes
    sentence = sentence or plain
    if request.url.path.endswith(".json"):
        return JSONResponse({"problem": sentence}, status)
    if request.headers.get("hx-request") == "true":
        part = show_part(request, Notice(sentence), status=status)
        part.headers.update({"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"})
        return part
    return show(request, ProblemPage(title, sentence, *_way_on(request, status), reference), status=status)


def _way_on(request: Request, status: int) -> tuple[str, str]:
    """Give where to go from here, and its name: no page is a dead end."""
    if visitor(request, touch=False) is None:
        return "/", "Go to the first page"
    session = SESSION_PATH.match(request.url.path)
    if session and status != 404:  # noqa: PLR2004  HTTP's own
        return session.group(), "Back to the session"
    for start, where, label in WAYS_ON:
        if request.url.path.startswith(start):
            return where, label
    return "/today", "Go to Today"


def refusal(request: Request, status: int, reference: str) -> Response:
    return problem(request, status, reference=reference)


def answer_problems(app: FastAPI) -> None:
    """Register the answers to everything that routes raise on purpose."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(TacetError, _told)
    app.add_exception_handler(TapeErased, _erased)
    app.add_exception_handler(NotSignedIn, _sign_in_first)
    app.add_exception_handler(VaultLocked, _sign_in_first)
    app.add_exception_handler(RecoveryCodePending, _recovery_code_first)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = problem(request, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _unreadable(request: Request, _error: Exception) -> Response:
    return problem(request, 400)


def _told(request: Request, error: Exception) -> Response:
    match error:
        case NoSuchSession() | NoSuchClient() | NoSuchAppointment() | NoSuchConsent() | NoSuchNumber():
            return problem(request, 404)
        case VaultDamaged() | VaultFailed() | VaultFull():
            return problem(request, 500, str(error))
        case _:
            return problem(request, 409, str(error))


def _erased(request: Request, _error: Exception) -> Response:
    return problem(request, 404)


def _sign_in_first(request: Request, _error: Exception) -> Response:
    if request.url.path.endswith(".json"):
        return JSONResponse({"problem": "Nobody is signed in. Sign in first."}, 401)
    return _go(request, "/signin?why=over" if request.cookies else "/signin")


def _recovery_code_first(request: Request, _error: Exception) -> Response:
    return _go(request, "/setup/recovery-code")


def _go(request: Request, where: str) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(headers={"HX-Redirect": where})
    return RedirectResponse(where, 303)
