"""Clinic IT: is the device well? This account holds no key: sessions are out of its reach, not merely hidden."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.audit.chain import BOX, Event
from app.backup_state import Stage, ask_for_backup, read_backup_state, was_asked
from app.box.invitations import Role
from app.box.it_account import NotProven
from app.disk_key import read_disk_key
from app.neighbours import Wellbeing
from app.vault.errors import WeakPassphrase
from app.vault.sessions import wall_clock_ms
from app.web.audited import add_box_event, unaudited
from app.web.desk import Desk, TheDesk, show, show_part
from app.web.guessing import TooSoon
from app.web.it_facts import box_facts
from app.web.it_queue import QueueView, queue_view
from app.web.it_selftest import SelfTestView, selftest_view
from app.web.it_signed_in import CLINIC_IT, It
from app.web.it_updates import UpdatesView, updates_view
from app.web.known_browsers import known_cookie
from app.web.setup import SETUP_GUESSES, WRONG_INVITATION
from app.web.sign_ins import COOKIE
from app.web.signin import PASSPHRASES_DIFFER, forget, know_browser, set_sign_in
from app.web.wording import counted, day, moment, time_of_day

router = APIRouter(prefix="/it")

EVENTS = 50
WORDS = {
    "backup.asked": "Clinic IT asked for a backup",
    "account.created": "A therapist's account was made",
    "audit.head": "Kept where a therapist's events end",
    "box.record_damaged": "The box's record was damaged; the old one is kept aside",
    "box.restored": "A backup was put back",
    "restore.asked": "Somebody asked for a backup to be put back",
    "box.started": "The box started",
    "it.codes_off": "Clinic IT switched its codes off",
    "it.codes_on": "Clinic IT switched one-time codes on",
    "it.invited": "Clinic IT invited a therapist",
    "it.joined": "Clinic IT's account was made",
    "it.saw_disk_key": "Clinic IT saw the disk's recovery key",
    "it.tried_light": "Clinic IT had button and lights tried",
    "it.signed_in": "Clinic IT signed in",
    "passphrase.recovered": "A recovery code was used",
    "person.signed_in": "A therapist signed in",
    "recovery.refused": "A wrong recovery code",
    "second_step.recovered": "A recovery code replaced a second step",
    "second_step.refused": "A wrong second step",
    "signin.refused": "A wrong passphrase",
}
WELLBEING = {Wellbeing.WELL: "works", Wellbeing.ATTENTION: "needs somebody to look"}


@dataclass(frozen=True, slots=True)
class ItSignInPage:
    template: ClassVar[str] = "it_signin.html"
    joining: bool  # the account is made, with an invitation
    codes: bool = False  # the sign-in takes one besides
    problem: str = ""


@dataclass(frozen=True, slots=True)
class BoxEvent:
    seq: int
    when: str
    what: str
    account: str  # its name, "" where it is about none


@dataclass(frozen=True, slots=True)
class BackupView:
    """How backups go; also a fragment that asks anew while one is made."""

    template: ClassVar[str] = "_backup.html"
    set_up: bool
    copying: bool = False
    done: int = 0
    of: int = 0
    sentences: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ItPage:
    template: ClassVar[str] = "it.html"
    facts: tuple[tuple[str, str], ...]
    people: tuple[str, ...]
    events: tuple[BoxEvent, ...]  # newest first
    head: str
    broken: str
    backup: BackupView
    selftest: SelfTestView
    updates: UpdatesView
    queue: QueueView
    codes: bool  # a second step is asked for
    others: tuple[tuple[str, str], ...] = ()  # the clinic's other boxes: name, how it says it is
    invitation: str = ""
    disk_key: str | None = field(default=None, repr=False)  # as it is shown; not whether there is one
    encrypted: bool = False  # the disk


class JoinForm(BaseModel):
    """What the page sends; code and passphrase in clear."""

    code: str = Field(default="", repr=False)
    passphrase: str = Field(default="", repr=False)
    again: str = Field(default="", repr=False)


@router.get("/signin", dependencies=[unaudited("shows an empty form")])
def sign_in_form(request: Request, desk: TheDesk) -> Response:
    return _ask(request, desk)


@router.post("/signin", dependencies=[unaudited("adds its event itself: it is the box's")])
async def sign_in(
    request: Request,
    desk: TheDesk,
    passphrase: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
) -> Response:
    known_browser = desk.known_browsers.knows(CLINIC_IT, request.cookies.get(known_cookie(CLINIC_IT)))
    now = datetime.now(UTC)
    try:
        with desk.guesses.one(CLINIC_IT, known_browser=known_browser) as guess:
            await anyio.to_thread.run_sync(desk.it_account.sign_in, passphrase, code, now, limiter=desk.one_passphrase)
            guess.right = True
    except TooSoon as error:
        return _ask(request, desk, str(error), status=429)
    except NotProven as error:
        await anyio.to_thread.run_sync(add_box_event, desk, "signin.refused")
        return _ask(request, desk, str(error), status=422)
    return await _welcome(desk, "it.signed_in")


def _ask(request: Request, desk: Desk, problem: str = "", *, status: int = 200) -> Response:
    page = ItSignInPage(joining=False, codes=desk.it_account.asks_for_code, problem=problem)
    return show(request, page, status=status)


@router.get("/join", dependencies=[unaudited("shows an empty form")])
def join_form(request: Request) -> Response:
    return show(request, ItSignInPage(joining=True))


@router.post("/join", dependencies=[unaudited("adds its event itself: it is the box's")])
async def join(request: Request, desk: TheDesk, form: Annotated[JoinForm, Form()]) -> Response:
    if form.passphrase != form.again:
        return show(request, ItSignInPage(joining=True, problem=PASSPHRASES_DIFFER), status=422)
    try:
        with desk.guesses.one(SETUP_GUESSES, known_browser=False) as guess:
            guess.right = await anyio.to_thread.run_sync(desk.invitations.role_of, form.code) is Role.CLINIC_IT
    except TooSoon as error:
        return show(request, ItSignInPage(joining=True, problem=str(error)), status=429)
    if not guess.right:
        return show(request, ItSignInPage(joining=True, problem=WRONG_INVITATION), status=422)
    try:
        await anyio.to_thread.run_sync(desk.it_account.set_passphrase, form.passphrase, limiter=desk.one_passphrase)
    except WeakPassphrase as error:
        return show(request, ItSignInPage(joining=True, problem=str(error)), status=422)
    await anyio.to_thread.run_sync(desk.invitations.spend, form.code)
    desk.sign_ins.end_all(CLINIC_IT)
    return await _welcome(desk, "it.joined")


@router.get("", dependencies=[unaudited("shows the box and nothing clinical")])
def box(request: Request, desk: TheDesk, _it: It) -> Response:
    return show(request, _page(desk), here="it")


@router.post("/invite", dependencies=[unaudited("adds its event itself: it is the box's")])
def invite(request: Request, desk: TheDesk, _it: It) -> Response:
    add_box_event(desk, "it.invited")
    return show(request, _page(desk, desk.invitations.invite(Role.THERAPIST)), here="it")


@router.post("/disk-key", dependencies=[unaudited("adds its event itself: it is the box's")])
def show_disk_key(request: Request, desk: TheDesk, _it: It) -> Response:
    """Show what opens the disk without its box. It opens no session."""
    add_box_event(desk, "it.saw_disk_key")
    return show(request, _page(desk, disk_key=read_disk_key(desk.settings.data_dir)), here="it")


@router.get("/backup", dependencies=[unaudited("shows how backups go, and nothing clinical")])
def backup(request: Request, desk: TheDesk, _it: It) -> Response:
    return show_part(request, _backup(desk))


@router.post("/backup", dependencies=[unaudited("adds its event itself: it is the box's")])
def back_up_now(desk: TheDesk, _it: It) -> Response:
    """Ask for one at once; the process that makes them takes it up."""
    if read_backup_state(desk.settings.data_dir) is not None:
        add_box_event(desk, "backup.asked")
        ask_for_backup(desk.settings.data_dir)
    return RedirectResponse("/it", 303)


@router.post("/sign-out", dependencies=[unaudited("shows nothing")])
async def sign_out(request: Request, desk: TheDesk, _it: It) -> Response:
    desk.sign_ins.end(request.cookies.get(COOKIE))
    return forget("/it/signin")


async def _welcome(desk: Desk, action: str) -> Response:
    await anyio.to_thread.run_sync(add_box_event, desk, action)
    token, _ = desk.sign_ins.begin(CLINIC_IT)
    return know_browser(set_sign_in(RedirectResponse("/it", 303), token), desk, CLINIC_IT)


def _page(desk: Desk, invitation: str = "", disk_key: str | None = None) -> ItPage:
    trail, people = desk.record.audit, desk.vaults.accounts()
    names, broken = {one.vault_id: one.name for one in people}, trail.verify()
    encrypted = read_disk_key(desk.settings.data_dir) is not None
    return ItPage(
        facts=box_facts(desk, encrypted=encrypted),
        people=tuple(names.values()),
        events=tuple(_event(event, names) for event in trail.latest(EVENTS)),
        head=str(trail.head()),
        broken=f"This trail was changed: {broken.why}." if broken else "",
        backup=_backup(desk),
        selftest=selftest_view(desk),
        updates=updates_view(desk.settings.data_dir),
        queue=queue_view(desk),
        codes=desk.it_account.asks_for_code,
        others=tuple((f"{box.name}.local", WELLBEING[box.wellbeing]) for box in desk.neighbours.all()),
        invitation=invitation,
        disk_key=disk_key,
        encrypted=encrypted,
    )


def _backup(desk: Desk) -> BackupView:
    state, now_ms = read_backup_state(desk.settings.data_dir), wall_clock_ms()
    if state is None:
        return BackupView(set_up=False)
    copying = state.stage is Stage.COPYING or was_asked(desk.settings.data_dir)
    made = f"{day(state.made_at_ms, now_ms)}, {time_of_day(state.made_at_ms)}" if state.made_at_ms else ""
    last = f"The last one was made {made}, with {counted(state.files, 'file')}." if made else "None was made yet."
    sentences = (
        last,
        f"Every day at {state.at}, to {state.to}.",
        f"What is erased on the box is gone from backups after {counted(state.horizon_days, 'day')}.",
    )
    return BackupView(
        set_up=True, copying=copying, done=state.done, of=state.of, sentences=sentences, problem=state.problem
    )


def _event(event: Event, names: dict[str, str]) -> BoxEvent:
    who = event.subject if event.actor == BOX else event.actor
    return BoxEvent(event.seq, moment(event.at_ms), WORDS.get(event.action, event.action), names.get(who, ""))
