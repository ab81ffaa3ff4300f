"""How fast the disk takes what is written, one megabyte after the other, as nothing may pile up before a session."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from app.durable import write_all
from app.finding import Finding, Verdict

_MEGABYTE: Final = 1_000_000
MEGABYTES: Final = 48
SLOWEST_MB_S: Final = 2.0  # a session needs 0.1; backups and updates what is left
SLOWEST_SYNC_S: Final = 2.0  # a recorder's ring holds 10 s; see docs/developers.md
_PROBE: Final = "probe"


def measure_storage(folder: Path, make_way: Callable[[], None]) -> Finding:
    """Write, make durable and remove; `make_way` raises to end it at once. Raises OSError where the disk refuses."""
    probe, took_s = folder / _PROBE, list[float]()
    block = os.urandom(_MEGABYTE)  # no card's controller makes it smaller
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for _ in range(MEGABYTES):
            make_way()
            began_s = time.monotonic()
            write_all(descriptor, block)
            os.fdatasync(descriptor)
            took_s.append(time.monotonic() - began_s)
    finally:
        os.close(descriptor)
        probe.unlink()
    return judge_storage(took_s)


def judge_storage(took_s: list[float]) -> Finding:
    """Pure. Seconds that each megabyte took."""
    rate_mb_s = len(took_s) / max(sum(took_s), 1e-6)
    said = f"It takes {rate_mb_s:.0f} MB a second; the slowest of {len(took_s)} took {max(took_s) * 1000:.0f} ms."
    if rate_mb_s < SLOWEST_MB_S or max(took_s) > SLOWEST_SYNC_S:
        return Finding("disk speed", Verdict.ATTENTION, said, "That is slow. Use an SSD or a better card.")
    return Finding("disk speed", Verdict.FINE, said)
