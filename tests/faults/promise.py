"""What a row of the bench is: a promise, its gate, and how the figure is found."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is tried: everything, or as much as fits into a test."""

    full: bool

    def of(self, full: int, quick: int) -> int:
        return full if self.full else quick


@dataclass(frozen=True, slots=True)
class Figure:
    """What was found, in words, and whether the gate was met."""

    words: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Promise:
    name: str
    gate: str
    measure: Callable[[Scale, Progress], Figure]  # what cannot even be tried raises, and is a miss
    tested_in: str | None = None  # the file of the test suite that shows the same already, at a test's size
