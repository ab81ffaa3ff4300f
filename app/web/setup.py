"""Making an account with a one-time code: the first one by the code on the box's console, later ones by invitation."""

import secrets
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.box.invitations import Role
from app.restore_state import is_under_way, read_restore_state
from app.vault.errors import InvalidName, WeakPassphrase
from app.web.audited import unaudited
from app.web.desk import Desk, NewPerson, TheDesk, show
from app.web.guessing import TooSoon
from app.web.signin import PASSPHRASES_DIFFER, welcome

router = APIRouter()

SETUP_GUESSES = "setup-code"  # the name under which wrong codes are counted
WRONG_FIRST_CODE = (
    "That is not the code of this box. It stands on the box's console; spaces and capitals do not matter."
)
WRONG_INVITATION = "This code is not valid, or not any more. Ask for a new one; it holds for a day, and once."


@dataclass(frozen=True, slots=True)
class SetupPage:
    template: ClassVar[str] = "setup.html"
    first: bool  # the box has no account yet
    name: str = ""
    code_problem: str = ""
    name_problem: str = ""
    passphrase_problem: str = ""
    may_restore: bool = False  # a backup can be put back instead

    @property
    def title(self) -> str:
        return "Set up this box" if self.first else "Make your account"


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
    """What the page sends; code and passphrase in clear."""

    code: str = Field(default="", repr=False)
    name: str = ""
    passphrase: str = Field(default="", repr=False)
    again: str = Field(default="", repr=False)


@router.get("/setup", dependencies=[unaudited("shows an empty form")])
def setup_form(request: Request, desk: TheDesk) -> Response:
    """Only the first run may set up; afterwards there is somebody to ask."""
    if desk.vaults.accounts():
        return RedirectResponse("/", 303)
    if is_under_way(desk.settings.data_dir):
        return RedirectResponse("/restore", 303)
    return show(request, SetupPage(first=True, may_restore=read_restore_state(desk.settings.data_dir) is not None))


@router.get("/join", dependencies=[unaudited("shows an empty form")])
def join_form(request: Request, desk: TheDesk) -> Response:
    return show(request, SetupPage(first=False)) if desk.vaults.accounts() else RedirectResponse("/setup", 303)


@router.post("/setup", dependencies=[unaudited("adds its events itself: there is no vault before")])
async def set_up(request: Request, desk: TheDesk, form: Annotated[SetupForm, Form()]) -> Response:
    return RedirectResponse("/", 303) if desk.vaults.accounts() else await _make(request, desk, form)


@router.post("/join", dependencies=[unaudited("adds its events itself: there is no vault before")])
async def join(request: Request, desk: TheDesk, form: Annotated[SetupForm, Form()]) -> Response:
    return await _make(request, desk, form) if desk.vaults.accounts() else RedirectResponse("/setup", 303)


async def _make(request: Request, desk: Desk, form: SetupForm) -> Response:
    """Make the account that the code stands for, and let the code work no more."""
    async with desk.one_passphrase:  # also keeps two who hold one code apart
        if is_under_way(desk.settings.data_dir):  # what is put back brings its own accounts
            return RedirectResponse("/restore", 303)
        page = await _refused(desk, form)
        if page is not None:
            return show(request, page, status=422)
        try:
            vault, recovery = await anyio.to_thread.run_sync(desk.vaults.create, form.name, form.passphrase)
        except InvalidName as error:
            return show(request, SetupPage(_is_first(desk), form.name, name_problem=str(error)), status=422)
        except WeakPassphrase as error:
            return show(request, SetupPage(_is_first(desk), form.name, passphrase_problem=str(error)), status=422)
        await anyio.to_thread.run_sync(desk.invitations.spend, form.code)
    answer, sign_in = await welcome(desk, vault, "/setup/recovery-code", "account.created")
    sign_in.recovery_code = recovery
    sign_in.asked_group = secrets.randbelow(len(_groups(recovery)))
    return answer


async def _refused(desk: Desk, form: SetupForm) -> SetupPage | None:
    """The page to show again, None where everything fits. Wrong codes are counted, and guessing is slowed down."""
    first = _is_first(desk)
    if form.passphrase != form.again:
        return SetupPage(first, form.name, passphrase_problem=PASSPHRASES_DIFFER)
    try:
        with desk.guesses.one(SETUP_GUESSES, known_browser=False) as guess:
            guess.right = await anyio.to_thread.run_sync(desk.invitations.role_of, form.code) is Role.THERAPIST
    except TooSoon as error:
        return SetupPage(first, form.name, code_problem=str(error))
    if guess.right:
        return None
    return SetupPage(first, form.name, code_problem=WRONG_FIRST_CODE if first else WRONG_INVITATION)


def _is_first(desk: Desk) -> bool:
    return not desk.vaults.accounts()


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
