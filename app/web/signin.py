"""Sign-in, a lost passphrase, and the lock."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.audit.chain import BOX
from app.vault.account import Account
from app.vault.errors import NoSuchVault, WeakPassphrase, WrongPassphrase, WrongRecoveryCode
from app.vault.vault import Vault
from app.web import half_way, known_browsers
from app.web.audited import add_box_event, add_event, keep_head, unaudited
from app.web.desk import Desk, NewPerson, SignedIn, TheDesk, show, visitor
from app.web.guessing import UNKNOWN, TooSoon
from app.web.known_browsers import known_cookie
from app.web.sign_ins import ABSOLUTE_S, COOKIE, SignIn

router = APIRouter()

WRONG = "That passphrase does not open this vault. Nothing is lost; type it again."
PASSPHRASES_DIFFER = "The two passphrases differ. Type both again."
WHY = {
    "locked": "Locked. The keys are out of memory. A session still to be transcribed goes on when you sign in again.",
    "out": "Signed out of this browser. A session still to be transcribed goes on.",
    "half-way": "The second step took too long, or was tried too often. Begin again; nothing is lost.",
    "over": "You were signed out after a while without a sign of life. Nothing is lost.",
}


@dataclass(frozen=True, slots=True)
class SignInPage:
    template: ClassVar[str] = "signin.html"
    people: tuple[Account, ...]
    chosen: str  # vault_id
    why: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class LostPassphrasePage:
    template: ClassVar[str] = "lost_passphrase.html"
    people: tuple[Account, ...]
    chosen: str
    code_problem: str = ""
    passphrase_problem: str = ""


class RecoveryForm(BaseModel):
    """What the page sends; the code and the new passphrase in clear."""

    person: str = ""
    code: str = Field(default="", repr=False)
    passphrase: str = Field(default="", repr=False)
    again: str = Field(default="", repr=False)


@router.get("/", dependencies=[unaudited("leads elsewhere")])
def front_door(request: Request, desk: TheDesk) -> Response:
    if not desk.vaults.accounts():
        return RedirectResponse("/setup", 303)
    return RedirectResponse("/today" if visitor(request) else "/signin", 303)


@router.get("/signin", dependencies=[unaudited("shows names of accounts, as on the door")])
def sign_in_form(request: Request, desk: TheDesk, why: str = "") -> Response:
    people = tuple(desk.vaults.accounts())
    if not people:
        return RedirectResponse("/setup", 303)
    if visitor(request):
        return RedirectResponse("/today", 303)
    return show(request, SignInPage(people, people[0].vault_id, WHY.get(why, "")))


@router.post("/signin", dependencies=[unaudited("adds its events itself: nobody is signed in before")])
async def sign_in(
    request: Request,
    desk: TheDesk,
    person: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
) -> Response:
    account, known_browser = await anyio.to_thread.run_sync(_who_guesses, request, desk, person)
    try:
        with desk.guesses.one(account, known_browser=known_browser) as guess:
            proven = await anyio.to_thread.run_sync(desk.vaults.prove, person, passphrase, limiter=desk.one_passphrase)
            guess.right = True
    except TooSoon as error:
        return _ask_again(request, desk, person, str(error), error.wait_s)
    except (WrongPassphrase, NoSuchVault):
        await anyio.to_thread.run_sync(add_box_event, desk, "signin.refused", BOX, known(desk, person))
        return _ask_again(request, desk, person, WRONG)
    if (await anyio.to_thread.run_sync(proven.second_step)).asked:
        answer = RedirectResponse("/signin/second", 303)
        _set_cookie(answer, half_way.COOKIE, desk.half_ways.begin(proven), half_way.HOLDS_S)
        return answer
    vault = await anyio.to_thread.run_sync(desk.vaults.open, proven)
    signed_in, _ = await welcome(desk, vault, "/today")
    return signed_in


def _who_guesses(request: Request, desk: Desk, person: str) -> tuple[str, bool]:
    """Whose allowance a guess is counted to, and whether it comes from a browser that its owner has used."""
    account = known(desk, person)
    knows = desk.known_browsers.knows(account, request.cookies.get(known_cookie(account)))
    return account or UNKNOWN, bool(account) and knows


def _ask_again(request: Request, desk: Desk, person: str, sentence: str, wait_s: int = 0) -> Response:
    page = SignInPage(tuple(desk.vaults.accounts()), person, problem=sentence)
    answer = show(request, page, status=429 if wait_s else 422)
    if wait_s:
        answer.headers["Retry-After"] = str(wait_s)
    return answer


@router.get("/signin/lost-passphrase", dependencies=[unaudited("shows names of accounts, as on the door")])
def lost_passphrase(request: Request, desk: TheDesk) -> Response:
    people = tuple(desk.vaults.accounts())
    return show(request, LostPassphrasePage(people, people[0].vault_id)) if people else RedirectResponse("/setup", 303)


@router.post("/signin/lost-passphrase", dependencies=[unaudited("adds its events itself: nobody is signed in before")])
async def recover(request: Request, desk: TheDesk, form: Annotated[RecoveryForm, Form()]) -> Response:
    people, person = tuple(desk.vaults.accounts()), form.person
    if form.passphrase != form.again:
        return show(request, LostPassphrasePage(people, person, passphrase_problem=PASSPHRASES_DIFFER), status=422)
    account, known_browser = await anyio.to_thread.run_sync(_who_guesses, request, desk, person)
    try:
        vault = await _recover(desk, f"{account} recovery", form, known_browser=known_browser)
    except TooSoon as error:
        waiting = show(request, LostPassphrasePage(people, person, code_problem=str(error)), status=429)
        waiting.headers["Retry-After"] = str(error.wait_s)
        return waiting
    except WeakPassphrase as error:
        return show(request, LostPassphrasePage(people, person, passphrase_problem=str(error)), status=422)
    except (WrongRecoveryCode, NoSuchVault) as error:
        await anyio.to_thread.run_sync(add_box_event, desk, "recovery.refused", BOX, known(desk, person))
        return show(request, LostPassphrasePage(people, person, code_problem=str(error)), status=422)
    answer, _ = await welcome(desk, vault, "/today", "passphrase.recovered")
    return answer


async def _recover(desk: Desk, account: str, form: RecoveryForm, *, known_browser: bool) -> Vault:
    with desk.guesses.one(account, known_browser=known_browser) as guess:
        try:
            vault = await anyio.to_thread.run_sync(
                desk.vaults.recover, form.person, form.code, form.passphrase, limiter=desk.one_passphrase
            )
        except WeakPassphrase:
            guess.right = True  # the code was
            raise
        guess.right = True
        return vault


@router.post("/lock", dependencies=[unaudited("adds its events itself, before the keys are gone")])
async def lock(desk: TheDesk, person: NewPerson) -> Response:
    """Drop the keys, sign this person out everywhere, and have the browser forget what it saw."""
    vault_id = person.vault.account.vault_id
    await anyio.to_thread.run_sync(_lock_up, desk, person)
    desk.sign_ins.end_all(vault_id)
    return forget("/signin?why=locked")


def forget(where: str) -> Response:
    """Lead somewhere, and have the browser forget what it saw."""
    answer = RedirectResponse(where, 303)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    # not "cookies": the one that recognises this browser opens nothing, and keeps its owner from waiting
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _lock_up(desk: Desk, person: SignedIn) -> None:
    add_event(person, "vault.locked")
    keep_head(desk, person.vault)
    desk.vaults.lock(person.vault.account.vault_id)


def known(desk: Desk, vault_id: str) -> str:
    """The id if it is an account's; what else was sent is not kept."""
    return vault_id if vault_id in {account.vault_id for account in desk.vaults.accounts()} else ""


async def welcome(desk: Desk, vault: Vault, where: str, action: str = "person.signed_in") -> tuple[Response, SignIn]:
    """Sign somebody in whose vault is unlocked, and have the box record for them from now on.

    `action` is how they got in, for both trails.
    """
    token, sign_in = desk.sign_ins.begin(vault.account.vault_id)

    def keep() -> None:
        vault.audit.add(vault.account.vault_id, action, browser=sign_in.browser)
        add_box_event(desk, action, vault.account.vault_id)
        keep_head(desk, vault)

    await anyio.to_thread.run_sync(keep)
    await desk.recorder.prepare(vault.account.public_key)
    answer = RedirectResponse(where, 303)
    return know_browser(set_sign_in(answer, token), desk, vault.account.vault_id), sign_in


def know_browser(answer: Response, desk: Desk, account: str) -> Response:
    """Give the browser what it is recognised by when a stranger guesses at this account."""
    _set_cookie(answer, known_cookie(account), desk.known_browsers.token(account), known_browsers.HOLDS_S)
    return answer


def set_sign_in(answer: Response, token: str) -> Response:
    """Give the browser the cookie that says who it is."""
    _set_cookie(answer, COOKIE, token, ABSOLUTE_S)
    return answer


def _set_cookie(answer: Response, name: str, value: str, holds_s: int) -> None:
    answer.set_cookie(name, value, max_age=holds_s, path="/", secure=True, httponly=True, samesite="strict")
