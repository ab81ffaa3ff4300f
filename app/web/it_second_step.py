"""Clinic IT's own second step: switch one-time codes on, and off again. Each change takes the passphrase."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.box.it_account import NotProven
from app.one_time_codes import in_groups, new_secret, qr_code
from app.web.audited import add_box_event, unaudited
from app.web.desk import Desk, TheDesk, show
from app.web.guessing import TooSoon
from app.web.it_signed_in import CLINIC_IT, It
from app.web.sign_ins import SignIn

router = APIRouter(prefix="/it/second-step")

ON = "From the next sign-in on the box asks for a code from your app."
OFF = "Switched off. The passphrase alone signs in."


@dataclass(frozen=True, slots=True)
class ItSecondStepPage:
    template: ClassVar[str] = "it_second_step.html"
    codes: bool
    qr: Markup = field(default=Markup(), repr=False)  # while codes are being switched on
    secret: str = field(default="", repr=False)
    said: str = ""
    problem: str = ""


class ConfirmForm(BaseModel):
    """What the page sends; passphrase and code in clear."""

    passphrase: str = Field(default="", repr=False)
    code: str = Field(default="", repr=False)


@router.get("", dependencies=[unaudited("shows whether codes are on, and nothing clinical")])
def second_step(request: Request, desk: TheDesk, it: It) -> Response:
    return _show(request, desk, it)


@router.post("/begin", dependencies=[unaudited("changes nothing until a code was shown")])
def begin(request: Request, desk: TheDesk, it: It) -> Response:
    """Show a fresh secret. Nothing is asked for until a code has shown that the app has it."""
    it.new_secret = new_secret()
    return _show(request, desk, it)


@router.post("/on", dependencies=[unaudited("adds its event itself: it is the box's")])
async def switch_on(request: Request, desk: TheDesk, it: It, form: Annotated[ConfirmForm, Form()]) -> Response:
    secret = it.new_secret
    if secret is None:
        return RedirectResponse("/it/second-step", 303)

    def change() -> None:
        desk.it_account.switch_codes_on(form.passphrase, secret, form.code, datetime.now(UTC))

    problem, status = await _changed(desk, change, "it.codes_on")
    if problem:
        return _show(request, desk, it, status=status, problem=problem)
    it.new_secret = None
    return _show(request, desk, it, said=ON)


@router.post("/off", dependencies=[unaudited("adds its event itself: it is the box's")])
async def switch_off(request: Request, desk: TheDesk, it: It, passphrase: Annotated[str, Form()] = "") -> Response:
    problem, status = await _changed(desk, lambda: desk.it_account.switch_codes_off(passphrase), "it.codes_off")
    return _show(request, desk, it, status=status, problem=problem, said="" if problem else OFF)


async def _changed(desk: Desk, change: Callable[[], None], action: str) -> tuple[str, int]:
    """What stood in the way, "" where nothing did. Guesses are slowed down as at the sign-in."""
    try:
        with desk.guesses.one(CLINIC_IT, known_browser=True) as guess:
            await anyio.to_thread.run_sync(change, limiter=desk.one_passphrase)
            guess.right = True
    except TooSoon as error:
        return str(error), 429
    except NotProven as error:
        return str(error), 422
    await anyio.to_thread.run_sync(add_box_event, desk, action)
    return "", 200


def _show(  # noqa: PLR0913  a page has that many sides
    request: Request, desk: Desk, it: SignIn, *, status: int = 200, said: str = "", problem: str = ""
) -> Response:
    secret = it.new_secret
    page = ItSecondStepPage(
        codes=desk.it_account.asks_for_code,
        qr=Markup(qr_code(secret, "Clinic IT")) if secret else Markup(),  # noqa: S704  drawn by us
        secret=in_groups(secret) if secret else "",
        said=said,
        problem=problem,
    )
    return show(request, page, here="it", status=status)
