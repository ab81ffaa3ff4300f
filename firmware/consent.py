"""When the box may listen: the consent state machine. Pure; imports only the standard library and other pure parts.

`step(state, event, now_ms)` returns the next state and the actions that make it true, in the order in which they must
be performed. The table below is the whole behaviour; what it does not list changes nothing. RECORDING is entered by a
short press, or out of MICROPHONE_LOST, where the consent given by a press still stands. No command starts or resumes.

Withdrawing with the button takes a long hold, letting go, and a short press within CONFIRM_WITHIN_MS. From the long
hold on no sound is kept; without the confirming press nothing is erased, and the session is kept as stopped.
"""

from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import assert_never

from firmware.button import DEBOUNCE_MS, HOLD_MS
from firmware.faults import Fault
from firmware.light import Light


class Phase(StrEnum):
    NOT_READY = "not ready"
    READY = "ready"
    RECORDING = "recording"
    PAUSED = "paused"
    MICROPHONE_LOST = "microphone lost"  # while recording; the consent stands, and so does the tape
    MICROPHONE_LOST_SEEN = "microphone lost, seen"  # acknowledged: going on takes a fresh press
    BROKEN_OFF = "broken off"  # a fault has ended the session and waits to be acknowledged
    WITHDRAWAL_HELD = "withdrawal, held"  # long enough to withdraw, and the finger is still down
    WITHDRAWAL_ASKED = "withdrawal, asked"  # let go; the next press erases
    WITHDRAWAL_LAPSED = "withdrawal, lapsed"  # a press that comes just too late to erase is no consent
    ERASING = "erasing"  # until nothing is left, however often that takes


class Trigger(StrEnum):
    SHORT_PRESS = "short press"
    HOLD = "hold"
    LONG_HOLD = "long hold"
    LET_GO = "let go"  # after the long hold
    PAUSE_COMMAND = "pause command"
    STOP_COMMAND = "stop command"  # from the page, or because the recorder itself is being stopped
    WITHDRAW_COMMAND = "withdraw command"  # from the page, which has asked twice
    ERASE_LAST_COMMAND = "erase last command"  # from the page, as above
    PATIENCE_OVER = "patience over"  # see PATIENCE_MS
    ERASED = "erased"
    MICROPHONE_BACK = "microphone back"
    MICROPHONE_SILENT = "microphone silent"
    SESSION_BROKEN = "session broken"
    ERASING_FAILED = "erasing failed"


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


class Action(Enum):
    NEW_TAPE = auto()
    WRITE_GIVEN = auto()  # consent events are on the disk when these return
    WRITE_PAUSED = auto()
    WRITE_RESUMED = auto()
    SHOW_LIGHT = auto()  # the light of the state that is being entered
    READ_BACK_LIGHT = auto()  # the pins themselves say that red is lit
    OPEN_MICROPHONE = auto()
    CLOSE_MICROPHONE = auto()  # no sound comes in any more when this returns
    ABANDON_MICROPHONE = auto()  # the same for a microphone that is silent anyway and may never answer
    SEAL_REMAINDER = auto()  # everything that came in is on the tape when this returns
    WRITE_FAULT = auto()
    CLOSE_TAPE = auto()
    ERASE_LAST = auto()  # the last minutes cannot be opened any more when this returns
    ERASE_TAPE = auto()  # key first, then files; the receipt is on the disk when this returns


@dataclass(frozen=True, slots=True)
class ConsentState:
    phase: Phase
    since_ms: int  # monotonic
    reasons: tuple[str, ...]  # what the last preflight found
    fault: Fault | None = None  # what went wrong in a phase of _FAULTY
    by_page: bool = False  # who asked to erase, while erasing
    erase_minutes: int = 0  # how much ERASE_LAST takes


_LISTEN = (Action.SHOW_LIGHT, Action.READ_BACK_LIGHT, Action.OPEN_MICROPHONE)
_GIVEN = (Action.NEW_TAPE, Action.WRITE_GIVEN, *_LISTEN)
_RESUMED = (Action.WRITE_RESUMED, *_LISTEN)
_PAUSED = (Action.CLOSE_MICROPHONE, Action.SHOW_LIGHT, Action.SEAL_REMAINDER, Action.WRITE_PAUSED)
_STOPPED = (Action.CLOSE_MICROPHONE, Action.SHOW_LIGHT, Action.SEAL_REMAINDER, Action.CLOSE_TAPE)
_ENDED = (Action.SHOW_LIGHT, Action.CLOSE_TAPE)
_LOST = (Action.SHOW_LIGHT, Action.ABANDON_MICROPHONE, Action.SEAL_REMAINDER, Action.WRITE_FAULT)
_BROKEN = (*_LOST, Action.CLOSE_TAPE)
_SHOWN = (Action.SHOW_LIGHT,)
# Withdrawing must not wait for a microphone that does not answer: what it still delivers is not taken any more.
_SILENCED = (Action.ABANDON_MICROPHONE, Action.SHOW_LIGHT, Action.SEAL_REMAINDER)
_ASKED = (*_SILENCED, Action.WRITE_PAUSED)
_END_ERASED = (Action.ERASE_LAST,)
_END_ERASED_LOST = (Action.WRITE_PAUSED, Action.ERASE_LAST)
_ASKED_LOST = (Action.SHOW_LIGHT, Action.WRITE_PAUSED)
_ERASED = (*_SILENCED, Action.ERASE_TAPE)
_CLOSED = (Action.WRITE_FAULT, Action.CLOSE_TAPE)

# IDLE stands for READY or NOT_READY, whichever the last preflight says.
IDLE = Phase.READY

_P, _T = Phase, Trigger
TABLE = MappingProxyType({
    # in this phase             on this trigger          go to                      and do, in this order
    (_P.READY,                  _T.SHORT_PRESS):        (_P.RECORDING,              _GIVEN),

    (_P.RECORDING,              _T.SHORT_PRESS):        (_P.PAUSED,                 _PAUSED),
    (_P.RECORDING,              _T.PAUSE_COMMAND):      (_P.PAUSED,                 _PAUSED),
    (_P.RECORDING,              _T.HOLD):               (IDLE,                      _STOPPED),
    (_P.RECORDING,              _T.STOP_COMMAND):       (IDLE,                      _STOPPED),
    (_P.RECORDING,              _T.MICROPHONE_SILENT):  (_P.MICROPHONE_LOST,        _LOST),
    (_P.RECORDING,              _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.PAUSED,                 _T.SHORT_PRESS):        (_P.RECORDING,              _RESUMED),
    (_P.PAUSED,                 _T.HOLD):               (IDLE,                      _ENDED),
    (_P.PAUSED,                 _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.PAUSED,                 _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.MICROPHONE_LOST,        _T.MICROPHONE_BACK):    (_P.RECORDING,              _LISTEN),
    (_P.MICROPHONE_LOST,        _T.SHORT_PRESS):        (_P.MICROPHONE_LOST_SEEN,   (Action.WRITE_PAUSED,)),
    (_P.MICROPHONE_LOST,        _T.PAUSE_COMMAND):      (_P.MICROPHONE_LOST_SEEN,   (Action.WRITE_PAUSED,)),
    (_P.MICROPHONE_LOST,        _T.HOLD):               (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST,        _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST,        _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.MICROPHONE_LOST_SEEN,   _T.MICROPHONE_BACK):    (_P.PAUSED,                 _SHOWN),
    (_P.MICROPHONE_LOST_SEEN,   _T.HOLD):               (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST_SEEN,   _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.MICROPHONE_LOST_SEEN,   _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.BROKEN_OFF,             _T.SHORT_PRESS):        (IDLE,                      _SHOWN),
    (_P.BROKEN_OFF,             _T.HOLD):               (IDLE,                      _SHOWN),
    (_P.BROKEN_OFF,             _T.STOP_COMMAND):       (IDLE,                      _SHOWN),

    (_P.RECORDING,              _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        _ASKED),
    (_P.PAUSED,                 _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        _SHOWN),
    (_P.MICROPHONE_LOST,        _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        _ASKED_LOST),
    (_P.MICROPHONE_LOST_SEEN,   _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        _SHOWN),
    (_P.BROKEN_OFF,             _T.LONG_HOLD):          (_P.WITHDRAWAL_HELD,        _SHOWN),

    (_P.WITHDRAWAL_HELD,        _T.LET_GO):             (_P.WITHDRAWAL_ASKED,       _SHOWN),
    (_P.WITHDRAWAL_HELD,        _T.PATIENCE_OVER):      (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_HELD,        _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_HELD,        _T.SESSION_BROKEN):     (_P.WITHDRAWAL_HELD,        _CLOSED),

    (_P.WITHDRAWAL_ASKED,       _T.SHORT_PRESS):        (_P.ERASING,                _ERASED),
    (_P.WITHDRAWAL_ASKED,       _T.HOLD):               (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_ASKED,       _T.PATIENCE_OVER):      (_P.WITHDRAWAL_LAPSED,      _ENDED),
    (_P.WITHDRAWAL_ASKED,       _T.STOP_COMMAND):       (IDLE,                      _ENDED),
    (_P.WITHDRAWAL_ASKED,       _T.SESSION_BROKEN):     (_P.WITHDRAWAL_ASKED,       _CLOSED),

    (_P.WITHDRAWAL_LAPSED,      _T.PATIENCE_OVER):      (IDLE,                      _SHOWN),
    (_P.WITHDRAWAL_LAPSED,      _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),

    (_P.RECORDING,              _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.PAUSED,                 _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.MICROPHONE_LOST,        _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.MICROPHONE_LOST_SEEN,   _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.WITHDRAWAL_HELD,        _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),
    (_P.WITHDRAWAL_ASKED,       _T.WITHDRAW_COMMAND):   (_P.ERASING,                _ERASED),

    # Always off the record: whoever wants something erased is not to be recorded while saying so.
    (_P.RECORDING,              _T.ERASE_LAST_COMMAND): (_P.PAUSED,                 (*_PAUSED, *_END_ERASED)),
    (_P.PAUSED,                 _T.ERASE_LAST_COMMAND): (_P.PAUSED,                 _END_ERASED),
    (_P.MICROPHONE_LOST,        _T.ERASE_LAST_COMMAND): (_P.MICROPHONE_LOST_SEEN,   _END_ERASED_LOST),
    (_P.MICROPHONE_LOST_SEEN,   _T.ERASE_LAST_COMMAND): (_P.MICROPHONE_LOST_SEEN,   _END_ERASED),

    (_P.ERASING,                _T.ERASED):             (IDLE,                      _SHOWN),
    (_P.ERASING,                _T.ERASING_FAILED):     (_P.ERASING,                ()),
    (_P.ERASING,                _T.PATIENCE_OVER):      (_P.ERASING,                (Action.ERASE_TAPE,)),

    # What comes to light only while a session is being closed still has to be seen.
    (_P.READY,                  _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),
    (_P.NOT_READY,              _T.SESSION_BROKEN):     (_P.BROKEN_OFF,             _BROKEN),
})  # fmt: skip

LIGHTS = MappingProxyType(
    {
        Phase.NOT_READY: Light("double_blink", green=False),
        Phase.READY: Light("off", green=True),
        Phase.RECORDING: Light("on", green=False),
        Phase.PAUSED: Light("slow_blink", green=True),
        Phase.MICROPHONE_LOST: Light("double_blink", green=False),
        Phase.MICROPHONE_LOST_SEEN: Light("double_blink", green=False),
        Phase.BROKEN_OFF: Light("double_blink", green=False),
        # As while erasing, but with green, as wherever a press is awaited: this one erases.
        Phase.WITHDRAWAL_HELD: Light("fast_blink", green=True),
        Phase.WITHDRAWAL_ASKED: Light("fast_blink", green=True),
        Phase.WITHDRAWAL_LAPSED: Light("off", green=False),
        Phase.ERASING: Light("fast_blink", green=False),
    }
)

CONFIRM_WITHIN_MS = 5_000
LATEST_PRESS_MS = HOLD_MS + DEBOUNCE_MS  # a press that began in time is known for a short one so much later
# How long a phase lasts by itself; PATIENCE_OVER is due then.
PATIENCE_MS = MappingProxyType(
    {
        Phase.WITHDRAWAL_HELD: 30_000,  # a button that is stuck or leant on withdraws nothing
        Phase.WITHDRAWAL_ASKED: CONFIRM_WITHIN_MS,
        Phase.WITHDRAWAL_LAPSED: 3_000,
        Phase.ERASING: 2_000,  # then it is tried again
    }
)


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
    return replace(noted, phase=phase, since_ms=now_ms), _SHOWN


def _follow(
    state: ConsentState, trigger: Trigger, now_ms: int, fault: Fault | None
) -> tuple[ConsentState, tuple[Action, ...]]:
    if (state.phase, trigger) not in TABLE or _is_stale(state, trigger, now_ms):
        return state, ()
    target, actions = TABLE[state.phase, trigger]
    phase = _resolve(target, state.reasons)
    kept_fault = (fault or state.fault) if phase in _FAULTY else None
    by_page = phase is Phase.ERASING and (state.by_page or trigger is Trigger.WITHDRAW_COMMAND)
    return replace(state, phase=phase, since_ms=now_ms, fault=kept_fault, by_page=by_page), actions


def _is_stale(state: ConsentState, trigger: Trigger, now_ms: int) -> bool:
    """A microphone seen before it was lost is not back; a press before a fault was shown does not acknowledge it.

    Nor does a press confirm that came too late and only waited its turn behind a slow disk.
    """
    if state.phase is Phase.WITHDRAWAL_ASKED and trigger is Trigger.SHORT_PRESS:
        return is_overdue(state, now_ms, extra_ms=LATEST_PRESS_MS)
    return now_ms < state.since_ms and (trigger is Trigger.MICROPHONE_BACK or state.phase is Phase.BROKEN_OFF)


_FAULTY = frozenset(
    {
        Phase.MICROPHONE_LOST,
        Phase.MICROPHONE_LOST_SEEN,
        Phase.BROKEN_OFF,
        Phase.WITHDRAWAL_HELD,
        Phase.WITHDRAWAL_ASKED,
        Phase.ERASING,
    }
)


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
