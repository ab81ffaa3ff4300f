"""How long to rest between windows where the board runs hot, so that the recorder beside it is never slowed down."""

import contextlib
from pathlib import Path

FULL_C = 10.0  # above the warm mark: here the rest is longest
MOST_REST = 3.0  # seconds for each second of work


def rest_s(worked_s: float, hottest_c: float | None, warm_c: float) -> float:
    """Give the rest after `worked_s` of work: none up to `warm_c`, growing evenly from there."""
    if hottest_c is None:
        return 0.0
    return worked_s * MOST_REST * min(1.0, max(0.0, (hottest_c - warm_c) / FULL_C))


def hottest_c(root: Path = Path("/")) -> float | None:
    """The hottest of the board's sensors; None where there is none to be read."""
    found = list[float]()
    for path in root.glob("sys/class/thermal/thermal_zone*/temp"):
        with contextlib.suppress(OSError, ValueError):  # a zone that is switched off refuses to be read
            found.append(int(path.read_text()) / 1000)
    return max(found, default=None)
