"""Clinic IT: the pool as this box sees it, and how a box gets into one."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.neighbours import PoolHeard
from app.pool.seen import PoolSeen, Standing, look
from app.vault.sessions import wall_clock_ms
from app.web.audited import unaudited
from app.web.desk import Desk, TheDesk, show, show_part
from app.web.it_signed_in import It, ItWatching
from app.web.pool_standing import PoolView, pool_view

router = APIRouter(prefix="/it/pool")


@dataclass(frozen=True, slots=True)
class PoolPage:
    template: ClassVar[str] = "pool.html"
    pool: PoolView
    outside: bool  # it can be made a member
    near: tuple[PoolHeard, ...]  # on this network: for looking, not for trusting
    box: str  # what it would be called there


@router.get("", dependencies=[unaudited("shows machines and counts, and nothing clinical")])
def pool(request: Request, desk: TheDesk, _it: It) -> Response:
    seen = look(desk.settings.run_dir)
    outside = seen.standing is Standing.OFF or (seen.standing is Standing.REFUSED and not seen.pool)
    page = PoolPage(_view(desk, seen), outside, desk.neighbours.pools.all(), desk.settings.name)
    return show(request, page, here="it")


@router.get("/now", dependencies=[unaudited("the same, as a part of the page")])
def now(request: Request, desk: TheDesk, _it: ItWatching) -> Response:
    return show_part(request, _view(desk, look(desk.settings.run_dir)))


def _view(desk: Desk, seen: PoolSeen) -> PoolView:
    return pool_view(seen, desk.tally, wall_clock_ms())
