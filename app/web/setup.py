"""First run: a name, a passphrase, and the recovery code that is shown once."""

import secrets
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.vault.errors import InvalidName, WeakPassphrase
from app.web.audited import unaudited
from app.web.desk import NewPerson, TheDesk, show
from app.web.signin import PASSPHRASES_DIFFER, welcome

router = APIRouter()


@dataclass(frozen=True, slots=True)
class SetupPage:
    template: ClassVar[str] = "setup.html"
    name: str = ""
    name_problem: str = ""
    passphrase_problem: str = ""


@dataclass(frozen=True, slots=True)
class RecoveryCodePage:
    """Holds the recovery code in clear."""

    template: ClassVar[str] = "recovery_code.html"
    groups: tuple[str, ...] = field(repr=False)
    asked: int  # counts from 0
    name: str
    problem: str = ""

    @property
    def asked_label(self) -> str:
        return f"group {self.asked + 1}"


class SetupForm(BaseModel):
    """What the page sends; the passphrase in clear."""

    name: str = ""
    passphrase: str = Field(default="", repr=False)
    again: str = Field(default="", repr=False)


@router.get("/setup", dependencies=[unaudited("shows an empty form")])
def setup_form(request: Request, desk: TheDesk) -> Response:
    """Only the first run may set up; afterwards there is somebody to ask."""
    if desk.vaults.accounts():
        return RedirectResponse("/", 303)
    return show(request, SetupPage())


@router.post("/setup", dependencies=[unaudited("adds its event itself: there is no vault before")])
async def set_up(request: Request, desk: TheDesk, form: Annotated[SetupForm, Form()]) -> Response:
    name = " ".join(form.name.split())
    if form.passphrase != form.again:
        return show(request, SetupPage(name, passphrase_problem=PASSPHRASES_DIFFER), status=422)
    async with desk.one_passphrase:  # also keeps two first runs apart
        if desk.vaults.accounts():
            return RedirectResponse("/", 303)
        try:
            vault, code = await anyio.to_thread.run_sync(desk.vaults.create, name, form.passphrase)
        except InvalidName as error:
            return show(request, SetupPage(name, name_problem=str(error)), status=422)
        except WeakPassphrase as error:
            return show(request, SetupPage(name, passphrase_problem=str(error)), status=422)
    answer, sign_in = await welcome(desk, vault, "/setup/recovery-code", "account.created")
    sign_in.recovery_code = code
    sign_in.asked_group = secrets.randbelow(len(_groups(code)))
    return answer


@router.get(
    "/setup/recovery-code",
    dependencies=[unaudited("shows the owner their own recovery code; making the vault was kept")],
)
def recovery_code(request: Request, person: NewPerson) -> Response:
    code = person.sign_in.recovery_code
    if code is None:
        return RedirectResponse("/today", 303)
    return show(request, RecoveryCodePage(_groups(code), person.sign_in.asked_group, person.name))


@router.post(
    "/setup/recovery-code",
    dependencies=[unaudited("shows the owner their own recovery code; making the vault was kept")],
)
def confirm_recovery_code(request: Request, person: NewPerson, group: Annotated[str, Form()] = "") -> Response:
    """Let go of the code once one group of it has been typed back."""
    code, asked = person.sign_in.recovery_code, person.sign_in.asked_group
    if code is None:
        return RedirectResponse("/today", 303)
    if not secrets.compare_digest(_plain(group).encode(), _plain(_groups(code)[asked]).encode()):
        sentence = f"That is not group {asked + 1} of the code. Look at what you wrote down and type it again."
        return show(request, RecoveryCodePage(_groups(code), asked, person.name, sentence), status=422)
    person.sign_in.recovery_code = None
    return RedirectResponse("/today", 303)


def _groups(code: str) -> tuple[str, ...]:
    return tuple(code.replace("-", " ").split())


def _plain(group: str) -> str:
    """Fold what people confuse. Source: Crockford's Base32, "Decode symbol"."""
    return "".join(group.split()).upper().translate(str.maketrans("OIL", "011"))
