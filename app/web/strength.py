"""Tells how strong a passphrase is while it is typed. Nothing is kept of it. Handles passphrases in clear."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from app.vault.credentials import NAME_LIMIT, PASSPHRASE_MINIMUM
from app.vault.strength import ENOUGH_LOG10, STRONG_LOG10, strength_of
from app.web.audited import unaudited
from app.web.desk import TheDesk, show_part

router = APIRouter()

MOST_WAITING = 8


@dataclass(frozen=True, slots=True)
class StrengthMeter:
    template: ClassVar[str] = "_strength.html"
    grade: int  # 0 to 4
    words: str  # "" before anything was typed


@router.post("/passphrase-strength", dependencies=[unaudited("keeps and shows nothing of anybody")])
async def measure(
    request: Request, desk: TheDesk, passphrase: Annotated[str, Form()] = "", name: Annotated[str, Form()] = ""
) -> Response:
    """Give the meter for what has been typed so far. Anybody may ask, so it takes one thread at most."""
    if desk.one_estimate.statistics().tasks_waiting >= MOST_WAITING:
        return Response(status_code=204)  # the meter stays as it is; the next letter asks again
    meter = await anyio.to_thread.run_sync(strength_meter, passphrase, name[:NAME_LIMIT], limiter=desk.one_estimate)
    return show_part(request, meter)


def strength_meter(passphrase: str, name: str) -> StrengthMeter:
    """Grade a passphrase. Pure."""
    if not passphrase:
        return StrengthMeter(0, "")
    log10 = strength_of(passphrase, [name]).guesses_log10
    if len(passphrase.strip()) < PASSPHRASE_MINIMUM:
        return StrengthMeter(1, f"Short: it takes {PASSPHRASE_MINIMUM} characters at least.")
    if log10 < ENOUGH_LOG10:
        return StrengthMeter(2, "Easy to guess. Add words that do not belong together.")
    return StrengthMeter(4, "Strong.") if log10 >= STRONG_LOG10 else StrengthMeter(3, "Good.")
