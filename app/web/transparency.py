"""What this box holds and does at this moment: for the therapist, who may print it for a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import HeardBy
from app.network import Interface, read_network
from app.pool.seen import look
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show
from app.web.second_model import second_model
from app.web.wording import counted, moment

router = APIRouter()

MEGABYTE = 1_000_000
LATEST_SESSIONS = 50  # of which it is told which machine heard them


@dataclass(frozen=True, slots=True)
class TransparencyPage:
    template: ClassVar[str] = "transparency.html"
    when: str
    holds: tuple[str, ...]
    models: tuple[tuple[str, str], ...]  # name with revision, and how many sessions it heard
    second: str  # what hears sessions anew; "" where nothing does
    pool: bool  # sound may go to the clinic's pool
    machines: tuple[tuple[str, str], ...]  # a session's day and time, and which machines heard it; empty without a pool
    sent: tuple[str, ...]
    peers: tuple[str, ...]
    outside: tuple[str, ...]
    sound_days: int | None
    text_days: int | None


@router.get("/trust/now", dependencies=[audited("trust.opened", "saw what the box holds")])
def transparency(request: Request, desk: TheDesk, person: Person) -> Response:
    vault, network = person.vault, read_network()
    rows = vault.sessions.list()
    kept = vault.keeping.kept(desk.retention.practice)
    practice = desk.retention.practice
    page = TransparencyPage(
        when=moment(wall_clock_ms()),
        holds=(
            counted(len(rows), "session"),
            f"{counted(sum(one.sound_there for one in kept), 'recording')} with sound",
            f"{counted(sum(row.words for row in rows), 'word')} written down by the machine",
            f"{counted(sum(not one.approved for one in kept), 'session')} not approved",
            counted(len(vault.clients.list()), "client"),
        ),
        models=tuple((model, counted(number, "session")) for model, number in vault.sessions.models()),
        second=second_model(desk) if desk.pipeline.second_model() else "",
        pool=look(desk.settings.run_dir).may_get_sound,
        machines=_machines(vault.sessions.heard_by(LATEST_SESSIONS)),
        sent=tuple(_sent(one) for one in network.interfaces),
        peers=network.peers,
        outside=network.outside,
        sound_days=practice.audio_days,
        text_days=practice.text_days,
    )
    return show(request, page, here="trust")


def _machines(heard: Sequence[HeardBy]) -> tuple[tuple[str, str], ...]:
    """Name every session's machines, where any of them was not this box."""
    if not any(one.machine for one in heard):
        return ()
    return tuple(
        (
            moment(started_at_ms),
            ", ".join(f"{one.machine or 'this box'} ({counted(one.windows, 'window')})" for one in of_session),
        )
        for (started_at_ms, _), of_session in groupby(heard, key=lambda one: (one.started_at_ms, one.session_id))
    )


def _sent(one: Interface) -> str:
    return f"{one.name}: {one.sent_bytes / MEGABYTE:,.1f} MB sent, {one.received_bytes / MEGABYTE:,.1f} MB received"
