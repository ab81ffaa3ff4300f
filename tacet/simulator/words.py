"""What the page says under the picture. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from app.web.wording import clock
from firmware.button import HOLD_MS, LONG_HOLD_MS
from firmware.status import BoxState, BoxStatus

LEVEL_BARS = 10
QUIETEST_DBFS = -60.0  # one bar less every 6 dB
HOLD_TO_STOP = f"Hold it for {HOLD_MS / 1000:g} seconds to stop, for {LONG_HOLD_MS / 1000:g} to withdraw."


class Sign(StrEnum):
    """How the small light beside the word is drawn. Only RECORDING is red."""

    RECORDING = "recording"
    PAUSED = "paused"
    READY = "ready"
    TROUBLE = "trouble"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Telling:
    sign: Sign
    word: str
    lines: tuple[str, ...]  # what is happening and what the button does now, a sentence or two each
    elapsed: str | None = None  # recorded so far in this session
    level: int | None = None  # lit bars, 0 to LEVEL_BARS; None: no microphone is open
    hold_stops: bool = False  # whether holding the button stops a session
    room_is_over: bool = False  # the recording that plays in the room has come to its end


_SIGNS = {
    BoxState.NOT_READY: (Sign.TROUBLE, "Not ready"),
    BoxState.READY: (Sign.READY, "Ready"),
    BoxState.RECORDING: (Sign.RECORDING, "Recording"),
    BoxState.PAUSED: (Sign.PAUSED, "Off the record"),
    BoxState.CONFIRMING: (Sign.TROUBLE, "Erase this session?"),
    BoxState.ERASING: (Sign.TROUBLE, "Erasing"),
    BoxState.FAULT: (Sign.TROUBLE, "Recording interrupted"),
}
_IN_SESSION = frozenset({BoxState.RECORDING, BoxState.PAUSED, BoxState.FAULT})


def tell(status: BoxStatus | None) -> Telling:
    """Say what the box does; None while its recorder is away."""
    if status is None:
        return Telling(
            Sign.AWAY, "The box is off", ("Its recorder is not running.", "The picture comes back by itself.")
        )
    in_session = status.state in _IN_SESSION
    return Telling(
        *_SIGNS[status.state],
        lines=_lines(status),
        elapsed=clock(status.elapsed_ms) if in_session else None,
        level=_bars(status.level_dbfs) if status.state is BoxState.RECORDING else None,
        hold_stops=in_session,
        room_is_over=status.microphone_ended,
    )


def _lines(status: BoxStatus) -> tuple[str, ...]:  # noqa: PLR0911  a state each
    match status.state:
        case BoxState.NOT_READY:
            return status.reasons
        case BoxState.READY:
            return ("Press the button to give consent and record.",)
        case BoxState.RECORDING:
            return ("Press the button to go off the record.", HOLD_TO_STOP)
        case BoxState.PAUSED:
            return ("The box hears nothing. Press the button to go on.", HOLD_TO_STOP)
        case BoxState.CONFIRMING:
            return status.reasons
        case BoxState.ERASING:
            return status.reasons or ("The recording is being taken off the box.",)
        case BoxState.FAULT:
            return (*status.reasons, "Press the button once you have read this.", HOLD_TO_STOP)
    assert_never(status.state)


def _bars(level_dbfs: float | None) -> int | None:
    if level_dbfs is None or math.isnan(level_dbfs):
        return None
    loudness = (level_dbfs - QUIETEST_DBFS) / -QUIETEST_DBFS
    return max(0, min(LEVEL_BARS, round(loudness * LEVEL_BARS)))
