"""Appointments as the rest of the app speaks of them. Pure."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from app.errors import TacetError


class InvalidAppointment(TacetError):
    """What was asked for cannot be an appointment; the sentence says why."""


class Repeat(StrEnum):
    NONE = "none"
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Series:
    """An appointment and all its recurrences, as one small calendar."""

    series_id: str
    source: str  # "" for what was made on this box, else the calendar it came from
    uid: str
    client_id: str | None
    title: str = field(repr=False)
    ics: str = field(repr=False)
    first_ms: int  # UTC epoch
    last_ms: int | None  # None: without end


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One appointment on one day."""

    appointment_id: str
    series: Series
    starts_at_ms: int  # UTC epoch
    ends_at_ms: int
    all_day: bool
    repeats: bool
    recurrence: str  # which of the series, as the calendar counts it: moving the appointment does not change it

    @property
    def client_id(self) -> str | None:
        return self.series.client_id


def appointment_id(series_id: str, recurrence: str) -> str:
    """32 hex digits that name one occurrence and say nothing about it."""
    return hashlib.sha256(f"{series_id} {recurrence}".encode()).hexdigest()[:32]


def current(occurrences: list[Occurrence], now_ms: int, before_ms: int = 15 * 60_000) -> Occurrence | None:
    """The appointment that the next press of the button belongs to: under way, or about to begin.

    Where two overlap, the one that began last; an all-day entry is no appointment.
    """
    at_hand = [
        one for one in occurrences if not one.all_day and one.starts_at_ms - before_ms <= now_ms < one.ends_at_ms
    ]
    return max(at_hand, key=lambda one: one.starts_at_ms, default=None)
