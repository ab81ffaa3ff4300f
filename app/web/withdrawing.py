"""Withdrawing a session from the page, in two steps, and the receipt that the client can be given."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.domain import Receipt
from app.vault.errors import NoSuchSession
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show
from app.web.opened import find_row
from app.web.problems import problem
from app.web.wording import counted, day, length, moment, time_of_day
from app.withdrawal import StillRecording
from firmware.tape import AskedBy

router = APIRouter()

RECORDER_ANSWERS_WITHIN_S = 8.0
LOOK_EVERY_S = 0.1

_WITHDRAWN = "Consent to the recording was withdrawn, and the recording was erased from this box."
_REASONS: dict[str, tuple[str, str, str]] = {
    AskedBy.BUTTON: ("Withdrawn", ", with the button on the box", _WITHDRAWN),
    AskedBy.PAGE: ("Withdrawn", ", on the box's page", _WITHDRAWN),
    AskedBy.RETENTION: (
        "Due",
        "",
        "The time that this session is kept was over, so the box erased all of it, as the practice has set it.",
    ),
    AskedBy.CLIENT: (
        "Asked for",
        ", on the box's page",
        "All that was held about the client was erased on request, and this session with it.",
    ),
}


@dataclass(frozen=True, slots=True)
class WithdrawPage:
    """The second step: what is going to be erased."""

    template: ClassVar[str] = "withdraw.html"
    session_id: str
    began: str
    facts: str
    live: bool


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    template: ClassVar[str] = "receipt.html"
    number: str
    why: str
    beginning: str  # the word for what began it
    asked: str  # when, and how
    clock_trusted: bool
    erased: str
    amounts: tuple[str, ...]


@router.get(
    "/sessions/{session_id}/withdraw",
    dependencies=[audited("session.viewed", "looked at what withdrawing would erase")],
)
def withdraw_form(request: Request, desk: TheDesk, person: Person, session_id: str) -> Response:
    if person.vault.erasures.receipt(session_id):
        return _to_receipt(session_id)
    row = find_row(person, session_id)
    page = WithdrawPage(
        session_id=session_id,
        began=f"{day(row.head.started_at_ms, wall_clock_ms())}, {time_of_day(row.head.started_at_ms)}",
        facts=f"{length(row.duration_ms)} of sound, {counted(row.words, 'word')}",
        live=_is_live(desk, session_id),
    )
    return show(request, page, here="session")


@router.post("/sessions/{session_id}/withdraw", dependencies=[audited("session.withdrawn", "withdrew the session")])
async def withdraw(
    request: Request, desk: TheDesk, person: Person, session_id: str, confirmed: Annotated[str, Form()] = ""
) -> Response:
    """Erase; the answer comes when nothing is left, with the receipt."""
    if confirmed != "yes":
        return problem(
            request, 409, "Nothing was erased. To erase the session, first tick the sentence above the button."
        )
    try:
        await anyio.to_thread.run_sync(desk.withdrawals.withdraw, person.vault, session_id)
    except StillRecording:
        await desk.recorder.withdraw(session_id)
        if not await _receipt_came(person, session_id):
            sentence = (
                "The box has not answered yet. If its light does not turn green, hold its button for six seconds."
            )
            return problem(request, 409, sentence)
    return _to_receipt(session_id)


@router.get("/receipts/{session_id}", dependencies=[audited("receipt.read", "read a receipt")])
def receipt(request: Request, person: Person, session_id: str) -> Response:
    kept = person.vault.erasures.receipt(session_id)
    if kept is None:
        raise NoSuchSession("There is no receipt here.")
    return show(request, receipt_page(kept), here="session")


def receipt_page(kept: Receipt) -> ReceiptPage:
    """Say what was erased, and nothing of what was said. Pure."""
    beginning, by, why = _REASONS.get(kept.asked_by, _REASONS[AskedBy.PAGE])
    amounts = (
        f"{length(kept.duration_ms)} of sound",
        f"{counted(kept.words, 'word')} that the box had written down",
        counted(kept.edits, "correction"),
        "the keys that could open any of it",
    )
    return ReceiptPage(
        number=f"{kept.session_id[:8]} {kept.session_id[8:16]} {kept.session_id[16:24]} {kept.session_id[24:]}",
        why=why,
        beginning=beginning,
        asked=f"{moment(kept.asked_at_ms)}{by}",
        clock_trusted=kept.clock_trusted,
        erased=moment(kept.erased_at_ms),
        amounts=amounts,
    )


def _is_live(desk: Desk, session_id: str) -> bool:
    status = desk.recorder.status
    return status is not None and status.session_id == session_id


async def _receipt_came(person: SignedIn, session_id: str) -> bool:
    with anyio.move_on_after(RECORDER_ANSWERS_WITHIN_S):
        while True:
            if await anyio.to_thread.run_sync(person.vault.erasures.receipt, session_id):
                return True
            await anyio.sleep(LOOK_EVERY_S)
    return False


def _to_receipt(session_id: str) -> Response:
    return RedirectResponse(f"/receipts/{session_id}", 303)
