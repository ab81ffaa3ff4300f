"""From the contact's bouncing level to what a hand meant. Pure, with the time passed in.

gpiozero's own debounce is not used: its mock pins do not simulate it, and what starts a recording must be testable.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

DEBOUNCE_MS = 30  # contacts settle within 20 ms; no finger presses for less than 50
HOLD_MS = 2_000
LONG_HOLD_MS = 6_000


class Gesture(StrEnum):
    SHORT_PRESS = "short press"  # let go before HOLD_MS
    HOLD = "hold"  # let go between HOLD_MS and LONG_HOLD_MS
    LONG_HOLD = "long hold"  # told once, while the finger is still down
    LET_GO = "let go"  # after a long hold


@dataclass(frozen=True, slots=True)
class ButtonState:
    raw_down: bool  # the contact's last level, bouncing or not
    raw_since_ms: int
    down: bool  # the settled level
    down_since_ms: int
    spent: bool  # this press was there before anybody watched, and means nothing
    long: bool = False  # this press has been told as a long hold


def at_start(*, raw_down: bool, now_ms: int) -> ButtonState:
    """A button that is down before the box watches it (stuck, or leant on) means nothing until it was let go."""
    return ButtonState(raw_down, now_ms, down=raw_down, down_since_ms=now_ms, spent=raw_down)


def step(state: ButtonState, *, raw_down: bool, now_ms: int) -> tuple[ButtonState, tuple[Gesture, ...]]:
    """Takes one reading of the contact; to be called at every edge and at least every DEBOUNCE_MS.

    A level counts once it has stood for DEBOUNCE_MS, and then from the moment at which it began. Readings come in the
    order of their times; one that comes late counts as taken together with the one before.
    """
    now_ms = max(now_ms, state.raw_since_ms)
    state, released = _settle(state, now_ms)
    state, held = _notice_hold(state, now_ms)
    if raw_down != state.raw_down:
        state = replace(state, raw_down=raw_down, raw_since_ms=now_ms)
    return state, released + held


def tick(state: ButtonState, now_ms: int) -> tuple[ButtonState, tuple[Gesture, ...]]:
    """Time has passed and the contact has not moved."""
    return step(state, raw_down=state.raw_down, now_ms=now_ms)


def _settle(state: ButtonState, now_ms: int) -> tuple[ButtonState, tuple[Gesture, ...]]:
    if state.raw_down == state.down or now_ms - state.raw_since_ms < DEBOUNCE_MS:
        return state, ()
    if state.raw_down:
        return replace(state, down=True, down_since_ms=state.raw_since_ms, spent=False), ()
    gestures = () if state.spent else _meant(state, held_ms=state.raw_since_ms - state.down_since_ms)
    return replace(state, down=False, spent=False, long=False), gestures


def _meant(state: ButtonState, held_ms: int) -> tuple[Gesture, ...]:
    if state.long:
        return (Gesture.LET_GO,)
    if held_ms >= LONG_HOLD_MS:  # nobody looked while it was down
        return (Gesture.LONG_HOLD, Gesture.LET_GO)
    return (Gesture.HOLD if held_ms >= HOLD_MS else Gesture.SHORT_PRESS,)


def _notice_hold(state: ButtonState, now_ms: int) -> tuple[ButtonState, tuple[Gesture, ...]]:
    still_down = state.down and state.raw_down and not state.spent and not state.long
    if not still_down or now_ms - state.down_since_ms < LONG_HOLD_MS:
        return state, ()
    return replace(state, long=True), (Gesture.LONG_HOLD,)
