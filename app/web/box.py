"""The strip at the top of every page: what the box does at this moment. Pure."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Final, assert_never

from app.web.ports import Control
from app.web.wording import clock
from firmware.status import BoxState, BoxStatus

LEVEL_BARS = 10
QUIETEST_DBFS = -60.0  # one bar less every 6 dB: a silent room shows none, a voice at the microphone seven or eight


_AT_REST: Final[tuple[Control, ...]] = ("stop", "erase", "withdraw")


class Lamp(StrEnum):
    """How the lamp is drawn. Only RECORDING is red."""

    RECORDING = "recording"
    PAUSED = "paused"
    READY = "ready"
    TROUBLE = "trouble"
    AWAY = "away"
    ERASING = "erasing"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What moves while the box listens. Swapped by itself, so that no button moves under a finger."""

    template: ClassVar[str] = "_pulse.html"
    elapsed: str
    level: int | None  # lit bars, 0 to LEVEL_BARS; None where there is no microphone to hear

    @property
    def bars(self) -> range:
        return range(LEVEL_BARS)


@dataclass(frozen=True, slots=True)
class BoxView:
    """What the strip says."""

    template: ClassVar[str] = "_box.html"
    lamp: Lamp
    word: str
    detail: str = ""  # what it means and what to do, a sentence or two
    pulse: Pulse = Pulse("", None)
    controls: tuple[Control, ...] = ()
    session_id: str = ""  # what the controls are about

    def still(self) -> "BoxView":
        """Give the part that does not move twice a second."""
        return replace(self, pulse=Pulse("", None))


def box_view(status: BoxStatus | None, *, controls: bool, configuration_problem: str | None = None) -> BoxView:
    """Say what the box does; `controls` is whether this visitor may pause, stop and withdraw it."""
    if status is None and configuration_problem:  # so nobody knows which button, light and microphone it has
        return BoxView(Lamp.AWAY, "The box cannot record", configuration_problem)
    if status is None:
        return BoxView(
            Lamp.AWAY,
            "The box does not answer",
            "Whether it records cannot be seen from here: look at its light. This page goes on by itself.",
        )
    view = _seen(status)
    if not controls:
        return replace(view, controls=())
    if status.session_id is None:  # a fault has closed it already
        return replace(view, controls=tuple(one for one in view.controls if one not in {"withdraw", "erase"}))
    return replace(view, session_id=status.session_id)


def _seen(status: BoxStatus) -> BoxView:  # noqa: PLR0911  a state each
    elapsed, why = clock(status.elapsed_ms), " ".join(status.reasons)
    match status.state:
        case BoxState.RECORDING:
            pulse = Pulse(elapsed, _bars(status.level_dbfs))
            return BoxView(Lamp.RECORDING, "Recording", why, pulse, ("pause", "stop", "erase", "withdraw"))
        case BoxState.PAUSED:
            detail = "The box hears nothing. Press its button to go on."
            return BoxView(Lamp.PAUSED, "Off the record", detail, Pulse(elapsed, None), _AT_REST)
        case BoxState.READY:
            return BoxView(Lamp.READY, "Ready", why)
        case BoxState.NOT_READY:
            return BoxView(Lamp.TROUBLE, "Not ready", why)
        case BoxState.CONFIRMING:
            return BoxView(Lamp.ERASING, "Erase this session?", why, controls=("withdraw",))
        case BoxState.ERASING:
            return BoxView(Lamp.ERASING, "Erasing", why or "The recording is being taken off the box.")
        case BoxState.FAULT:
            return BoxView(Lamp.TROUBLE, "Recording interrupted", why, Pulse(elapsed, None), _AT_REST)
    assert_never(status.state)


def _bars(level_dbfs: float | None) -> int | None:
    if level_dbfs is None or math.isnan(level_dbfs):
        return None
    heard_dbfs = min(max(level_dbfs, QUIETEST_DBFS), 0.0)  # silence itself is minus infinity
    return round((heard_dbfs - QUIETEST_DBFS) * LEVEL_BARS / -QUIETEST_DBFS)
