"""Erasing the last minutes of the session under way, in two steps, and what the client can be given for it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.domain import ErasedEnd
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, box_for, show
from app.web.opened import find_row
from app.web.problems import problem
from app.web.wording import clock, counted, length, moment

router = APIRouter()

MINUTES = (1, 5, 10)
RECORDER_ANSWERS_WITHIN_S = 8.0
LOOK_EVERY_S = 0.1
NOT_NOW = (
    "This session is not being recorded any more, so its end cannot be erased. Withdraw the session to erase all of it."
)


@dataclass(frozen=True, slots=True)
class EraseEndPage:
    """The second step: how much."""

    template: ClassVar[str] = "erase_end.html"
    session_id: str
    choices: tuple[int, ...] = MINUTES


@dataclass(frozen=True, slots=True)
class ErasedPart:
    """One line of the receipt."""

    when: str
    what: str
    clock_trusted: bool


@dataclass(frozen=True, slots=True)
class ErasedPage:
    template: ClassVar[str] = "erased_end.html"
    session_id: str
    parts: tuple[ErasedPart, ...]


@router.get("/sessions/{session_id}/erase-end", dependencies=[audited("session.viewed", "looked at erasing its end")])
def erase_end_form(request: Request, desk: TheDesk, person: Person, session_id: str) -> Response:
    find_row(person, session_id)
    if not _can_be_erased(desk, person, session_id):
        return problem(request, 409, NOT_NOW)
    return show(request, EraseEndPage(session_id), here="session")


@router.post(
    "/sessions/{session_id}/erase-end", dependencies=[audited("session.end_erased", "erased the last minutes")]
)
async def erase_end(
    request: Request, desk: TheDesk, person: Person, session_id: str, minutes: Annotated[int, Form()] = 0
) -> Response:
    """Go off the record and erase; the answer comes when sound and words are gone."""
    if minutes not in MINUTES:
        return problem(request, 409, "Nothing was erased. Go back and choose how many minutes.")
    before = len(await anyio.to_thread.run_sync(_known, person, session_id))
    if not _can_be_erased(desk, person, session_id):
        return problem(request, 409, NOT_NOW)
    sound_before = _erased_samples(desk)
    await desk.recorder.erase_end(session_id, minutes)
    if await _is_gone(desk, person, session_id, before, sound_before):
        return RedirectResponse(f"/sessions/{session_id}/erased", 303)
    sentence = "The box has not said yet that it erased anything. Perhaps there was nothing; look at its light."
    return problem(request, 409, sentence)


@router.get("/sessions/{session_id}/erased", dependencies=[audited("receipt.read", "read what was erased")])
def erased(request: Request, person: Person, session_id: str) -> Response:
    return show(request, erased_page(session_id, _known(person, session_id)), here="session")


def erased_page(session_id: str, ends: list[ErasedEnd]) -> ErasedPage:
    """Say what was erased, and nothing of what was said. Pure."""
    return ErasedPage(session_id, tuple(_part(end) for end in ends))


def _part(end: ErasedEnd) -> ErasedPart:
    amount = length(end.to_ms - end.from_ms)
    hung_on_it = f"{counted(end.words, 'word')} and {counted(end.edits, 'correction')} around it"
    return ErasedPart(
        when=moment(end.asked_at_ms) if end.asked_at_ms else "at a time that the box did not know",
        what=f"{amount} of sound, from {clock(end.from_ms)} to {clock(end.to_ms)} of the session; {hung_on_it}",
        clock_trusted=end.clock_trusted,
    )


def _known(person: SignedIn, session_id: str) -> list[ErasedEnd]:
    find_row(person, session_id)
    return person.vault.erasures.ends(session_id)


def _can_be_erased(desk: Desk, person: SignedIn, session_id: str) -> bool:
    box = box_for(desk, person)
    return "erase" in box.controls and box.session_id == session_id


def _erased_samples(desk: Desk) -> int:
    return desk.recorder.status.erased_samples if desk.recorder.status else 0


async def _is_gone(desk: Desk, person: SignedIn, session_id: str, parts: int, sound: int) -> bool:
    """Sound and words within the time that people wait; or the sound, and the words as soon as their turn comes."""
    with anyio.move_on_after(RECORDER_ANSWERS_WITHIN_S):
        while True:
            if len(await anyio.to_thread.run_sync(_known, person, session_id)) > parts:
                return True
            await anyio.sleep(LOOK_EVERY_S)
    return _erased_samples(desk) > sound
