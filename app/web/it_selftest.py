"""Clinic IT's look at what the device has measured of itself, and at the parts that take a person to try."""

from dataclasses import dataclass
from typing import ClassVar

import anyio
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.box_parts import check_parts
from app.finding import Finding, Verdict
from app.selftest_state import read_selftest
from app.web.audited import add_box_event, unaudited
from app.web.desk import Desk, TheDesk, show_part
from app.web.it_signed_in import It
from app.web.wording import moment
from firmware.status import BoxState

router = APIRouter(prefix="/it/selftest")

WORDS = {
    Verdict.FINE: "Works",
    Verdict.ATTENTION: "Look at it",
    Verdict.BROKEN: "Broken",
    Verdict.NOT_TRIED: "Not tried",
}
SHOWN_LIVE = {"button", "light", "microphone"}  # as they are now, rather than as they were then


@dataclass(frozen=True, slots=True)
class Row:
    check: str
    word: str
    sentence: str
    to_mend: bool


@dataclass(frozen=True, slots=True)
class SelfTestView:
    """Also a fragment, which asks anew while the light is being tried."""

    template: ClassVar[str] = "_selftest.html"
    rows: tuple[Row, ...]
    when: str  # the figures were measured; "" where they never were
    trying: bool
    may_try: bool


def selftest_view(desk: Desk) -> SelfTestView:
    status, kept = desk.recorder.status, read_selftest(desk.settings.data_dir)
    measured = [finding for finding in kept.findings if finding.check not in SHOWN_LIVE] if kept else []
    return SelfTestView(
        rows=tuple(_row(finding) for finding in (*check_parts(status), *measured)),
        when=f"Version {kept.version}, {moment(kept.at_ms)}" if kept else "",
        trying=status is not None and status.parts.trying,
        may_try=status is not None and status.state in {BoxState.READY, BoxState.NOT_READY},
    )


def _row(finding: Finding) -> Row:
    remedy = "" if finding.verdict is Verdict.NOT_TRIED else finding.remedy  # it stands below all of them
    sentence = f"{finding.sentence} {remedy}".rstrip()
    return Row(finding.check.capitalize(), WORDS[finding.verdict], sentence, finding.verdict in _TO_MEND)


_TO_MEND = frozenset({Verdict.ATTENTION, Verdict.BROKEN})


@router.get("", dependencies=[unaudited("shows what the device can do, and nothing clinical")])
def selftest(request: Request, desk: TheDesk, _it: It) -> Response:
    return show_part(request, selftest_view(desk))


@router.post("/try", dependencies=[unaudited("adds its event itself: it is the box's")])
async def try_light(desk: TheDesk, _it: It) -> Response:
    """Ask for green and red to flash in turn; the recorder does so only while no session is going on."""
    await anyio.to_thread.run_sync(add_box_event, desk, "it.tried_light")
    await desk.recorder.try_light()
    return RedirectResponse("/it#selftest", 303)
