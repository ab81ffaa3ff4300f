"""What a page is told while it is open, as server-sent events. One stream a page, fed by parts that know their news."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool

from app.web.audited import unaudited
from app.web.desk import Desk, SignedIn, TheDesk, box_for, visitor
from app.web.pages import Context, render
from app.web.ports import Changes

if TYPE_CHECKING:
    from app.web.box import BoxView

GONE = "gone"  # what the page is about was erased; its data is where to go from there
LOOK_UP_S = 5.0  # how late an idle or absolute end of the sign-in may be noticed

router = APIRouter()


class Part(Protocol):
    """Something on the page that keeps itself up to date."""

    def news(self) -> list[ServerSentEvent]:
        """Say what is new since the last call; the first call says everything. Called in a worker thread."""
        ...


class BoxPart:
    """The strip: swapped whole when it says something else, its moving part by itself."""

    def __init__(self, desk: Desk, person: SignedIn | None) -> None:
        self._desk = desk
        self._person = person
        self._shown: BoxView | None = None

    def news(self) -> Iterator[ServerSentEvent]:
        now, shown = box_for(self._desk, self._person), self._shown
        self._shown = now
        if shown is None or now.still() != shown.still():
            yield swap("box", self._desk.templates, now)
        if shown is None or now.pulse != shown.pulse:
            yield swap("pulse", self._desk.templates, now.pulse)


def swap(event: str, templates: Environment, context: Context) -> ServerSentEvent:
    """Give the event with which htmx swaps in a fragment."""
    return ServerSentEvent(event=event, raw_data=str(render(templates, context)))


async def stream(
    request: Request, desk: Desk, parts_for: Callable[[SignedIn], Sequence[Part]] | None = None, *, signed: bool
) -> AsyncGenerator[ServerSentEvent]:
    """Tell one page what changes, until it closes, the server stops or the sign-in is over.

    `signed` is whether the page shows what only somebody signed in may see. Its last event is then "ended" with the
    reason, upon which it goes to the sign-in page, so that nothing stays readable. It ends after `GONE` as well.
    """
    person = visitor(request, touch=False)
    box, parts = BoxPart(desk, person), parts_for(person) if parts_for and person else ()
    async with _bells(desk, person, with_sessions=bool(parts)) as (awake, sessions_changed):
        while not desk.closing.is_set():
            awake.clear()
            if signed and visitor(request, touch=False) is None:
                yield ServerSentEvent(event="ended", raw_data=_why_over(desk, person))
                return
            for event in box.news():
                yield event
            if sessions_changed.is_set():
                sessions_changed.clear()
                for part in parts:
                    for event in await run_in_threadpool(part.news):
                        yield event
                        if event.event == GONE:
                            return
            await _either(awake, LOOK_UP_S)


def _why_over(desk: Desk, person: SignedIn | None) -> str:
    locked = person is not None and desk.vaults.get(person.sign_in.vault_id) is None
    return "locked" if locked else "over"


@asynccontextmanager
async def _bells(
    desk: Desk, person: SignedIn | None, *, with_sessions: bool
) -> AsyncIterator[tuple[asyncio.Event, asyncio.Event]]:
    """Give an event that is set by anything of interest, and one that is set by changes of sessions."""
    awake, sessions_changed = asyncio.Event(), asyncio.Event()
    sessions_changed.set()
    rings = [_ring_at_changes(desk.recorder.changes, awake), _ring_once(desk.closing, awake)]
    if person is not None:
        rings.append(_ring_once(person.sign_in.ended, awake))
    if with_sessions:
        rings.append(_ring_at_changes(desk.pipeline.changes, sessions_changed, awake))
    tasks = [asyncio.create_task(ring) for ring in rings]
    await asyncio.sleep(0)  # all are watching before the first look, so that no change falls between
    try:
        yield awake, sessions_changed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ring_at_changes(changes: Changes, *bells: asyncio.Event) -> None:
    async for _ in changes.watch():
        for bell in bells:
            bell.set()


async def _ring_once(what: asyncio.Event, bell: asyncio.Event) -> None:
    await what.wait()
    bell.set()


async def _either(bell: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(bell.wait(), timeout_s)
    except TimeoutError:
        return


@router.get(
    "/events",
    response_class=EventSourceResponse,
    dependencies=[unaudited("shows what the light shows everybody in the room")],
)
async def box_events(request: Request, desk: TheDesk, *, signed: bool = False) -> AsyncIterator[ServerSentEvent]:
    """Serve pages that keep only the box up to date; `signed` as in `stream`."""
    async with aclosing(stream(request, desk, signed=signed)) as events:
        async for event in events:
            yield event
