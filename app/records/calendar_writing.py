"""Appointments made on this box, and files of appointments for elsewhere, in iCalendar's words."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import icalendar

from app.records.appointments import InvalidAppointment, Occurrence, Repeat, Series
from app.records.calendar_files import EARLIEST_YEAR, LATEST_YEAR, to_ms

LONGEST_MINUTES = 24 * 60
_RULES: dict[Repeat, dict[str, Any]] = {
    Repeat.WEEKLY: {"FREQ": "WEEKLY"},
    Repeat.FORTNIGHTLY: {"FREQ": "WEEKLY", "INTERVAL": 2},
    Repeat.MONTHLY: {"FREQ": "MONTHLY"},
}


def new_series(  # noqa: PLR0913, PLR0917  an appointment has that many sides
    series_id: str,
    client_id: str | None,
    title: str,
    start: datetime,
    minutes: int,
    repeat: Repeat = Repeat.NONE,
    until: date | None = None,
) -> Series:
    """An appointment of this box, repeated by local time: ten o'clock stays ten o'clock across daylight saving.

    Raises:
        InvalidAppointment: The sentence says what to change.
    """
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise InvalidAppointment("An appointment lasts between a minute and a day. Change its length and save again.")
    if not EARLIEST_YEAR <= start.year <= LATEST_YEAR:
        raise InvalidAppointment(f"Appointments lie between {EARLIEST_YEAR} and {LATEST_YEAR}. Check the date.")
    if until is not None and until < start.date():
        raise InvalidAppointment("The last day lies before the first. Change one of them and save again.")
    event = icalendar.Event()
    event.add("UID", f"{series_id}@tacet")
    event.add("DTSTAMP", datetime.now(UTC))
    event.add("SUMMARY", title)
    event.add("DTSTART", start)
    event.add("DURATION", timedelta(minutes=minutes))
    last_ms: int | None = to_ms(start, UTC) + minutes * 60_000 + 24 * 3600 * 1000
    if repeat is not Repeat.NONE:
        rule = dict(_RULES[repeat])
        if until is not None:
            rule["UNTIL"] = datetime.combine(until, time(23, 59, 59), start.tzinfo).astimezone(UTC)
        event.add("RRULE", rule)
        last_ms = None if until is None else to_ms(rule["UNTIL"], UTC) + (minutes + 24 * 60) * 60_000
    return Series(series_id, "", f"{series_id}@tacet", client_id, title, _wrap([event]), to_ms(start, UTC), last_ms)


def without(occurrence: Occurrence, zone: tzinfo) -> str:
    """The series' calendar without this one occurrence."""

    def change(calendar: icalendar.Calendar) -> None:
        moment = _moment_of(occurrence, zone)
        for event in list(calendar.events):
            if "RECURRENCE-ID" in event and _same(event["RECURRENCE-ID"].dt, moment, zone):
                calendar.subcomponents.remove(event)
            elif "RECURRENCE-ID" not in event:
                event.add("EXDATE", moment)

    return _changed(occurrence.series, change)


def moved(occurrence: Occurrence, start: datetime, minutes: int, zone: tzinfo) -> str:
    """The series' calendar with this one occurrence at another time; its identity stays what it was.

    Raises:
        InvalidAppointment: The sentence says what to change.
    """
    if not 1 <= minutes <= LONGEST_MINUTES or not EARLIEST_YEAR <= start.year <= LATEST_YEAR:
        raise InvalidAppointment("An appointment lasts between a minute and a day, in this century or the next.")

    def change(calendar: icalendar.Calendar) -> None:
        moment = _moment_of(occurrence, zone)
        for event in list(calendar.events):
            if "RECURRENCE-ID" in event and _same(event["RECURRENCE-ID"].dt, moment, zone):
                calendar.subcomponents.remove(event)
        override = icalendar.Event()
        override.add("UID", occurrence.series.uid)
        override.add("DTSTAMP", datetime.now(UTC))
        override.add("RECURRENCE-ID", moment)
        override.add("SUMMARY", occurrence.series.title)
        override.add("DTSTART", start)
        override.add("DURATION", timedelta(minutes=minutes))
        calendar.add_component(override)

    return _changed(occurrence.series, change)


def ended_before(occurrence: Occurrence, zone: tzinfo) -> str:
    """The series' calendar that ends before this occurrence."""
    last = datetime.fromtimestamp(occurrence.starts_at_ms / 1000 - 1, UTC)

    def change(calendar: icalendar.Calendar) -> None:
        for event in list(calendar.events):
            if "RECURRENCE-ID" in event and to_ms(event["RECURRENCE-ID"].dt, zone) >= occurrence.starts_at_ms:
                calendar.subcomponents.remove(event)
            for rule in [event["RRULE"]] if "RRULE" in event else []:
                rule.pop("COUNT", None)
                rule["UNTIL"] = [last if isinstance(event["DTSTART"].dt, datetime) else last.date()]

    return _changed(occurrence.series, change)


def write_calendar(occurrences: Iterable[Occurrence], name_of: Callable[[Occurrence], str]) -> bytes:
    """A calendar file of these appointments, each by itself, called what `name_of` says and nothing more."""
    events = []
    for occurrence in occurrences:
        event = icalendar.Event()
        event.add("UID", f"{occurrence.appointment_id}@tacet")
        event.add("DTSTAMP", datetime.now(UTC))
        event.add("SUMMARY", name_of(occurrence))
        event.add("DTSTART", datetime.fromtimestamp(occurrence.starts_at_ms / 1000, UTC))
        event.add("DTEND", datetime.fromtimestamp(occurrence.ends_at_ms / 1000, UTC))
        event.add("CLASS", "PRIVATE")
        events.append(event)
    return _wrap(events).encode()


def _changed(series: Series, change: Callable[[icalendar.Calendar], None]) -> str:
    calendar = icalendar.Calendar.from_ical(series.ics)
    change(calendar)
    return str(calendar.to_ical().decode())


def _moment_of(occurrence: Occurrence, zone: tzinfo) -> date | datetime:
    """The occurrence's place in its series, as the library compares it."""
    if "-" in occurrence.recurrence[1:]:
        return date.fromisoformat(occurrence.recurrence)
    moment = datetime.fromtimestamp(int(occurrence.recurrence) / 1000, UTC)
    start = icalendar.Calendar.from_ical(occurrence.series.ics).events[0]["DTSTART"].dt
    if start.tzinfo is None:  # a time without a zone is excepted by one without a zone
        return moment.astimezone(zone).replace(tzinfo=None)
    return moment.astimezone(start.tzinfo)


def _same(one: date, other: date, zone: tzinfo) -> bool:
    return to_ms(one, zone) == to_ms(other, zone)


def _wrap(events: Iterable[icalendar.Event]) -> str:
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//Tacet//EN")
    calendar.add("VERSION", "2.0")
    for event in events:
        calendar.add_component(event)
    return str(calendar.to_ical().decode())
