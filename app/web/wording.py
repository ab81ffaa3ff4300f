"""Times and lengths as a person says them. Pure."""

from datetime import datetime

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def clock(ms: int) -> str:
    """Give a place in a recording: "0:07", "12:03", "1:02:45"."""
    seconds = max(0, ms) // 1000
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def length(ms: int) -> str:
    """Give a length: "40 seconds", "1 minute", "1 h 12 min"."""
    if ms < MINUTE_MS:
        return counted(max(0, ms) // 1000, "second")
    minutes = round(ms / MINUTE_MS)
    if minutes < 60:  # noqa: PLR2004  minutes in an hour
        return counted(minutes, "minute")
    return f"{minutes // 60} h {minutes % 60:02} min"


def counted(number: int, thing: str) -> str:
    """Give "1 word", "1,204 words"."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def day(epoch_ms: int, now_ms: int) -> str:
    """Give a date in the box's own time zone: "Tuesday, 5 May", and the year where it is not this one."""
    when = _local(epoch_ms)
    return f"{when:%A}, {_date(when, _local(now_ms))}"


def near_day(epoch_ms: int, now_ms: int) -> str:
    """Give "Today", "Yesterday", or else the date."""
    days_ago = (_local(now_ms).date() - _local(epoch_ms).date()).days
    return {0: "Today", 1: "Yesterday"}.get(days_ago) or day(epoch_ms, now_ms)


def lately(epoch_ms: int, now_ms: int) -> str:
    """Give "14:05" for today, else "5 May, 14:05", with the year where it is not this one."""
    when, now = _local(epoch_ms), _local(now_ms)
    return f"{when:%H:%M}" if when.date() == now.date() else f"{_date(when, now)}, {when:%H:%M}"


def moment(epoch_ms: int) -> str:
    """Give "5 May 2026, 14:05"."""
    when = _local(epoch_ms)
    return f"{when.day} {when:%B %Y, %H:%M}"


def time_of_day(epoch_ms: int) -> str:
    """Give "14:05"."""
    return f"{_local(epoch_ms):%H:%M}"


def _date(when: datetime, now: datetime) -> str:
    return f"{when.day} {when:%B}" if when.year == now.year else f"{when.day} {when:%B %Y}"


def _local(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000).astimezone()
