"""Week and day: who comes when, and may I record?"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.preparing import consent_on_file
from app.records.appointments import Occurrence
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show

router = APIRouter()

FIRST_DATE, LAST_DATE = date(1900, 1, 8), date(2200, 12, 20)


@dataclass(frozen=True, slots=True)
class Slot:
    """An appointment as the week shows it."""

    address: str
    when: str
    title: str = field(repr=False)
    client_id: str
    may_record: bool
    now: bool
    prepared: bool


@dataclass(frozen=True, slots=True)
class WeekDay:
    iso: str
    name: str
    today: bool
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class WeekPage:
    template: ClassVar[str] = "week.html"
    title: str
    days: tuple[WeekDay, ...]
    one_day: bool
    before: str  # ISO dates
    today: str
    after: str
    current: Slot | None
    sources: tuple[tuple[str, int], ...]
    told: str  # what an import did


@router.get("/week", dependencies=[audited("week.opened", "saw the week")])
def week(request: Request, desk: TheDesk, person: Person, on: str = "", view: str = "week") -> Response:
    return show(request, week_page(desk, person, on, one_day=view == "day"), here="week")


def week_page(desk: TheDesk, person: Person, on: str = "", *, one_day: bool = False, told: str = "") -> WeekPage:
    vault, zone = person.vault, person.vault.appointments.zone
    now_ms = wall_clock_ms()
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    shown = day_from(on, today)
    first = shown if one_day else shown - timedelta(days=shown.weekday())
    count = 1 if one_day else 7
    step = timedelta(days=count)
    current = desk.preparing.current(vault)
    names = {one.client_id: one.name for one in vault.clients.list()}
    found = vault.appointments.between(_midnight(first, zone), _midnight(first + step, zone))
    slots = [(one, slot_of(vault, one, names, now_ms, current)) for one in found]
    return WeekPage(
        title=f"{first.day} {first:%B %Y}" if one_day else f"Week of {first.day} {first:%B %Y}",
        days=tuple(_day(first + timedelta(days=at), today, slots, zone) for at in range(count)),
        one_day=one_day,
        before=(first - step).isoformat(),
        today=today.isoformat(),
        after=(first + step).isoformat(),
        current=slot_of(vault, current, names, now_ms, current) if current else None,
        sources=tuple(vault.appointments.sources()),
        told=told,
    )


def slot_of(vault: Vault, one: Occurrence, names: dict[str, str], now_ms: int, current: Occurrence | None) -> Slot:
    zone = vault.appointments.zone
    start, end = (datetime.fromtimestamp(ms / 1000, zone) for ms in (one.starts_at_ms, one.ends_at_ms))
    return Slot(
        address=f"/appointments/{one.series.series_id}/{one.recurrence}?on={start.date().isoformat()}",
        when="all day" if one.all_day else f"{start:%H:%M} to {end:%H:%M}",
        title=names.get(one.client_id or "", one.series.title or "Without a name"),
        client_id=one.client_id or "",
        may_record=consent_on_file(vault, one.client_id, now_ms),
        now=one.starts_at_ms <= now_ms < one.ends_at_ms,
        prepared=current is not None and one.appointment_id == current.appointment_id,
    )


def day_from(typed: str, fallback: date) -> date:
    """Give the day, kept within what a calendar holds; what is no date is the fallback."""
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        return fallback
    return min(max(found, FIRST_DATE), LAST_DATE)


def _midnight(on: date, zone: tzinfo) -> datetime:
    return datetime.combine(on, time(), zone)


def _day(on: date, today: date, slots: list[tuple[Occurrence, Slot]], zone: tzinfo) -> WeekDay:
    start_ms, end_ms = (_midnight(one, zone).timestamp() * 1000 for one in (on, on + timedelta(days=1)))
    inside = [
        slot
        for one, slot in slots
        if start_ms <= one.starts_at_ms < end_ms
        or (one.all_day and one.starts_at_ms < end_ms and one.ends_at_ms > start_ms)
    ]
    return WeekDay(on.isoformat(), f"{on:%A} {on.day} {on:%B}", on == today, tuple(inside))
