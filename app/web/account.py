"""One's own account: passphrase, recovery code, browsers, and inviting others."""

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.box.invitations import Role
from app.vault.errors import WeakPassphrase, WrongPassphrase, WrongRecoveryCode
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show
from app.web.guessing import TooSoon
from app.web.signin import PASSPHRASES_DIFFER, forget

router = APIRouter(prefix="/account")

CODE_IS_RIGHT = "This is your code. Put the paper back where it was."
CHANGED = "Your passphrase is changed. The recovery code stays the same."
ENDED = "You are signed out of every other browser."


@dataclass(frozen=True, slots=True)
class AccountPage:
    template: ClassVar[str] = "account.html"
    name: str
    browsers: int  # that are signed in, this one included
    second_step: bool  # is asked for at the sign-in
    said: str = ""  # what has just been done
    passphrase_problem: str = ""
    code_problem: str = ""
    invitation: str = field(default="", repr=False)  # in clear, shown once
    invited: Role | None = None


class ChangeForm(BaseModel):
    """What the page sends; passphrases in clear."""

    old: str = Field(default="", repr=False)
    passphrase: str = Field(default="", repr=False)
    again: str = Field(default="", repr=False)


@router.get("", dependencies=[audited("account.opened", "looked at the account")])
def account(request: Request, desk: TheDesk, person: Person) -> Response:
    return _show(request, desk, person)


@router.post("/passphrase", dependencies=[audited("passphrase.changed", "asked to change the passphrase")])
async def change(request: Request, desk: TheDesk, person: Person, form: Annotated[ChangeForm, Form()]) -> Response:
    """Lock the same keys with another passphrase; nothing is encrypted again, and other browsers are signed out."""
    vault_id = person.vault.account.vault_id
    if form.passphrase != form.again:
        return _show(request, desk, person, status=422, passphrase_problem=PASSPHRASES_DIFFER)
    try:
        await _change(desk, vault_id, form)
    except TooSoon as error:
        return _show(request, desk, person, status=429, passphrase_problem=str(error))
    except WrongPassphrase:
        problem = "The passphrase that you have now is another. Type it again."
        return _show(request, desk, person, status=422, passphrase_problem=problem)
    except WeakPassphrase as error:
        return _show(request, desk, person, status=422, passphrase_problem=str(error))
    desk.sign_ins.end_all(vault_id, but=person.token)
    return _show(request, desk, person, said=CHANGED)


async def _change(desk: Desk, vault_id: str, form: ChangeForm) -> None:
    with desk.guesses.one(vault_id, known_browser=True) as guess:
        try:
            await anyio.to_thread.run_sync(
                desk.vaults.change_passphrase, vault_id, form.old, form.passphrase, limiter=desk.one_passphrase
            )
        except WeakPassphrase:
            guess.right = True  # the old one was
            raise
        guess.right = True


@router.post("/recovery-code", dependencies=[audited("recovery.checked", "checked the recovery code")])
async def check_code(request: Request, desk: TheDesk, person: Person, code: Annotated[str, Form()] = "") -> Response:
    """Say whether the code on the paper is the right one, while nothing depends on it."""
    try:
        await anyio.to_thread.run_sync(desk.vaults.check_recovery_code, person.vault.account.vault_id, code)
    except WrongRecoveryCode as error:
        return _show(request, desk, person, status=422, code_problem=str(error))
    return _show(request, desk, person, said=CODE_IS_RIGHT)


@router.post("/sign-out", dependencies=[audited("person.signed_out", "signed out of this browser")])
async def sign_out(desk: TheDesk, person: Person) -> Response:
    """Leave this browser; the vault stays open, so that transcription goes on."""
    desk.sign_ins.end(person.token)
    return forget("/signin?why=out")


@router.post("/sign-out-others", dependencies=[audited("browsers.signed_out", "signed out of all other browsers")])
async def sign_out_others(request: Request, desk: TheDesk, person: Person) -> Response:
    desk.sign_ins.end_all(person.vault.account.vault_id, but=person.token)
    return _show(request, desk, person, said=ENDED)


@router.post("/invite", dependencies=[audited("account.invited", "invited somebody to this box")])
async def invite(request: Request, desk: TheDesk, person: Person, role: Annotated[Role, Form()]) -> Response:
    """Give a code with which a colleague makes a vault of their own, or clinic IT an account without content."""
    code = await anyio.to_thread.run_sync(desk.invitations.invite, role)
    return _show(request, desk, person, invitation=code, invited=role)


@router.get("/invite", dependencies=[audited("account.opened", "looked at the account")])
def no_invitation(_person: Person) -> Response:
    """A reload after an invitation asks for this address: the code is not shown again."""
    return RedirectResponse("/account", 303)


def _show(request: Request, desk: Desk, person: SignedIn, *, status: int = 200, **news: Any) -> Response:
    browsers = desk.sign_ins.count(person.vault.account.vault_id)
    page = AccountPage(person.name, browsers, person.vault.second_step().asked, **news)
    return show(request, page, status=status, here="account")
