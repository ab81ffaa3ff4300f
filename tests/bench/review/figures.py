"""A figure, its bound, and how it is printed as soon as it is known."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    bound: float | None  # at most this; None is told and not held to anything
    unit: str = ""

    @property
    def missed(self) -> bool:
        return self.bound is not None and self.value > self.bound

    def __str__(self) -> str:
        bound = "" if self.bound is None else f"bound {self.bound:7,.0f}  {'MISSED' if self.missed else 'kept'}"
        return f"{self.name:58} {self.value:9,.0f} {self.unit:3} {bound}"


def say(words: str) -> None:
    print(words, flush=True)


def progress(words: str) -> None:
    print(f"  {words}", file=sys.stderr, flush=True)


def percentiles(name: str, values: Sequence[float], bound: float, unit: str = "ms") -> list[Figure]:
    """The 50th and 99th are told, the 95th is held to the bound."""
    ordered = sorted(values)
    at = {share: ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)}
    return [Figure(f"{name}, p{share}", at[share], bound if share == 95 else None, unit) for share in at]
