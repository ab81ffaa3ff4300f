"""Today: what waits for me?"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from app.domain import SessionRow
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show
from app.web.events import stream, swap
from app.web.opened import APPROVED, UNDER_REVIEW
from app.web.standing import Standing, reading_minutes, standing
from app.web.wording import counted, length, moment, near_day, time_of_day

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Entry:
    """A session in the list."""

    session_id: str
    day: str
    began: str
    facts: str
    standing: Standing
    problem: str  # of this session; what keeps all of them waiting stands above the list


@dataclass(frozen=True, slots=True)
class Erased:
    """A withdrawn session, of which only the receipt is left."""

    session_id: str
    when: str


@dataclass(frozen=True, slots=True)
class SessionList:
    template: ClassVar[str] = "_sessions.html"
    waiting: tuple[Entry, ...]  # oldest first
    coming: tuple[Entry, ...]
    done: tuple[Entry, ...]  # newest first
    erased: tuple[Erased, ...]  # newest first
    problem: str
    simulator_url: str | None

    @property
    def empty(self) -> bool:
        return not (self.waiting or self.coming or self.done or self.erased)


@dataclass(frozen=True, slots=True)
class TodayPage:
    template: ClassVar[str] = "today.html"
    sessions: SessionList


@router.get("/today", dependencies=[audited("sessions.listed", "listed all sessions")])
def today(request: Request, desk: TheDesk, person: Person) -> Response:
    return show(request, TodayPage(session_list(desk, person)), here="today", events_url="/today/events")


@router.get(
    "/today/events",
    response_class=EventSourceResponse,
    dependencies=[audited("sessions.followed", "kept the list of sessions open on a page")],
)
async def today_events(request: Request, desk: TheDesk) -> AsyncIterator[ServerSentEvent]:
    parts = lambda person: (ListPart(desk, person),)  # noqa: E731  one line, one use
    async with aclosing(stream(request, desk, parts, signed=True)) as events:
        async for event in events:
            yield event


class ListPart:
    """Keeps the list up to date."""

    def __init__(self, desk: Desk, person: SignedIn) -> None:
        self._desk = desk
        self._person = person
        self._shown: SessionList | None = None

    def news(self) -> list[ServerSentEvent]:
        now, shown = session_list(self._desk, self._person), self._shown
        self._shown = now
        return [] if now == shown else [swap("sessions", self._desk.templates, now)]


def session_list(desk: Desk, person: SignedIn) -> SessionList:
    found = person.vault.sessions.list()
    waiting = [row for row in found if row.state in UNDER_REVIEW]
    done = [row for row in found if row.state in APPROVED]
    coming = [row for row in found if row.state not in UNDER_REVIEW | APPROVED]
    return SessionList(
        waiting=tuple(_entry(row, desk) for row in reversed(waiting)),
        coming=tuple(_entry(row, desk) for row in coming),
        done=tuple(_entry(row, desk) for row in done),
        erased=tuple(Erased(one.session_id, moment(one.asked_at_ms)) for one in person.vault.erasures.receipts()),
        problem=(desk.pipeline.speech_problem or "") if coming else "",
        simulator_url=desk.settings.simulator_url,
    )


def _entry(row: SessionRow, desk: Desk) -> Entry:
    head = row.head
    facts = [length(row.duration_ms)] if row.samples else []
    if row.state in UNDER_REVIEW:
        facts += [counted(row.words, "word"), f"about {counted(reading_minutes(row), 'minute')} to read"]
    return Entry(
        session_id=head.session_id,
        day=near_day(head.started_at_ms, wall_clock_ms()),
        began=time_of_day(head.started_at_ms),
        facts=" · ".join(facts),
        standing=standing(row, desk.pipeline),
        problem=row.problem or "",
    )
