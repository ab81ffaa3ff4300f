"""How many guesses a passphrase takes. The one file that imports zxcvbn. Handles passphrases in clear."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE

ENOUGH_LOG10 = 10  # ten thousand million; Argon2 at 64 MiB makes each one dear. Source: zxcvbn's own highest grade
STRONG_LOG10 = 14
LOOKED_AT = 64  # letters: the estimate takes longer with each, and this many decide it
MOST_READINGS = 8  # of figures as letters, that zxcvbn looks up one by one; unbounded, 64 letters take it seconds


@dataclass(frozen=True, slots=True)
class Strength:
    """What the estimate comes to."""

    guesses_log10: float
    why: str  # a sentence about what makes it easy to guess, "" where nothing stands out

    @property
    def enough(self) -> bool:
        return self.guesses_log10 >= ENOUGH_LOG10


def strength_of(passphrase: str, own: Iterable[str] = ()) -> Strength:
    """Estimate how a guesser fares who knows common passwords, names and keyboards, and the person's `own` words."""
    if not passphrase:
        return Strength(0.0, "")
    words = [part for text in (*own, "tacet") for part in (text, *text.split()) if len(part) > 1]
    found = zxcvbn(_plainer(passphrase[:LOOKED_AT]), user_inputs=words)
    return Strength(math.log10(max(1, int(found["guesses"]))), str(found["feedback"]["warning"] or ""))


def _plainer(passphrase: str) -> str:
    """Where figures could stand for letters in too many ways, write those of one letter alike: no easier to pass."""
    if _readings(passphrase) <= MOST_READINGS:
        return passphrase
    for figures in L33T_TABLE.values():
        first, *others = [one for one in figures if one in passphrase] or [""]
        for other in others:
            passphrase = passphrase.replace(other, first)
    return passphrase


def _readings(text: str) -> int:
    return math.prod(max(1, sum(figure in text for figure in figures)) for figures in L33T_TABLE.values())
