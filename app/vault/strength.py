"""How many guesses a passphrase takes. The one file that imports zxcvbn. Handles passphrases in clear."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from zxcvbn import zxcvbn

ENOUGH_LOG10 = 10  # ten thousand million; Argon2 at 64 MiB makes each one dear. Source: zxcvbn's own highest grade
STRONG_LOG10 = 14
LOOKED_AT = 64  # letters: the estimate takes longer with each, and this many decide it


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
    found = zxcvbn(passphrase[:LOOKED_AT], user_inputs=words)
    return Strength(math.log10(max(1, int(found["guesses"]))), str(found["feedback"]["warning"] or ""))
