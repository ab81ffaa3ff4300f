"""One's own second step: switch on one-time codes, add passkeys, take them away again. Each takes the passphrase."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from app.one_time_codes import in_groups, new_secret, qr_code, step_of
from app.passkeys import NAME_LIMIT, PasskeyRefused, ask_for_new, take_new
from app.vault.errors import WrongPassphrase
from app.vault.second_step import SecondStep
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show
from app.web.guessing import TooSoon
from app.web.second_step import site_of

router = APIRouter(prefix="/account/second-step")

CODES_ON = "From the next sign-in on the box asks for a code from your app."
CODES_WRONG = "That code does not fit. Wait for the next one in your app and type that; the box says it is {clock}."
PASSKEY_KEPT = "The passkey is kept. From the next sign-in on the box asks for it."
PASSKEY_WRONG = "What the browser answered did not fit, so nothing was kept. Try again."
GONE = "Taken away. What is left is shown below."
NOT_THE_OWNER = "That is not your passphrase, so nothing was changed."


@dataclass(frozen=True, slots=True)
class KnownPasskey:
    credential_id: str  # hex
    name: str
    host: str


@dataclass(frozen=True, slots=True)
class OwnSecondStepPage:
    template: ClassVar[str] = "own_second_step.html"
    codes: bool
    passkeys: tuple[KnownPasskey, ...]
    host: str  # under which the page is open
    can_have_passkeys: bool
    question: str = field(default="", repr=False)  # while a passkey is being made, JSON
    qr: Markup = field(default=Markup(), repr=False)  # while codes are being switched on
    secret: str = field(default="", repr=False)
    said: str = ""
    code_problem: str = ""
    passkey_problem: str = ""
    passphrase_problem: str = ""


@router.get("", dependencies=[audited("second_step.opened", "looked at the second step of the sign-in")])
def own_second_step(request: Request, person: Person) -> Response:
    return _show(request, person)


@router.post("/codes", dependencies=[audited("second_step.codes_asked", "asked for one-time codes")])
async def begin_codes(
    request: Request, desk: TheDesk, person: Person, passphrase: Annotated[str, Form()] = ""
) -> Response:
    """Show a fresh secret; nothing changes until a code has shown that the app has it."""
    if refused := await _refused(request, desk, person, passphrase):
        return refused
    person.sign_in.new_secret = new_secret()
    return _show(request, person)


@router.post("/codes/confirm", dependencies=[audited("second_step.codes_on", "switched one-time codes on")])
def confirm_codes(request: Request, desk: TheDesk, person: Person, code: Annotated[str, Form()] = "") -> Response:
    secret = person.sign_in.new_secret
    if secret is None:
        return RedirectResponse("/account/second-step", 303)
    step = step_of(secret, code, datetime.now(UTC))
    if step is None:
        clock = datetime.now().astimezone()
        return _show(request, person, status=422, code_problem=CODES_WRONG.format(clock=f"{clock:%H:%M}"))
    _change(desk, person, lambda kept: SecondStep(secret=secret, last_step=step, passkeys=kept.passkeys))
    person.sign_in.new_secret = None
    return _show(request, person, said=CODES_ON)


@router.post("/passkeys/begin", dependencies=[audited("second_step.passkey_asked", "asked for a passkey")])
async def begin_passkey(
    request: Request, desk: TheDesk, person: Person, passphrase: Annotated[str, Form()] = ""
) -> Response:
    """Put the question with which the browser makes one, to whoever knows the passphrase."""
    if refused := await _refused(request, desk, person, passphrase):
        return refused
    return await anyio.to_thread.run_sync(_ask_for_passkey, request, person)


def _ask_for_passkey(request: Request, person: SignedIn) -> Response:
    site, owner = site_of(request), bytes.fromhex(person.vault.account.vault_id)
    if not site.can_have_passkeys:
        return _show(request, person)
    known = person.vault.second_step().passkeys
    question, person.sign_in.question = ask_for_new(site, owner, person.name, known)
    return _show(request, person, question=question)


@router.post("/passkeys", dependencies=[audited("second_step.passkey_added", "added a passkey")])
def add_passkey(
    request: Request,
    desk: TheDesk,
    person: Person,
    answer: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Keep what the browser made, where it answers a question that was put to somebody with the passphrase."""
    question, person.sign_in.question = person.sign_in.question, None  # answered once
    called = " ".join(name.split())[:NAME_LIMIT] or "Passkey"
    try:
        passkey = take_new(site_of(request), question or {}, answer, called)
    except PasskeyRefused:
        return _show(request, person, status=422, passkey_problem=PASSKEY_WRONG)
    _change(desk, person, lambda kept: kept.with_passkeys((*kept.passkeys, passkey)))
    return _show(request, person, said=PASSKEY_KEPT)


@router.post("/remove", dependencies=[audited("second_step.removed", "asked to take a second step away")])
async def remove(
    request: Request,
    desk: TheDesk,
    person: Person,
    what: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
) -> Response:
    """Take the codes or a passkey away, for who knows the passphrase: a browser left open is not enough."""
    if refused := await _refused(request, desk, person, passphrase):
        return refused
    await anyio.to_thread.run_sync(_change, desk, person, lambda kept: _without(kept, what))
    return _show(request, person, said=GONE)


def _change(desk: Desk, person: SignedIn, change: Callable[[SecondStep], SecondStep]) -> None:
    """Keep what follows from what is asked for now; a sign-in meanwhile would bring a used code back."""
    with desk.half_ways.one_proof:
        person.vault.keep_second_step(change(person.vault.second_step()))


def _without(kept: SecondStep, what: str) -> SecondStep:
    """Less the codes, or the passkey of this id."""
    if what == "codes":
        return kept.model_copy(update={"secret": None})
    return kept.with_passkeys(tuple(one for one in kept.passkeys if one.credential_id.hex() != what))


async def _refused(request: Request, desk: Desk, person: SignedIn, passphrase: str) -> Response | None:
    """The page that says what is wrong with the passphrase, or None. Guesses are slowed down as at the sign-in."""
    vault_id = person.vault.account.vault_id
    try:
        with desk.guesses.one(vault_id, known_browser=True) as guess:
            await anyio.to_thread.run_sync(desk.vaults.prove, vault_id, passphrase, limiter=desk.one_passphrase)
            guess.right = True
    except TooSoon as error:
        return _show(request, person, status=429, passphrase_problem=str(error))
    except WrongPassphrase:
        return _show(request, person, status=422, passphrase_problem=NOT_THE_OWNER)
    return None


def _show(request: Request, person: SignedIn, *, status: int = 200, **news: Any) -> Response:
    kept, site, secret = person.vault.second_step(), site_of(request), person.sign_in.new_secret
    page = OwnSecondStepPage(
        codes=kept.secret is not None,
        passkeys=tuple(KnownPasskey(one.credential_id.hex(), one.name, one.host) for one in kept.passkeys),
        host=site.host,
        can_have_passkeys=site.can_have_passkeys,
        qr=Markup(qr_code(secret, person.name)) if secret else Markup(),  # noqa: S704  drawn by us
        secret=in_groups(secret) if secret else "",
        **news,
    )
    return show(request, page, here="account", status=status)
