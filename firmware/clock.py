"""The two clocks: one that only counts on, for everything that is measured, and the calendar's, which is a label."""

import time
from pathlib import Path

_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # Source: systemd-timesyncd.service(8)


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def utc_ms() -> int:
    return time.time_ns() // 1_000_000


def is_trusted() -> bool:
    """Whether the calendar's clock has been set by the network since the last boot."""
    return _SYNCHRONISED.exists()
