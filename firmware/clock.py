"""The two clocks: one that only counts on, for everything that is measured, and the calendar's, which is a label."""

import ctypes
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # Source: systemd-timesyncd.service(8)
_STA_UNSYNC: Final = 0x0040  # Source: adjtimex(2); chrony and ntpd clear it, and so does timesyncd
_TIMEX_BYTES: Final = 256  # struct timex has 208 on 64-bit Linux
_TIMEX_STATUS_AT: Final = 40  # after modes (4), padding (4), offset, freq, maxerror and esterror (8 each)
_TOLERANCE_MS: Final = 60_000  # a clock that is set back by less has been right enough


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def utc_ms() -> int:
    return time.time_ns() // 1_000_000


def problem(tapes_dir: Path, now_ms: int, *, trusted: bool) -> str | None:
    """Why the calendar's clock cannot be right, as a sentence; None when nothing speaks against it.

    A box without a battery-backed clock wakes up in the past: before this program was made, or before its newest tape.
    A clock that the network has set is believed, so that one session recorded in a wrong year does not lock the box.
    """
    newest_ms = max((round(tape.stat().st_mtime * 1000) for tape in tapes_dir.iterdir()), default=0)
    earliest_ms = max(newest_ms, round(Path(__file__).stat().st_mtime * 1000)) - _TOLERANCE_MS
    if trusted or now_ms >= earliest_ms:
        return None
    says = datetime.fromtimestamp(now_ms / 1000, UTC)
    return (
        f"The box's clock is wrong: it says {says.day} {says:%B %Y}, and there is something newer on the box. Connect "
        "it to the network for a moment, so that its clock is set."
    )


def is_trusted() -> bool:
    """Whether the calendar's clock is kept right by the network, whichever daemon does it. Any thread."""
    return _SYNCHRONISED.exists() or _kernel_is_told()


def _kernel_is_told() -> bool:
    """Whether a daemon has told the kernel that the clock is synchronised. Asking changes nothing.

    A unit with ProtectClock= may not even ask, and then timesyncd's file decides alone.
    """
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        if ctypes.CDLL(None, use_errno=True).adjtimex(timex) < 0:
            return False
    except (OSError, AttributeError):
        return False
    return not int.from_bytes(timex.raw[_TIMEX_STATUS_AT : _TIMEX_STATUS_AT + 4], sys.byteorder) & _STA_UNSYNC
