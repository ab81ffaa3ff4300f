"""Puts the page together, and serves it."""

import asyncio
import socket

import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from app.box.invitations import Invitations
from app.box.it_account import ItAccount
from app.box.record import BoxRecord
from app.drafting import Drafting
from app.indexing import Indexer
from app.preparing import Preparing
from app.records.retention import Rule
from app.retention import Retention
from app.settings import AppSettings
from app.vault.vault import Vaults
from app.web import (
    account,
    all_sessions,
    appointments,
    approval,
    audio,
    audit_page,
    calendars,
    client_forms,
    clients,
    clinic_it,
    consenting,
    controls,
    erasing_end,
    events,
    exporting,
    goals,
    hearing_anew,
    it_log,
    it_queue,
    it_second_step,
    it_selftest,
    keeping,
    lines,
    linking,
    listing,
    marks,
    metrics,
    notes,
    own_second_step,
    places,
    pool_page,
    process_notes,
    restoring,
    searching,
    seats,
    second_step,
    session,
    setup,
    signin,
    speaking,
    strength,
    today,
    transparency,
    trust,
    week,
    withdrawing,
)
from app.web.audited import refuse_unmapped, unaudited
from app.web.desk import Desk
from app.web.hosts import HostList
from app.web.known_browsers import KnownBrowsers
from app.web.listening import Bounded, BoundedListener
from app.web.pages import HERE, load_templates
from app.web.ports import Pipeline, Recorder
from app.web.problems import answer_problems, refusal
from app.web.rates import Rates
from app.web.shield import Shield
from app.withdrawal import Withdrawals

INSTALLED = HERE / "assets" / "node_modules"  # by the lock file beside it
ASSETS = {
    "htmx.js": INSTALLED / "htmx.org" / "dist" / "htmx.min.js",
    "sse.js": INSTALLED / "htmx-ext-sse" / "sse.js",
}
ROUTES = (
    account,
    all_sessions,
    approval,
    audio,
    audit_page,
    clinic_it,
    controls,
    erasing_end,
    events,
    exporting,
    goals,
    hearing_anew,
    it_second_step,
    it_log,
    it_queue,
    it_selftest,
    lines,
    listing,
    marks,
    metrics,
    notes,
    own_second_step,
    places,
    pool_page,
    process_notes,
    restoring,
    seats,
    second_step,
    session,
    setup,
    signin,
    speaking,
    strength,
    today,
    transparency,
    trust,
    appointments,
    calendars,
    client_forms,
    clients,
    consenting,
    keeping,
    linking,
    searching,
    week,
    withdrawing,
)


def create_app(
    settings: AppSettings, vaults: Vaults, record: BoxRecord, recorder: Recorder, pipeline: Pipeline
) -> FastAPI:
    """Make the page of one box; its `state.desk` holds what the routes share."""
    app = FastAPI(title="Tacet", docs_url=None, redoc_url=None, openapi_url=None)
    withdrawals = Withdrawals(settings.data_dir / "tapes", vaults, pipeline.changes.notify)
    box_dir = settings.data_dir / "box"
    invitations = Invitations(box_dir)
    if not vaults.accounts():
        invitations.first_code()  # whoever sets the box up reads it on the box's console
    app.state.desk = Desk(
        settings,
        vaults,
        record,
        recorder,
        pipeline,
        withdrawals,
        load_templates(),
        invitations,
        KnownBrowsers(box_dir),
        ItAccount(box_dir, vaults.cost),
        Preparing(vaults, recorder),
        Retention(settings.data_dir / "tapes", vaults, withdrawals, Rule(settings.audio_days, settings.text_days)),
        Indexer(vaults),
        Drafting.by(settings),
    )
    hosts, rates = HostList(settings.name, settings.hosts), Rates(settings.requests_a_second)
    app.add_middleware(Shield, refusal=refusal, hosts=hosts, rates=rates)
    answer_problems(app)
    for module in ROUTES:
        app.include_router(module.router)
    public = [unaudited("the same files for everybody")]
    app.add_api_route("/assets/{name}", _asset, include_in_schema=False, dependencies=public)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    refuse_unmapped(app)
    return app


def _asset(name: str) -> Response:
    if name not in ASSETS:
        raise HTTPException(404)
    return FileResponse(ASSETS[name], media_type="text/javascript")


class PageServer(uvicorn.Server):
    """Bounds connections; ends the event streams before it waits for the answers that are still on their way."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing
        self.bounded = Bounded()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on these sockets, which are closed by it."""
        await super().serve([BoundedListener(one, self.bounded) for one in sockets or []])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)
