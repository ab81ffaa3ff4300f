"""Calendars in and out: RFC 5545's own examples, three vendors' exports, and what is broken on purpose."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from app.records.appointments import InvalidAppointment, Repeat, Series, current
from app.records.calendar_files import ReadCalendar, UnreadableCalendar, expand, read_calendar
from app.records.calendar_writing import ended_before, moved, new_series, without, write_calendar

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
ID = "ab" * 16


def calendar(*lines: str, head: tuple[str, ...] = ()) -> bytes:
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *head, *lines, "END:VCALENDAR", ""]
    return "\r\n".join(whole).encode()


def event(*lines: str, uid: str = "one@test", title: str = "Hour") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:19970101T000000Z", f"SUMMARY:{title}", *lines, "END:VEVENT")


def series_of(read: ReadCalendar, at: int = 0) -> Series:
    one = read.events[at]
    return Series(ID, read.name, one.uid, None, one.title, one.ics, one.first_ms, one.last_ms)


def starts(series: Series, start: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    return [datetime.fromtimestamp(one.starts_at_ms / 1000, zone) for one in expand(series, start, end, zone)]


# RFC 5545, section 3.8.5.3. All of them begin at 9:00 in New York; most cross a change of daylight saving.
RFC_EXAMPLES = [
    ("19970902T090000", "FREQ=DAILY;COUNT=10"),
    ("19970902T090000", "FREQ=DAILY;UNTIL=19971224T000000Z"),
    ("19970902T090000", "FREQ=DAILY;INTERVAL=2"),
    ("19970902T090000", "FREQ=DAILY;INTERVAL=10;COUNT=5"),
    ("19980101T090000", "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA"),
    ("19970902T090000", "FREQ=WEEKLY;COUNT=10"),
    ("19970902T090000", "FREQ=WEEKLY;UNTIL=19971224T000000Z"),
    ("19970902T090000", "FREQ=WEEKLY;INTERVAL=2;WKST=SU"),
    ("19970902T090000", "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH"),
    ("19970901T090000", "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR"),
    ("19970902T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH"),
    ("19970905T090000", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR"),
    ("19970905T090000", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR"),
    ("19970907T090000", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU"),
    ("19970922T090000", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO"),
    ("19970928T090000", "FREQ=MONTHLY;BYMONTHDAY=-3"),
    ("19970902T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15"),
    ("19970930T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1"),
    ("19970910T090000", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15"),
    ("19970902T090000", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU"),
    ("19970610T090000", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7"),
    ("19970310T090000", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3"),
    ("19970101T090000", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200"),
    ("19970519T090000", "FREQ=YEARLY;BYDAY=20MO"),
    ("19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"),
    ("19970313T090000", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH"),
    ("19970605T090000", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8"),
    ("19970902T090000", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"),
    ("19970913T090000", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13"),
    ("19961105T090000", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8"),
    ("19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3"),
    ("19970929T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2"),
    ("19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO"),
    ("19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU"),
    ("20070115T090000", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5"),
]


@pytest.mark.parametrize(("begins", "rule"), RFC_EXAMPLES)
def test_expand__examples_of_rfc_5545__are_what_dateutil_says(begins: str, rule: str) -> None:
    content = calendar(*event(f"DTSTART;TZID=America/New_York:{begins}", "DURATION:PT1H", f"RRULE:{rule}"))
    first = datetime.strptime(begins, "%Y%m%dT%H%M%S").replace(tzinfo=NEW_YORK)
    start, end = first - timedelta(days=3), first + timedelta(days=2 * 366, hours=12)
    expected = {first, *rrulestr(rule, dtstart=first).between(start, end, inc=True)}
    found = starts(series_of(read_calendar(content, UTC)), start, end, NEW_YORK)
    assert found == sorted(expected)
    assert {one.hour for one in found} == {9}


def test_expand__rfc_example_by_its_own_list__fridays_the_13th_without_the_start() -> None:
    lines = ("DTSTART;TZID=America/New_York:19970902T090000", "EXDATE;TZID=America/New_York:19970902T090000")
    content = calendar(*event(*lines, "RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"))
    year = (datetime(1997, 9, 1, tzinfo=NEW_YORK), datetime(2000, 12, 31, tzinfo=NEW_YORK))
    days = [one.date() for one in starts(series_of(read_calendar(content, UTC)), *year, NEW_YORK)]
    assert days == [date(1998, 2, 13), date(1998, 3, 13), date(1998, 11, 13), date(1999, 8, 13), date(2000, 10, 13)]


def test_expand__across_both_changes_of_daylight_saving__keeps_the_local_hour() -> None:
    content = calendar(*event("DTSTART;TZID=Europe/Berlin:20260323T100000", "RRULE:FREQ=WEEKLY", "DURATION:PT50M"))
    series = series_of(read_calendar(content, UTC))
    for week in (datetime(2026, 3, 23, tzinfo=BERLIN), datetime(2026, 10, 19, tzinfo=BERLIN)):
        found = expand(series, week, week + timedelta(days=14), BERLIN)
        locals_ = [datetime.fromtimestamp(one.starts_at_ms / 1000, BERLIN) for one in found]
        assert [one.hour for one in locals_] == [10, 10]
        assert locals_[0].utcoffset() != locals_[1].utcoffset()
        assert {one.ends_at_ms - one.starts_at_ms for one in found} == {50 * 60_000}


def test_expand__time_that_the_change_skips__is_taken_as_the_rfc_says() -> None:
    content = calendar(*event("DTSTART;TZID=Europe/Berlin:20260329T023000", "DURATION:PT1H"))
    (found,) = expand(
        series_of(read_calendar(content, UTC)),
        datetime(2026, 3, 28, tzinfo=UTC),
        datetime(2026, 3, 30, tzinfo=UTC),
        UTC,
    )
    assert datetime.fromtimestamp(found.starts_at_ms / 1000, UTC) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


GOOGLE = calendar(
    "BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "X-LIC-LOCATION:Europe/Berlin", "BEGIN:DAYLIGHT", "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200", "TZNAME:CEST", "DTSTART:19700329T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "END:DAYLIGHT", "BEGIN:STANDARD", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZNAME:CET",
    "DTSTART:19701025T030000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD", "END:VTIMEZONE",
    *event(
        "DTSTART;TZID=Europe/Berlin:20260302T140000", "DTEND;TZID=Europe/Berlin:20260302T145000",
        "RRULE:FREQ=WEEKLY;WKST=MO;UNTIL=20260430T215959Z;BYDAY=MO", "EXDATE;TZID=Europe/Berlin:20260406T140000",
        "ORGANIZER;CN=Ada:mailto:ada@example.org", "ATTENDEE;CN=Martin:mailto:martin@example.org",
        "DESCRIPTION:Where we left off\\, his sister", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P0DT0H10M0S",
        "DESCRIPTION:This is an event reminder", "END:VALARM", title="M. K.", uid="abc123@google.com",
    ),
    head=("CALSCALE:GREGORIAN", "METHOD:PUBLISH", "X-WR-CALNAME:Practice", "X-WR-TIMEZONE:Europe/Berlin"),
)  # fmt: skip

OUTLOOK = calendar(
    "BEGIN:VTIMEZONE", "TZID:W. Europe Standard Time", "BEGIN:STANDARD", "DTSTART:16010101T030000",
    "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT", "END:VTIMEZONE",
    *event(
        "DTSTART;TZID=W. Europe Standard Time:20260303T090000", "DTEND;TZID=W. Europe Standard Time:20260303T095000",
        "RRULE:FREQ=WEEKLY;UNTIL=20260630T070000Z;INTERVAL=1;BYDAY=TU;WKST=MO", "CLASS:PUBLIC", "PRIORITY:5",
        "X-MICROSOFT-CDO-BUSYSTATUS:BUSY", uid="040000008200E00074C5B7101A82E008",
    ),
    *event(
        "RECURRENCE-ID;TZID=W. Europe Standard Time:20260331T090000",
        "DTSTART;TZID=W. Europe Standard Time:20260401T113000", "DTEND;TZID=W. Europe Standard Time:20260401T122000",
        uid="040000008200E00074C5B7101A82E008",
    ),
)  # fmt: skip

APPLE = calendar(
    *event("DTSTART;VALUE=DATE:20260309", "DTEND;VALUE=DATE:20260312", "TRANSP:OPAQUE", title="Congress", uid="A1"),
    *event(
        "DTSTART;TZID=Europe/Berlin:20260310T160000", "DTEND;TZID=Europe/Berlin:20260310T170000",
        "RRULE:FREQ=WEEKLY;COUNT=4", "SEQUENCE:1", title="Paar 7", uid="A2",
    ),
    head=("X-APPLE-CALENDAR-COLOR:#1BADF8",),
)  # fmt: skip


def test_read_calendar__googles_export__keeps_times_and_title_and_leaves_the_rest_outside() -> None:
    read = read_calendar(GOOGLE, UTC)
    assert (read.name, read.left_out, read.events[0].title) == ("Practice", (), "M. K.")
    for private in ("sister", "martin@example.org", "reminder"):
        assert private not in read.events[0].ics
    found = starts(series_of(read), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), BERLIN)
    assert [one.strftime("%d.%m. %H:%M") for one in found] == [
        "02.03. 14:00", "09.03. 14:00", "16.03. 14:00", "23.03. 14:00", "30.03. 14:00", "13.04. 14:00", "20.04. 14:00",
        "27.04. 14:00",
    ]  # fmt: skip


def test_read_calendar__outlooks_export__windows_zone_and_moved_hour() -> None:
    found = starts(
        series_of(read_calendar(OUTLOOK, UTC)),
        datetime(2026, 3, 20, tzinfo=UTC),
        datetime(2026, 4, 8, tzinfo=UTC),
        BERLIN,
    )
    assert [one.strftime("%d.%m. %H:%M") for one in found] == ["24.03. 09:00", "01.04. 11:30", "07.04. 09:00"]


def test_read_calendar__apples_export__days_and_a_counted_series() -> None:
    read = read_calendar(APPLE, BERLIN)
    week = (datetime(2026, 3, 9, tzinfo=BERLIN), datetime(2026, 3, 16, tzinfo=BERLIN))
    (congress,) = expand(series_of(read), *week, BERLIN)
    assert congress.all_day
    assert congress.ends_at_ms - congress.starts_at_ms == 3 * 24 * 3600 * 1000
    assert len(starts(series_of(read, 1), week[0], datetime(2026, 12, 1, tzinfo=BERLIN), BERLIN)) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no calendar file"),
        (b"\xff\xfe\x00B", "no calendar file"),
        (b"%PDF-1.7", "no calendar file"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTA", "broken"),
        (GOOGLE[: len(GOOGLE) // 2], "broken"),
        (b"BEGIN:VCALENDAR" + b" " * (16 * 1024 * 1024), "larger than 16 MB"),
    ],
)
def test_read_calendar__broken_cut_or_enormous__is_one_sentence(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableCalendar, match=words):
        read_calendar(content, UTC)


def test_read_calendar__too_many_events__is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.records.calendar_files.MAX_EVENTS", 20)
    content = calendar(*(line for at in range(21) for line in event("DTSTART:20260101", uid=str(at))))
    with pytest.raises(UnreadableCalendar, match="21 events"):
        read_calendar(content, UTC)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("DTSTART:20260101T100000Z", "RRULE:FREQ=SECONDLY"), "more than once a day"),
        (("DTSTART:20260101T100000Z", "RRULE:FREQ=DAILY;BYHOUR=1,2,3"), "more than once a day"),
        (("DTSTART:20260101T100000Z", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "never comes true"),
        (("DTSTART:20260101T100000Z", "RRULE:FREQ=DAILY;BYSETPOS=5;BYDAY=MO"), "never comes true"),
        (("DTSTART:10010101T100000Z",), "before 1900"),
        (("SUMMARY:no time at all",), "no readable beginning"),
    ],
)
def test_read_calendar__event_that_cannot_be_followed__is_left_out_and_told(lines: tuple[str, ...], words: str) -> None:
    read = read_calendar(calendar(*event(*lines), *event("DTSTART:20260101T100000Z", uid="good")), UTC)
    assert [one.uid for one in read.events] == ["good"]
    assert words in read.left_out[0]


def test_read_calendar__an_event_twice_in_a_file__is_one() -> None:
    twice = event("DTSTART:20260101T100000Z", uid="a") * 2
    read = read_calendar(calendar(*twice, *event("DTSTART:20260102T100000Z", uid="b")), UTC)
    assert [one.uid for one in read.events] == ["a", "b"]
    assert len(expand(series_of(read), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), UTC)) == 1


def test_expand__endless_since_before_1970__finds_this_week() -> None:
    content = calendar(*event("DTSTART:19610105T100000Z", "RRULE:FREQ=WEEKLY"))
    read = read_calendar(content, UTC)
    assert read.events[0].first_ms < 0
    week = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 12, tzinfo=UTC))
    assert len(expand(series_of(read), *week, UTC)) == 1


def test_new_series__moved_cancelled_and_ended__keep_the_identity_of_the_rest() -> None:
    series = new_series(ID, None, "A 7", datetime(2026, 3, 2, 10, tzinfo=BERLIN), 50, Repeat.WEEKLY)
    span = (datetime(2026, 3, 1, tzinfo=BERLIN), datetime(2026, 4, 30, tzinfo=BERLIN))
    before = expand(series, *span, BERLIN)
    ids = [one.appointment_id for one in before]
    assert len(set(ids)) == len(ids) == 9

    def changed(ics: str) -> Series:
        return Series(ID, "", series.uid, None, series.title, ics, series.first_ms, None)

    later = changed(moved(before[1], datetime(2026, 3, 10, 15, tzinfo=BERLIN), 90, BERLIN))
    after = expand(later, *span, BERLIN)
    assert [one.appointment_id for one in after] == ids
    assert datetime.fromtimestamp(after[1].starts_at_ms / 1000, BERLIN) == datetime(2026, 3, 10, 15, tzinfo=BERLIN)
    fewer = expand(changed(without(after[1], BERLIN)), *span, BERLIN)
    assert [one.appointment_id for one in fewer] == [ids[0], *ids[2:]]
    assert [one.appointment_id for one in expand(changed(ended_before(before[4], BERLIN)), *span, BERLIN)] == ids[:4]


@pytest.mark.parametrize(("minutes", "until"), [(0, None), (2000, None), (50, date(2026, 3, 1))])
def test_new_series__what_cannot_be__is_refused_in_a_sentence(minutes: int, until: date | None) -> None:
    with pytest.raises(InvalidAppointment):
        new_series(ID, None, "A", datetime(2026, 3, 2, 10, tzinfo=BERLIN), minutes, Repeat.WEEKLY, until)


def test_write_calendar__by_default__holds_no_name() -> None:
    series = new_series(ID, None, "Martin Kessler", datetime(2026, 3, 2, 10, tzinfo=BERLIN), 50, Repeat.WEEKLY)
    found = expand(series, datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 20, tzinfo=UTC), BERLIN)
    written = write_calendar(found, lambda _: "Appointment")
    assert b"Martin" not in written
    assert len(read_calendar(written, UTC).events) == 3


def test_current__overlapping_and_all_day__is_the_one_that_began_last() -> None:
    def one(hour: int) -> Series:
        return new_series(f"{hour:032x}", None, str(hour), datetime(2026, 3, 2, hour, tzinfo=UTC), 90)

    day = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
    found = [occurrence for hour in (9, 10, 14) for occurrence in expand(one(hour), *day, UTC)]
    at = lambda hour, minute: round(datetime(2026, 3, 2, hour, minute, tzinfo=UTC).timestamp() * 1000)  # noqa: E731
    assert [getattr(current(found, at(*when)), "series", None) and current(found, at(*when)).series.title for when in
            ((8, 30), (8, 50), (10, 10), (12, 0), (13, 50))] == [None, "9", "10", None, "14"]  # fmt: skip  # type: ignore[union-attr]
