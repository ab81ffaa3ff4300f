"""What every route works with, and who is asking."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

import anyio
from fastapi import Depends, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse

from app.asr.taking_over import Tally
from app.box.invitations import Invitations
from app.box.it_account import ItAccount
from app.box.record import BoxRecord
from app.drafting import Drafting
from app.indexing import Indexer
from app.neighbours import Neighbours
from app.preparing import Preparing
from app.retention import Retention
from app.settings import AppSettings
from app.vault.vault import Vault, Vaults
from app.web.box import BoxView, box_view
from app.web.guessing import Guesses
from app.web.half_way import HalfWays
from app.web.known_browsers import KnownBrowsers
from app.web.pages import Context, render
from app.web.ports import Pipeline, Recorder
from app.web.sign_ins import COOKIE, SignIn, SignIns
from app.withdrawal import Withdrawals


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of the app that the routes use; one a process, made by `create_app`."""

    settings: AppSettings
    vaults: Vaults
    record: BoxRecord
    recorder: Recorder
    pipeline: Pipeline
    withdrawals: Withdrawals
    templates: Environment
    invitations: Invitations
    known_browsers: KnownBrowsers
    it_account: ItAccount
    preparing: Preparing
    retention: Retention
    indexer: Indexer
    drafting: Drafting
    tally: Tally = field(default_factory=Tally)
    neighbours: Neighbours = field(default_factory=Neighbours)
    sign_ins: SignIns = field(default_factory=SignIns)
    half_ways: HalfWays = field(default_factory=HalfWays)
    guesses: Guesses = field(default_factory=Guesses)
    closing: asyncio.Event = field(default_factory=asyncio.Event)  # set when the server is about to stop
    # Argon2 takes 64 MiB a try: one at a time, so that guessing cannot starve the box
    one_passphrase: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))
    one_estimate: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))  # of a strength


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody whose vault is unlocked."""

    token: str = field(repr=False)
    sign_in: SignIn
    vault: Vault

    @property
    def name(self) -> str:
        return self.vault.account.name


class NotSignedIn(Exception):
    """Nobody is signed in here, or not any more."""


class RecoveryCodePending(Exception):
    """The recovery code has to be kept before anything else."""


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


def visitor(request: Request, *, touch: bool = True) -> SignedIn | None:
    """Give who is asking, None if nobody is signed in or the vault has been locked since."""
    desk, token = desk_of(request), request.cookies.get(COOKIE)
    sign_in = desk.sign_ins.find(token, touch=touch)
    vault = desk.vaults.get(sign_in.vault_id) if sign_in else None
    return SignedIn(token, sign_in, vault) if token and sign_in and vault else None


def newly_signed_in(request: Request) -> SignedIn:
    """Give who is asking, also before the recovery code was confirmed.

    Raises:
        NotSignedIn: leads to the sign-in page.
    """
    person = visitor(request)
    if person is None:
        raise NotSignedIn
    return person


def signed_in(request: Request) -> SignedIn:
    """Give who is asking.

    Raises:
        NotSignedIn: leads to the sign-in page.
        RecoveryCodePending: leads to the page with the code.
    """
    person = newly_signed_in(request)
    if person.sign_in.recovery_code is not None:
        raise RecoveryCodePending
    return person


TheDesk = Annotated[Desk, Depends(desk_of)]
Person = Annotated[SignedIn, Depends(signed_in)]
NewPerson = Annotated[SignedIn, Depends(newly_signed_in)]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page."""

    here: str  # the page's name in the navigation
    box: BoxView
    person: str | None
    events_url: str
    simulator_url: str | None


def box_for(desk: Desk, person: SignedIn | None) -> BoxView:
    """Say what the box does; only the person it records for may pause, stop and withdraw it."""
    status = desk.recorder.status
    theirs = status is not None and person is not None and status.recipient_key_id == person.vault.account.key_id
    return box_view(status, controls=theirs, configuration_problem=desk.settings.configuration_problem)


def show(request: Request, page: Context, *, here: str = "", status: int = 200, events_url: str = "") -> HTMLResponse:
    """Give a whole page; without an `events_url` of its own it keeps the box up to date."""
    desk, person = desk_of(request), visitor(request, touch=False)
    name = person.name if person and person.sign_in.recovery_code is None else None
    events_url = events_url or ("/events?signed=true" if person else "/events")
    frame = Frame(here, box_for(desk, person), name, events_url, desk.settings.simulator_url)
    return HTMLResponse(render(desk.templates, page, frame=frame), status)


def show_part(request: Request, part: Context, *, status: int = 200) -> HTMLResponse:
    """Give a fragment for htmx."""
    return HTMLResponse(render(desk_of(request).templates, part), status)
