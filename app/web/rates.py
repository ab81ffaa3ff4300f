"""How many requests one machine may make. Pure but for its clock."""

from collections.abc import Callable
from time import monotonic

BURST_S = 8  # as many requests at once as come to this many seconds' worth
REMEMBERED = 2000  # machines


class Rates:
    """A bucket for each address that fills by the second. Event loop only."""

    def __init__(self, a_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._a_second = a_second
        self._most = a_second * BURST_S
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # what is left, and when that was so

    def allows(self, address: str) -> bool:
        """Whether this address may make one more request now."""
        now_s = self._clock()
        left, at_s = self._buckets.pop(address, (self._most, now_s))
        left = min(self._most, left + (now_s - at_s) * self._a_second)
        if len(self._buckets) >= REMEMBERED:
            del self._buckets[next(iter(self._buckets))]  # the one that was quiet longest
        allowed = left >= 1
        self._buckets[address] = (left - 1 if allowed else left, now_s)
        return allowed
