"""Slows guessing down: delay, not lockout. Pure but for its clock; in memory, so a restart forgives.

Whoever types a wrong passphrase waits, longer each time. Strangers share one allowance an account, so that no number of
addresses buys more guesses. A browser in which the account's owner has signed in before has an allowance of its own:
however much a stranger guesses, the owner still gets in. Source: OWASP, "Slow Down Online Guessing Attacks with Device
Cookies"; NIST SP 800-63B, 5.2.2 (at most 100 guesses).
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from app.errors import TacetError
from app.web.wording import counted

DAY_S = 24 * 3600.0
STRANGERS_A_DAY = 80
OWNERS_A_DAY = 20
FREE_GUESSES = 4
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
UNKNOWN = "no account"  # all that were made up share one allowance: one each would buy work without end


class TooSoon(TacetError):
    """This guess is not even looked at. Ask again after `wait_s`; the sentence says so."""

    def __init__(self, wait_s: int) -> None:
        wait = counted(wait_s, "second") if wait_s < 100 else counted(round(wait_s / 60), "minute")  # noqa: PLR2004  legible
        super().__init__(
            f"There were wrong tries, so the box waits before the next. Try again in {wait}; nothing is locked or lost."
        )
        self.wait_s = wait_s


@dataclass(slots=True)
class Guess:
    """One that is being looked at. It counts as wrong unless somebody says that it was right."""

    right: bool = False


@dataclass(slots=True)
class _Allowance:
    failed_at_s: list[float] = field(default_factory=list)  # within the last day, oldest first
    under_way: int = 0

    def wait_s(self, now_s: float, a_day: int) -> float:
        """How long until the next guess is heard."""
        self.failed_at_s = [at_s for at_s in self.failed_at_s if now_s - at_s < DAY_S]
        failures = len(self.failed_at_s) + self.under_way
        if failures >= a_day:
            oldest = self.failed_at_s[0] if self.failed_at_s else now_s
            return max(1.0, oldest + DAY_S - now_s)
        if failures < FREE_GUESSES:
            return 0.0
        if self.under_way:
            return 1.0
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(32, failures - FREE_GUESSES))
        return max(0.0, self.failed_at_s[-1] + wait_s - now_s)


class Guesses:
    """Counts failed guesses for each account that there is, and for `UNKNOWN`. Thread-safe.

    Never ask for ids as they came: an allowance is kept for whatever is named.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._allowances: dict[tuple[str, bool], _Allowance] = {}
        self._guard = threading.Lock()

    @contextmanager
    def one(self, account: str, *, known_browser: bool) -> Iterator[Guess]:
        """Verify one guess within this, and set `right` on what it gives as soon as it is known to be.

        A right one forgives the wrong ones of this allowance; one that ends with an error, or is cut off, was wrong.

        Raises:
            TooSoon: before anything is looked at.
        """
        self._begin((account, known_browser))
        guess = Guess()
        try:
            yield guess
        finally:
            self._end((account, known_browser), right=guess.right)

    def _begin(self, key: tuple[str, bool]) -> None:
        _, known_browser = key
        with self._guard:
            allowance = self._allowance(key)
            wait_s = allowance.wait_s(self._clock(), OWNERS_A_DAY if known_browser else STRANGERS_A_DAY)
            if wait_s > 0:
                raise TooSoon(math.ceil(wait_s))
            allowance.under_way += 1

    def _end(self, key: tuple[str, bool], *, right: bool) -> None:
        with self._guard:
            allowance = self._allowance(key)
            allowance.under_way = max(0, allowance.under_way - 1)
            if right:
                allowance.failed_at_s.clear()
            else:
                allowance.failed_at_s.append(self._clock())

    def _allowance(self, key: tuple[str, bool]) -> _Allowance:
        return self._allowances.setdefault(key, _Allowance())
