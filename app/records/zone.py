from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME = Path("/etc/localtime")


def practice_zone(name: str = "") -> tzinfo:
    """The time zone that appointments are meant in: the one that is named, else the box's own, else UTC.

    Raises:
        ZoneInfoNotFoundError: There is no zone of this name.
    """
    if name:
        return ZoneInfo(name)
    _, _, own = str(_LOCALTIME.resolve()).partition("zoneinfo/")
    try:
        return ZoneInfo(own or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
