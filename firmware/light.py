"""What the red and the green lamp show, and when each is lit. Pure; imports only the standard library."""

from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

RedPattern = Literal["off", "on", "slow_blink", "fast_blink", "double_blink", "in_turn"]

# Lit and dark stretches in turn, in milliseconds, starting lit. "Off" and "on" never change and have none.
_BLINKS_MS: dict[RedPattern, tuple[int, ...]] = {
    "slow_blink": (1000, 1000),
    "fast_blink": (125, 125),
    "double_blink": (120, 120, 120, 840),
    "in_turn": (120, 120, 120, 2040),  # green first, then red, each as in a double blink: the lamps are being tried
}


@dataclass(frozen=True, slots=True)
class Light:
    """A pattern that says one thing: off, on and the blinks are told apart across a room."""

    red: RedPattern
    green: bool


class Levels(NamedTuple):
    """Whether each lamp is lit at one moment."""

    red: bool
    green: bool


def levels(light: Light, elapsed_ms: int) -> Levels:
    """The lamps' levels `elapsed_ms` after the light began to show this pattern."""
    if light.red == "in_turn":
        half_ms = sum(_BLINKS_MS["in_turn"]) // 2
        return Levels(red=_is_lit("in_turn", elapsed_ms + half_ms), green=_is_lit("in_turn", elapsed_ms))
    return Levels(_is_lit(light.red, elapsed_ms), light.green)


def _is_lit(pattern: RedPattern, elapsed_ms: int) -> bool:
    if pattern in {"off", "on"}:
        return pattern == "on"
    stretches_ms = _BLINKS_MS[pattern]
    moment_ms = elapsed_ms % sum(stretches_ms)
    passed = sum(1 for end_ms in accumulate(stretches_ms) if end_ms <= moment_ms)
    return passed % 2 == 0
