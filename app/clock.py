"""The calendar's clock, and whether it can be trusted: what is erased by date is erased by no other."""

import time
from dataclasses import dataclass
from pathlib import Path

_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # Source: systemd-timesyncd.service(8)


@dataclass(frozen=True, slots=True)
class Reading:
    now_ms: int  # UTC epoch
    trusted: bool  # set by the network since the last boot


def read_clock() -> Reading:
    return Reading(time.time_ns() // 1_000_000, _SYNCHRONISED.exists())
