"""Today: what waits for me? What is done stands in the list of all sessions (app/web/all_sessions.py)."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from app.domain import SessionRow, SessionState
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show
from app.web.events import stream, swap
from app.web.opened import APPROVED, UNDER_REVIEW
from app.web.standing import Standing, minutes_for, reading_minutes, standing
from app.web.wording import counted, length, near_day, time_of_day

SHOWN = 20  # as many as anybody works through in a day; the others come up as these are done
ON_ITS_WAY = frozenset(SessionState) - UNDER_REVIEW - APPROVED

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
class SessionList:
    template: ClassVar[str] = "_sessions.html"
    waiting: tuple[Entry, ...]  # oldest first
    estimate: str  # how much that is in all
    more: int  # that wait as well and are not shown
    coming: tuple[Entry, ...]
    others: bool  # whether there are sessions that are done
    problem: str
    simulator_url: str | None

    @property
    def empty(self) -> bool:
        return not (self.waiting or self.coming or self.others)


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
    sessions = person.vault.sessions
    waiting = sessions.page(UNDER_REVIEW, SHOWN, oldest_first=True)
    coming = sessions.page(ON_ITS_WAY, SHOWN, oldest_first=False)
    return SessionList(
        waiting=tuple(entry_of(row, desk) for row in waiting.rows),
        estimate=f"{counted(waiting.total, 'draft')}, about {length(minutes_for(waiting.words) * 60_000)} to read.",
        more=waiting.total - len(waiting.rows),
        coming=tuple(entry_of(row, desk) for row in coming.rows),
        others=bool(sessions.page(APPROVED, 0, oldest_first=True).total or person.vault.erasures.receipts()),
        problem=(desk.pipeline.speech_problem or "") if coming.rows else "",
        simulator_url=desk.settings.simulator_url,
    )


def entry_of(row: SessionRow, desk: Desk) -> Entry:
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
