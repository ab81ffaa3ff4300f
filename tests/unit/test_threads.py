from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from app.asr.threads import options, quickest


@dataclass
class Machine:
    """Steps that take a time for each number of threads, on a clock of its own."""

    step_s: dict[int, float]
    slowed: dict[int, float] = field(default_factory=dict)  # by the number of a step: so many times
    now_s: float = 0.0
    steps: int = 0

    def stepping(self, threads: int) -> Callable[[], None]:
        def step() -> None:
            self.now_s += self.step_s[threads] * self.slowed.get(self.steps, 1.0)
            self.steps += 1

        return step

    def quickest(self, cores: int) -> int:
        return quickest(self.stepping, cores, lambda: self.now_s)


@pytest.mark.parametrize(("two_s", "threads"), [(0.003, 2), (0.0048, 1), (0.012, 1)])
def test_quickest__two_threads__are_taken_where_they_save_enough(two_s: float, threads: int) -> None:
    assert Machine({1: 0.005, 2: two_s}).quickest(cores=2) == threads


def test_quickest__one_core__tries_nothing() -> None:
    machine = Machine({1: 0.005, 2: 0.001})
    assert (machine.quickest(cores=1), machine.steps) == (1, 0)


def test_quickest__a_moment_in_which_the_host_is_busy__decides_nothing() -> None:
    assert Machine({1: 0.005, 2: 0.003}, slowed={20: 100.0}).quickest(cores=2) == 2


@pytest.mark.parametrize(
    ("threads", "at_once", "cores", "streams", "in_all"),
    [(1, 2, 2, 2, 2), (2, 2, 2, 1, 2), (2, 2, 4, 2, 4), (1, 2, 4, 2, 2), (1, 1, 1, 1, 1)],
)
def test_options__windows_side_by_side__take_no_more_than_the_cores(
    threads: int, at_once: int, cores: int, streams: int, in_all: int
) -> None:
    assert options(threads, at_once, cores) == {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": in_all}
