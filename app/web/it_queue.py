"""Clinic IT's look at what waits to be heard: counts and lengths, never whose."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.asr.transcriber import SAMPLE_RATE_HZ, WINDOW_SAMPLES
from app.hearing_queue import HearingQueue
from app.web.audited import unaudited
from app.web.desk import Desk, TheDesk, show_part
from app.web.it_signed_in import ItWatching
from app.web.wording import counted, length

router = APIRouter(prefix="/it/queue")

_WINDOW_MS = WINDOW_SAMPLES * 1000 // SAMPLE_RATE_HZ
NOTHING = "Nothing waits: what was recorded for vaults that are open has been heard."


@dataclass(frozen=True, slots=True)
class QueueView:
    """A fragment that asks anew."""

    template: ClassVar[str] = "_queue.html"
    facts: tuple[tuple[str, str], ...]
    problem: str = ""  # why no words come


def queue_view(desk: Desk) -> QueueView:
    vaults = desk.vaults
    locked = len(vaults.accounts()) - len(vaults.unlocked())
    facts = (*_of_queue(desk.pipeline.queue()), *_of_locked(locked))
    return QueueView(facts, desk.pipeline.speech_problem or "")


@router.get("", dependencies=[unaudited("shows counts, and nothing clinical")])
def queue(request: Request, desk: TheDesk, _it: ItWatching) -> Response:
    return show_part(request, queue_view(desk))


def _of_queue(queue: HearingQueue) -> Iterator[tuple[str, str]]:
    windows = -(-queue.behind_ms // _WINDOW_MS)
    if queue.live or queue.ended:
        sound = f"{length(queue.behind_ms)} of sound, in {counted(windows, 'window')}"
        yield "Waits to be heard", f"{sound}, of {counted(queue.live + queue.ended, 'session')}"
    else:
        yield "Waits to be heard", NOTHING
    if queue.live:
        yield "Live session", f"its words are {length(queue.live_behind_ms)} behind"
    if queue.hearing is not None:
        yield "Heard now", "the session that goes on" if queue.hearing.live else "a session that has ended"


def _of_locked(locked: int) -> Iterator[tuple[str, str]]:
    if locked:
        verb = "is" if locked == 1 else "are"
        yield (
            "Not counted",
            f"{counted(locked, 'vault')} {verb} locked: what waits there is heard once its owner signs in",
        )
