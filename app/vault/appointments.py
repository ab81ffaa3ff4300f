"""What a vault holds of appointments."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from app.records.appointments import Occurrence, Repeat, Series
from app.records.calendar_files import ReadCalendar, expand, to_ms
from app.records.calendar_writing import ended_before, moved, new_series, without
from app.records.people import folded
from app.records.zone import practice_zone
from app.vault import client_rows
from app.vault.database import Connection, Database, Row
from app.vault.errors import NoSuchAppointment
from app.vault.sessions import wall_clock_ms

_COLUMNS = "series_id, source, uid, client_id, title, ics, first_ms, last_ms"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed."""

    source: str
    added: int
    changed: int
    removed: int
    linked: int  # by the client's name or code in the title
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldSeries:
    """An appointment, or a series, as it is kept."""

    title: str = field(repr=False)
    calendar: str  # it was imported from; "" where it was made on this box
    ics: str = field(repr=False)


class AppointmentStore:
    """The appointments of one unlocked vault. Thread-safe; every change is durable on return, or did not happen."""

    def __init__(
        self, database: Database, zone: tzinfo | None = None, now_ms: Callable[[], int] = wall_clock_ms
    ) -> None:
        self._database = database
        self._now_ms = now_ms
        self.zone = zone or practice_zone()

    def add(  # noqa: PLR0913, PLR0917  an appointment has that many sides
        self,
        client_id: str | None,
        title: str,
        start: datetime,
        minutes: int,
        repeat: Repeat = Repeat.NONE,
        until: date | None = None,
    ) -> Series:
        """Enter an appointment of this box.

        Raises:
            InvalidAppointment: Ask again.
            NoSuchClient: It is not there, perhaps not any more.
        """
        series = new_series(secrets.token_hex(16), client_id, title, start, minutes, repeat, until)

        def change(connection: Connection) -> None:
            if client_id is not None:
                client_rows.require(connection, client_id)
            _insert(connection, series)

        self._database.write(change)
        return series

    def take_in(self, calendar: ReadCalendar) -> Imported:
        """Make what is kept of this calendar what the file says; links to clients stay. All of it or nothing.

        An event whose title is a client's name or code is linked to that client, unless two have it.
        """
        return self._database.write(lambda connection: _take_in(connection, calendar))

    def sources(self) -> list[tuple[str, int]]:
        """The calendars that were imported, and how many events each has."""
        rows = "SELECT source, count(*) FROM series WHERE source != '' GROUP BY source ORDER BY source"
        return self._database.read(lambda connection: [(row[0], row[1]) for row in connection.execute(rows)])

    def remove_source(self, source: str) -> int:
        """Let go of an imported calendar; tells how many events went."""
        return self._database.write(
            lambda connection: (
                connection.execute("DELETE FROM series WHERE source = ? AND source != ''", (source,)).rowcount
            )
        )

    def held_of(self, client_id: str) -> list[HeldSeries]:
        """Everything that is kept of a client's appointments, the earliest first."""
        rows = "SELECT title, source, ics FROM series WHERE client_id = ? ORDER BY first_ms"
        return self._database.read(
            lambda connection: [HeldSeries(*row) for row in connection.execute(rows, (client_id,))]
        )

    def between(self, start: datetime, end: datetime, client_id: str | None = None) -> list[Occurrence]:
        """The appointments that touch the span, in order."""
        return self._database.read(lambda connection: self._between(connection, start, end, client_id))

    def find(self, series_id: str, recurrence: str, around: datetime, days: int = 400) -> Occurrence:
        """One occurrence, looked for near a day.

        Raises:
            NoSuchAppointment: It was cancelled or moved far away.
        """

        def question(connection: Connection) -> Occurrence:
            series = _require(connection, series_id)
            for width in (2, days):
                span = timedelta(days=width)
                for one in expand(series, around - span, around + span, self.zone):
                    if one.recurrence == recurrence:
                        return one
            raise NoSuchAppointment("This appointment is not there any more. Go back to the week.")

        return self._database.read(question)

    def cancel(self, occurrence: Occurrence) -> None:
        """Cancel this one; the others of its series stay."""
        if not occurrence.repeats:
            self.remove(occurrence.series.series_id)
            return
        self._replace(occurrence.series, without(occurrence, self.zone))

    def cancel_from(self, occurrence: Occurrence) -> None:
        """Cancel this one and all that follow."""
        if not occurrence.repeats or occurrence.starts_at_ms <= occurrence.series.first_ms:
            self.remove(occurrence.series.series_id)
            return
        self._replace(occurrence.series, ended_before(occurrence, self.zone), last_ms=occurrence.starts_at_ms)

    def move(self, occurrence: Occurrence, start: datetime, minutes: int) -> None:
        """Put this one elsewhere; the others of its series stay. It is the same appointment as before.

        Raises:
            InvalidAppointment: Ask again.
        """
        ics = moved(occurrence, start, minutes, self.zone)
        starts_at_ms = to_ms(start, self.zone)
        day_ms = 24 * 3600 * 1000
        series = occurrence.series
        last_ms = None if series.last_ms is None else max(series.last_ms, starts_at_ms + minutes * 60_000 + day_ms)
        self._replace(series, ics, first_ms=min(series.first_ms, starts_at_ms), last_ms=last_ms)

    def remove(self, series_id: str) -> None:
        """Cancel all of a series."""

        def change(connection: Connection) -> None:
            _require(connection, series_id)
            connection.execute("DELETE FROM series WHERE series_id = ?", (series_id,))

        self._database.write(change)

    def set_client(self, series_id: str, client_id: str | None) -> None:
        """Say whose appointments these are."""

        def change(connection: Connection) -> None:
            _require(connection, series_id)
            if client_id is not None:
                client_rows.require(connection, client_id)
            connection.execute("UPDATE series SET client_id = ? WHERE series_id = ?", (client_id, series_id))
            connection.execute("UPDATE prepared SET client_id = ? WHERE series_id = ?", (client_id, series_id))

        self._database.write(change)

    def prepare(self, occurrence: Occurrence) -> None:
        """Keep what the recorder is told, so that its tape finds its client. Idempotent."""
        values = (
            occurrence.appointment_id,
            occurrence.series.series_id,
            occurrence.client_id,
            occurrence.starts_at_ms,
            occurrence.ends_at_ms,
        )
        self._database.write(
            lambda connection: (
                connection.execute(
                    "INSERT INTO prepared (appointment_id, series_id, client_id, starts_at_ms, ends_at_ms)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (appointment_id) DO UPDATE SET client_id = excluded.client_id,"
                    " starts_at_ms = excluded.starts_at_ms, ends_at_ms = excluded.ends_at_ms",
                    values,
                ).rowcount
            )
        )

    def _between(
        self, connection: Connection, start: datetime, end: datetime, client_id: str | None
    ) -> list[Occurrence]:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM series WHERE first_ms < ? AND (last_ms IS NULL OR last_ms >= ?)"  # noqa: S608  constant
            " AND (?3 IS NULL OR client_id = ?3)",
            (to_ms(end, self.zone), to_ms(start, self.zone), client_id),
        )
        found = [one for row in rows.fetchall() for one in expand(Series(*row), start, end, self.zone)]
        return sorted(found, key=lambda one: (one.starts_at_ms, one.series.title))

    def _replace(self, series: Series, ics: str, *, first_ms: int | None = None, last_ms: int | None = None) -> None:
        self._database.write(
            lambda connection: (
                connection.execute(
                    "UPDATE series SET ics = ?, first_ms = ?, last_ms = ? WHERE series_id = ?",
                    (
                        ics,
                        series.first_ms if first_ms is None else first_ms,
                        series.last_ms if last_ms is None else last_ms,
                        series.series_id,
                    ),
                ).rowcount
            )
        )


def _insert(connection: Connection, series: Series) -> None:
    connection.execute(
        f"INSERT INTO series ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  constant
        (
            series.series_id,
            series.source,
            series.uid,
            series.client_id,
            series.title,
            series.ics,
            series.first_ms,
            series.last_ms,
        ),
    )


def _require(connection: Connection, series_id: str) -> Series:
    row: Row | None = connection.execute(
        f"SELECT {_COLUMNS} FROM series WHERE series_id = ?",  # noqa: S608  constant
        (series_id,),
    ).fetchone()
    if row is None:
        raise NoSuchAppointment("This appointment is not there any more. Go back to the week.")
    return Series(*row)


def _take_in(connection: Connection, calendar: ReadCalendar) -> Imported:
    known = {
        uid: (series_id, ics)
        for uid, series_id, ics in connection.execute(
            "SELECT uid, series_id, ics FROM series WHERE source = ?", (calendar.name,)
        )
    }
    by_name = _clients_by_name(connection)
    added = changed = linked = 0
    for event in calendar.events:
        before = known.pop(event.uid, None)
        if before is not None:
            if before[1] != event.ics:
                changed += 1
                connection.execute(
                    "UPDATE series SET title = ?, ics = ?, first_ms = ?, last_ms = ? WHERE series_id = ?",
                    (event.title, event.ics, event.first_ms, event.last_ms, before[0]),
                )
            continue
        client_id = by_name.get(folded(event.title))
        added, linked = added + 1, linked + (client_id is not None)
        series = Series(
            secrets.token_hex(16), calendar.name, event.uid, client_id, event.title, event.ics, event.first_ms,
            event.last_ms,
        )  # fmt: skip
        _insert(connection, series)
    connection.executemany("DELETE FROM series WHERE series_id = ?", [(series_id,) for series_id, _ in known.values()])
    return Imported(calendar.name, added, changed, len(known), linked, calendar.left_out)


def _clients_by_name(connection: Connection) -> dict[str, str]:
    found: dict[str, str] = {}
    twice: set[str] = set()
    for client_id, name in connection.execute("SELECT client_id, name FROM clients WHERE merged_into IS NULL"):
        key = folded(name)
        twice |= {key} & found.keys()
        found[key] = client_id
    return {name: client_id for name, client_id in found.items() if name not in twice}
