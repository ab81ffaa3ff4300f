"""What this machine does with what you say: for clients, on the screen or on paper."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.pool.seen import look
from app.web.audited import unaudited
from app.web.desk import TheDesk, show

router = APIRouter()


@dataclass(frozen=True, slots=True)
class TrustPage:
    template: ClassVar[str] = "trust.html"
    pool: bool  # sound may go to a machine of the clinic


@router.get("/trust", dependencies=[unaudited("shows nothing of anybody")])
def trust(request: Request, desk: TheDesk) -> Response:
    """Nobody needs to be signed in to read it."""
    return show(request, TrustPage(look(desk.settings.run_dir).may_get_sound), here="trust")
