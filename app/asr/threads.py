"""How many threads a token is worth: measured, as it depends on what else the machine and its host do. Pure."""

import time
from collections.abc import Callable
from itertools import repeat

MOST = 2
ROUNDS, STEPS = 7, 8
WORTH = 0.95  # of the time with one thread; windows side by side save more than the one that is tried

Step = Callable[[], object]


def quickest(stepping: Callable[[int], Step], cores: int, now_s: Callable[[], float] = time.perf_counter) -> int:
    """Give the number of threads, of so many cores; `stepping` makes a network that takes a step with so many.

    They take turns, so that what slows the machine down meanwhile slows down both.
    """
    if cores < MOST:
        return 1
    steps = [stepping(threads) for threads in (1, MOST)]
    rounds = [[_taken_s(step, now_s) for step in steps] for _ in range(ROUNDS)]
    alone_s, together_s = (min(taken) for taken in zip(*rounds, strict=True))
    return MOST if together_s <= WORTH * alone_s else 1


def _taken_s(step: Step, now_s: Callable[[], float]) -> float:
    began_s = now_s()
    for _ in repeat(None, STEPS):
        step()
    return now_s() - began_s


def streams(threads: int, at_once: int, cores: int) -> int:
    """Give how many networks work side by side, each with so many threads."""
    return max(1, min(at_once, cores // threads))


def options(threads: int, at_once: int, cores: int) -> dict[str, int]:
    """Give OpenVINO's options for them."""
    count = streams(threads, at_once, cores)
    return {"NUM_STREAMS": count, "INFERENCE_NUM_THREADS": count * threads}
