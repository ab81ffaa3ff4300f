"""Calendar files in and out, and what recurs expanded. With `calendar_writing`, the files that know iCalendar.

Of an event only times, rules and title are kept: descriptions, attendees and links stay outside. Source: RFC 5545.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, TypeVar

import icalendar
import recurring_ical_events

from app.errors import TacetError
from app.records.appointments import Occurrence, Series, appointment_id
from app.records.calendar_rules import why_not_expanded

log = logging.getLogger(__name__)

DAMAGED = "it is damaged"
MAX_BYTES = 16 * 1024 * 1024
MAX_EVENTS = 20_000
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
KEPT = frozenset({"UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"})
KEPT |= {"SUMMARY", "STATUS", "SEQUENCE", "DTSTAMP", "TRANSP"}
T = TypeVar("T")
U = TypeVar("U")
_PROPERTY = re.compile(r"[A-Za-z0-9-]+")
_DEFAULT_LENGTH = timedelta(hours=1)


class UnreadableCalendar(TacetError):
    """The file is no calendar that can be taken in; nothing was changed. The sentence says what to do."""


@dataclass(frozen=True, slots=True)
class ReadEvent:
    uid: str
    title: str = field(repr=False)
    ics: str = field(repr=False)
    first_ms: int
    last_ms: int | None


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    name: str
    events: tuple[ReadEvent, ...] = field(repr=False)
    left_out: tuple[str, ...]  # a sentence a kind


@dataclass(frozen=True, slots=True)
class _Raw:
    """A component's kept lines beside what the library read from it."""

    text: str = field(repr=False)
    event: icalendar.Event = field(repr=False)


def read_calendar(content: bytes, zone: tzinfo, fallback_name: str = "calendar") -> ReadCalendar:
    """Read a calendar file whole, or refuse it.

    Args:
        content: The file.
        zone: What times without a zone are meant in.
        fallback_name: The calendar's name where the file gives none.

    Raises:
        UnreadableCalendar: It is no calendar, broken, or too large.
    """
    text = _decoded(content)
    calendar = _parsed(text)
    zones, events = _components(text)
    parsed = calendar.walk("VEVENT")
    if len(parsed) != len(events):
        raise UnreadableCalendar("This calendar file is damaged in the middle. Export it again and import it anew.")
    if len(events) > MAX_EVENTS:
        raise UnreadableCalendar(
            f"This calendar holds {len(events):,} events; up to {MAX_EVENTS:,} can be taken in at once. Export a "
            "shorter stretch of time."
        )
    raws = [_Raw(lines, event) for lines, event in zip(events, parsed, strict=True)]
    name = str(calendar.get("X-WR-CALNAME", "")).strip() or fallback_name
    return _sorted_out(name[:200], raws, zones, zone)


def expand(series: Series, start: datetime, end: datetime, zone: tzinfo) -> list[Occurrence]:
    """The occurrences that touch the span, in order; what was cancelled is not among them.

    One whose rule the library cannot follow has none: an event from elsewhere must not take the week away.
    """
    try:
        return _occurrences(series, start, end, zone)
    except Exception:  # noqa: BLE001  the library fails over foreign files in more ways than it names
        log.warning("an appointment has a rule that cannot be followed")
        return []


def _occurrences(series: Series, start: datetime, end: datetime, zone: tzinfo) -> list[Occurrence]:
    calendar = icalendar.Calendar.from_ical(series.ics)
    repeats = "\nRRULE" in series.ics or "\nRDATE" in series.ics
    found = []
    for event in recurring_ical_events.of(calendar).between(start.astimezone(zone), end.astimezone(zone)):
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        recurrence = _stamp(event["RECURRENCE-ID"].dt if "RECURRENCE-ID" in event else event.start, zone)
        found.append(_occurrence(series, event, recurrence, zone, repeats=repeats))
    return sorted(found, key=lambda one: (one.starts_at_ms, one.appointment_id))


def to_ms(moment: date | datetime, zone: tzinfo) -> int:
    """UTC epoch milliseconds; a day begins at its midnight, a time without a zone is meant in `zone`."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def single_calendar(events: Iterable[str], zones: Iterable[str] = ()) -> str:
    """One small calendar around components."""
    body = "".join((*zones, *events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Tacet//EN\r\n{body}END:VCALENDAR\r\n"


def _occurrence(series: Series, event: Any, recurrence: str, zone: tzinfo, *, repeats: bool) -> Occurrence:
    start = event.start
    starts_at_ms = to_ms(start, zone)
    return Occurrence(
        appointment_id=appointment_id(series.series_id, recurrence),
        series=series,
        starts_at_ms=starts_at_ms,
        ends_at_ms=max(starts_at_ms, to_ms(event.end, zone)),
        all_day=not isinstance(start, datetime),
        repeats=repeats,
        recurrence=recurrence,
    )


def _stamp(moment: date | datetime, zone: tzinfo) -> str:
    if isinstance(moment, datetime):
        return str(to_ms(moment, zone))
    return moment.isoformat()


def _decoded(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise UnreadableCalendar(
            f"This file is larger than {MAX_BYTES // 1024 // 1024} MB. Export a shorter stretch of time and try again."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if "BEGIN:VCALENDAR" not in text:
        raise UnreadableCalendar(
            "This is no calendar file. Export the calendar as an .ics file and choose that one; nothing was changed."
        )
    return re.sub(r"\r\n?|\n", "\n", text)


def _parsed(text: str) -> icalendar.Calendar:
    try:
        return icalendar.Calendar.from_ical(text)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError, RecursionError, OverflowError):
        pass  # the library's own message quotes the file
    raise UnreadableCalendar(
        "This calendar file is broken, perhaps cut off on the way. Export it again; nothing was changed."
    )


def _components(text: str) -> tuple[list[str], list[str]]:
    """The lines of every VTIMEZONE, and of every VEVENT without what is not kept and without what lies inside it."""
    zones: list[str] = []
    events: list[str] = []
    current: list[str] = []
    inside: list[str] = []
    keep = False
    for line in text.split("\n"):
        if line[:1] in {" ", "\t"}:
            if keep:
                current.append(line)
            continue
        upper = line.upper()
        if upper.startswith("BEGIN:"):
            inside.append(upper[6:].strip())
            if inside[-1] in {"VEVENT", "VTIMEZONE"}:
                current = []
        in_zone = "VTIMEZONE" in inside
        keep = in_zone or (inside[-1:] == ["VEVENT"] and _is_kept(line))
        if keep:
            current.append(line)
        if upper.startswith("END:") and inside:
            ended = inside.pop()
            if ended in {"VEVENT", "VTIMEZONE"}:
                (events if ended == "VEVENT" else zones).append("\r\n".join(current) + "\r\n")
    return zones, events


def _is_kept(line: str) -> bool:
    name = _PROPERTY.match(line)
    return name is not None and name[0].upper() in KEPT | {"BEGIN", "END"}


def _sorted_out(name: str, raws: list[_Raw], zones: list[str], zone: tzinfo) -> ReadCalendar:
    by_uid: dict[str, list[_Raw]] = defaultdict(list)
    left_out: dict[str, int] = defaultdict(int)
    for raw in raws:
        reason = _read(_why_left_out, raw.event, otherwise=DAMAGED)
        if reason:
            left_out[reason] += 1
        else:
            by_uid[str(raw.event["UID"])].append(raw)
    read: list[ReadEvent | None] = [
        _read(_event, uid, group, zones, zone, otherwise=None) for uid, group in by_uid.items()
    ]
    if None in read:
        left_out[DAMAGED] += read.count(None)
    events = tuple(event for event in read if event is not None)
    return ReadCalendar(name, events, tuple(_counted(count, reason) for reason, count in left_out.items()))


def _read(reading: Callable[..., T], *args: object, otherwise: U) -> T | U:
    """What the library makes of a part of the file; it fails over foreign files in more ways than it names."""
    try:
        return reading(*args)
    except Exception:  # noqa: BLE001  see above
        return otherwise


def _counted(count: int, reason: str) -> str:
    return f"1 event was left out: {reason}." if count == 1 else f"{count:,} events were left out: {reason}."


def _why_left_out(event: icalendar.Event) -> str | None:
    if not str(event.get("UID", "")).strip():
        return "it has no identity (UID)"
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date):
        return "it has no readable beginning"
    if not EARLIEST_YEAR <= start.year <= LATEST_YEAR:
        return f"it lies before {EARLIEST_YEAR} or after {LATEST_YEAR}"
    if event.errors:
        return DAMAGED
    return why_not_expanded(event)


def _event(uid: str, group: list[_Raw], zones: list[str], zone: tzinfo) -> ReadEvent:
    group = _newest_of_each(group)
    master = next((one.event for one in group if "RECURRENCE-ID" not in one.event), group[0].event)
    texts = [one.text for one in group]
    needed = [one for one in zones if any(f"TZID={_zone_id(one)}" in text.replace('"', "") for text in texts)]
    starts_and_ends = [span for one in group for span in _span(one.event, zone)]
    return ReadEvent(
        uid=uid,
        title=str(master.get("SUMMARY", "")).strip()[:500],
        ics=single_calendar(texts, needed),
        first_ms=min(starts_and_ends),
        last_ms=_last_ms(group, max(starts_and_ends), zone),
    )


def _newest_of_each(group: list[_Raw]) -> list[_Raw]:
    """One component an occurrence: where a file holds several, the one with the highest sequence."""
    newest: dict[str, _Raw] = {}
    for raw in group:
        key = str(raw.event["RECURRENCE-ID"].dt) if "RECURRENCE-ID" in raw.event else ""
        if key not in newest or int(raw.event.get("SEQUENCE", 0)) >= int(newest[key].event.get("SEQUENCE", 0)):
            newest[key] = raw
    return list(newest.values())


def _zone_id(lines: str) -> str:
    match = re.search(r"^TZID:(.*)$", lines, re.MULTILINE)
    return match[1].strip().replace('"', "") if match else "\0"


def _span(event: icalendar.Event, zone: tzinfo) -> Iterator[int]:
    start = event["DTSTART"].dt
    yield to_ms(start, zone)
    yield to_ms(_end(event, start), zone)


def _end(event: icalendar.Event, start: date) -> date:
    if "DTEND" in event:
        end: date = event["DTEND"].dt
        return end
    length = event["DURATION"].dt if "DURATION" in event else None
    if length is None:
        length = _DEFAULT_LENGTH if isinstance(start, datetime) else timedelta(days=1)
    return start + length


def _last_ms(group: list[_Raw], last_ms: int, zone: tzinfo) -> int | None:
    """When the last occurrence is over, a day added for zones; None for what has no end that can be read off."""
    for raw in group:
        if "RDATE" in raw.event:
            return None
        for rule in _rules(raw.event):
            until = rule.get("UNTIL")
            if not until:
                return None
            length_ms = max(_span(raw.event, zone)) - min(_span(raw.event, zone))
            last_ms = max(last_ms, to_ms(until[0], zone) + length_ms)
    return last_ms + 24 * 3600 * 1000


def _rules(event: icalendar.Event) -> list[Any]:
    rules = event.get("RRULE", [])
    return rules if isinstance(rules, list) else [rules]
