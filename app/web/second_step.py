"""The second step of a sign-in: a one-time code, a passkey, or the recovery code where both are out of reach."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.audit.chain import BOX
from app.one_time_codes import step_of
from app.passkeys import PasskeyRefused, Site, ask_for_proof, prove
from app.vault.second_step import SecondStep
from app.vault.vault import Vault
from app.web.audited import add_box_event, unaudited
from app.web.desk import Desk, TheDesk, show
from app.web.guessing import TooSoon
from app.web.half_way import COOKIE, HalfWay
from app.web.hosts import host_of
from app.web.known_browsers import known_cookie
from app.web.signin import welcome

router = APIRouter(prefix="/signin/second")

# Of what is asked for now, to what is asked for from the next sign-in on; None where nothing was proven.
Proof = Callable[[HalfWay, SecondStep], SecondStep | None]

NOT_THAT_CODE = "That code does not fit, or was used. Wait for the next one in your app. The box says it is {clock}."
NOT_THAT_PASSKEY = "The passkey did not answer, or is not one of this account. Try again, or use another way below."
NOT_THAT_RECOVERY = "That is not the recovery code of this account. Look at the paper from the day you set it up."
OVER = "/signin?why=half-way"


@dataclass(frozen=True, slots=True)
class SecondStepPage:
    template: ClassVar[str] = "second_step.html"
    name: str
    codes: bool
    question: str = field(repr=False)  # for a passkey, JSON; "" where none can answer here
    elsewhere: str  # the host under which a passkey would answer, "" where it does here
    damaged: bool = False
    problem: str = ""


@router.get("", dependencies=[unaudited("asks for the second step; nobody is signed in before")])
def ask(request: Request, desk: TheDesk) -> Response:
    half = desk.half_ways.find(request.cookies.get(COOKIE))
    return _show(request, half) if half else RedirectResponse(OVER, 303)


@router.post("", dependencies=[unaudited("adds its events itself: nobody is signed in before")])
async def give_code(request: Request, desk: TheDesk, code: Annotated[str, Form()] = "") -> Response:
    def proven(_: HalfWay, asked: SecondStep) -> SecondStep | None:
        step = step_of(asked.secret, code, datetime.now(UTC), asked.last_step) if asked.secret else None
        return None if step is None else asked.model_copy(update={"last_step": step})

    clock = datetime.now().astimezone()
    return await _finish(request, desk, proven, NOT_THAT_CODE.format(clock=f"{clock:%H:%M}"))


@router.post("/passkey", dependencies=[unaudited("adds its events itself: nobody is signed in before")])
async def give_passkey(request: Request, desk: TheDesk, answer: Annotated[str, Form()] = "") -> Response:
    def proven(half: HalfWay, asked: SecondStep) -> SecondStep | None:
        question, half.question = half.question, None  # answered once
        if question is None:
            return None
        try:
            passkey = prove(site_of(request), question, answer, asked.passkeys)
        except PasskeyRefused:
            return None
        return asked.with_proven(passkey)

    return await _finish(request, desk, proven, NOT_THAT_PASSKEY)


@router.post("/recovery", dependencies=[unaudited("adds its events itself: nobody is signed in before")])
async def give_recovery_code(request: Request, desk: TheDesk, code: Annotated[str, Form()] = "") -> Response:
    """The paper stands for what was lost: nothing is asked for any more until it is set up anew."""

    def proven(half: HalfWay, _: SecondStep) -> SecondStep | None:
        return SecondStep() if half.proven.has_recovery_code(code) else None

    return await _finish(request, desk, proven, NOT_THAT_RECOVERY, "second_step.recovered")


async def _finish(
    request: Request, desk: Desk, proven: Proof, problem: str, action: str = "person.signed_in"
) -> Response:
    """Open the vault where the second step is proven; wrong tries are counted, and few."""
    token = request.cookies.get(COOKIE)
    half = desk.half_ways.find(token)
    if half is None:
        return RedirectResponse(OVER, 303)
    vault_id = half.proven.vault_id
    account = f"{vault_id} second step"
    known_browser = desk.known_browsers.knows(vault_id, request.cookies.get(known_cookie(vault_id)))
    try:
        with desk.guesses.one(account, known_browser=known_browser) as guess:
            half.tries += 1
            vault = await anyio.to_thread.run_sync(_open_if_proven, desk, half, proven)
            guess.right = vault is not None
    except TooSoon as error:
        return _show(request, half, str(error), status=429)
    if vault is None:
        await anyio.to_thread.run_sync(add_box_event, desk, "second_step.refused", BOX, vault_id)
        return _show(request, half, problem, status=422) if desk.half_ways.find(token) else RedirectResponse(OVER, 303)
    desk.half_ways.end(token)
    answer, _ = await welcome(desk, vault, "/today", action)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer


def _open_if_proven(desk: Desk, half: HalfWay, proven: Proof) -> Vault | None:
    with desk.half_ways.one_proof:
        asked = proven(half, half.proven.second_step())
        if asked is None:
            return None
        vault = desk.vaults.open(half.proven)
        vault.keep_second_step(asked)
        return vault


def site_of(request: Request) -> Site:
    """Under which name this browser has opened the page; the Host was allowed before."""
    header = request.headers["host"]
    return Site(host_of(header) or "", f"https://{header}")


def _show(request: Request, half: HalfWay, problem: str = "", *, status: int = 200) -> Response:
    asked, site, question = half.proven.second_step(), site_of(request), ""
    hosts = {one.host for one in asked.passkeys}
    if site.host in hosts and site.can_have_passkeys:
        question, half.question = ask_for_proof(site, asked.passkeys)
    elsewhere = "" if question or not hosts else min(hosts)
    page = SecondStepPage(
        half.proven.stored.name, asked.secret is not None, question, elsewhere, asked.damaged, problem
    )
    return show(request, page, status=status)
