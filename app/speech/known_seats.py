"""Which of the two people sits on the therapist's chair, where a room's chairs were learned before. Pure.

A chair is known again by how much louder it is in one microphone than in the other, and by how much later it comes
there. Where the microphones or chairs were moved it fits neither, and nobody is named by it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.speech.seats import Seat

LOUDER_DB = 10.0  # this much another level counts as much as a wholly different delay
LEAST = 0.4  # how well both must fit, and
BETTER = 0.3  # how much better than the other way round
APART = 0.25  # how much less alike than one chair two must be, to be told apart at all


@dataclass(frozen=True, slots=True)
class KnownSeats:
    """The two chairs of a room. Nothing here can tell a voice."""

    therapist: Seat
    client: Seat

    @property
    def apart(self) -> bool:
        """Whether the two sound different enough to be told apart."""
        return likeness(self.therapist, self.client) < 1 - APART

    @property
    def level_db(self) -> float:
        return abs(self.therapist.level_db - self.client.level_db)


def likeness(one: Seat, other: Seat) -> float:
    """1 for the same chair, 0 or less for another."""
    first, second = (np.array(seat.delays) - np.mean(seat.delays) for seat in (one, other))
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    alike = float(first @ second) / lengths if lengths else 1.0
    return alike - abs(one.level_db - other.level_db) / LOUDER_DB


def therapist_among(found: Sequence[Seat], known: KnownSeats) -> int | None:
    """The number of the therapist's seat among the two that were found; None where they are not the known ones."""
    if len(found) != 2:  # noqa: PLR2004  two chairs
        return None
    ways = [
        min(likeness(found[at], known.therapist), likeness(found[1 - at], known.client)) for at in range(len(found))
    ]
    best = int(np.argmax(ways))
    return best if ways[best] >= LEAST and ways[best] - ways[1 - best] >= BETTER else None
