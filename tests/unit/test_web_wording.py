from datetime import datetime

import pytest

from app.web.wording import clock, counted, day, lately, length, near_day


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)


@pytest.mark.parametrize(("at_ms", "said"), [(0, "0:00"), (7999, "0:07"), (723_000, "12:03"), (3_765_000, "1:02:45")])
def test_clock__place_in_a_recording(at_ms: int, said: str) -> None:
    assert clock(at_ms) == said


@pytest.mark.parametrize(
    ("span_ms", "said"),
    [(1000, "1 second"), (40_000, "40 seconds"), (3_590_000, "1 h 00 min"), (4_320_000, "1 h 12 min")],
)
def test_length__in_words(span_ms: int, said: str) -> None:
    assert length(span_ms) == said


def test_counted__thousands_are_grouped() -> None:
    assert [counted(1, "word"), counted(1204, "word")] == ["1 word", "1,204 words"]


def test_days__say_the_year_only_where_it_is_another() -> None:
    now = ms("2026-05-06T09:00")
    assert day(ms("2026-05-05T14:05"), now) == "Tuesday, 5 May"
    assert day(ms("2025-12-30T14:05"), now) == "Tuesday, 30 December 2025"
    assert [near_day(ms(f"2026-05-0{n}T23:59"), now) for n in (4, 5, 6)] == ["Monday, 4 May", "Yesterday", "Today"]
    assert [lately(ms(f"2026-05-0{n}T08:30"), now) for n in (5, 6)] == ["5 May, 08:30", "08:30"]
