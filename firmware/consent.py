"""When the box may listen: the consent state machine. Pure; imports only the standard library and other pure parts.

`step(state, event, now_ms)` returns the next state and the actions that make it true, in the order in which they must
be performed, as `firmware/consent_table.py` has them.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from firmware.consent_table import (
    FAULTY,
    IDLE,
    LATEST_PRESS_MS,
    PATIENCE_MS,
    SHOWN,
    TABLE,
    Action,
    Phase,
    Trigger,
)
from firmware.faults import Fault


@dataclass(frozen=True, slots=True)
class FaultSeen:
    fault: Fault


@dataclass(frozen=True, slots=True)
class EraseLastAsked:
    minutes: int  # of what was recorded last


@dataclass(frozen=True, slots=True)
class Preflight:
    """What keeps the box from being ready, as sentences for the page; empty when nothing does."""

    reasons: tuple[str, ...]


Event = Trigger | FaultSeen | EraseLastAsked | Preflight


@dataclass(frozen=True, slots=True)
class ConsentState:
    phase: Phase
    since_ms: int  # monotonic
    reasons: tuple[str, ...]  # what the last preflight found
    fault: Fault | None = None  # what went wrong in a phase of _FAULTY
    by_page: bool = False  # who asked to erase, while erasing
    erase_minutes: int = 0  # how much ERASE_LAST takes


def at_start(reasons: tuple[str, ...], now_ms: int) -> ConsentState:
    """After a start, a crash or a power cut: never recording, whatever was before."""
    return ConsentState(_resolve(IDLE, reasons), now_ms, reasons)


def step(state: ConsentState, event: Event, now_ms: int) -> tuple[ConsentState, tuple[Action, ...]]:
    """The state after `event`, and what must be done to make it true, in order."""
    match event:
        case Preflight(reasons):
            return _note_preflight(state, reasons, now_ms)
        case FaultSeen(fault):
            return _follow(state, _trigger_of(fault), now_ms, fault)
        case EraseLastAsked(minutes):
            return _follow(replace(state, erase_minutes=minutes), Trigger.ERASE_LAST_COMMAND, now_ms, None)
        case Trigger():
            return _follow(state, event, now_ms, None)
        case _:
            assert_never(event)


def is_overdue(state: ConsentState, now_ms: int, *, extra_ms: int = 0) -> bool:
    """Whether the phase has lasted longer than its patience and `extra_ms`; never where a phase has none."""
    patience_ms = PATIENCE_MS.get(state.phase)
    return patience_ms is not None and now_ms - state.since_ms >= patience_ms + extra_ms


def _note_preflight(
    state: ConsentState, reasons: tuple[str, ...], now_ms: int
) -> tuple[ConsentState, tuple[Action, ...]]:
    """Only an idle box becomes ready or not ready; a session under way is not ended by what the next one lacks."""
    noted = replace(state, reasons=reasons)
    if state.phase not in {Phase.READY, Phase.NOT_READY}:
        return noted, ()
    phase = _resolve(IDLE, reasons)
    if phase is state.phase:
        return noted, ()
    return replace(noted, phase=phase, since_ms=now_ms), SHOWN


def _follow(
    state: ConsentState, trigger: Trigger, now_ms: int, fault: Fault | None
) -> tuple[ConsentState, tuple[Action, ...]]:
    if (state.phase, trigger) not in TABLE or _is_stale(state, trigger, now_ms):
        return state, ()
    target, actions = TABLE[state.phase, trigger]
    phase = _resolve(target, state.reasons)
    kept_fault = (fault or state.fault) if phase in FAULTY else None
    by_page = phase is Phase.ERASING and (state.by_page or trigger is Trigger.WITHDRAW_COMMAND)
    return replace(state, phase=phase, since_ms=now_ms, fault=kept_fault, by_page=by_page), actions


def _is_stale(state: ConsentState, trigger: Trigger, now_ms: int) -> bool:
    """A microphone seen before it was lost is not back; a press before a fault was shown does not acknowledge it.

    Nor does a press confirm that came too late and only waited its turn behind a slow disk.
    """
    if state.phase is Phase.WITHDRAWAL_ASKED and trigger is Trigger.SHORT_PRESS:
        return is_overdue(state, now_ms, extra_ms=LATEST_PRESS_MS)
    return now_ms < state.since_ms and (trigger is Trigger.MICROPHONE_BACK or state.phase is Phase.BROKEN_OFF)


def _resolve(target: Phase, reasons: tuple[str, ...]) -> Phase:
    return Phase.NOT_READY if target is IDLE and reasons else target


def _trigger_of(fault: Fault) -> Trigger:
    match fault:
        case Fault.MICROPHONE_SILENT:
            return Trigger.MICROPHONE_SILENT
        case Fault.MICROPHONE_STUCK | Fault.LIGHT_DEAD | Fault.TAPE_FULL | Fault.TAPE_FAILED | Fault.END_NOT_ERASED:
            return Trigger.SESSION_BROKEN
        case Fault.ERASING_FAILED:
            return Trigger.ERASING_FAILED
        case _:
            assert_never(fault)
