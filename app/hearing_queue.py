"""How much waits to be heard: counts and lengths, never whose. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a session has been heard."""

    transcribed_ms: int
    total_ms: int
    live: bool  # the recording is still going on

    @property
    def behind_ms(self) -> int:
        return max(0, self.total_ms - self.transcribed_ms)


@dataclass(frozen=True, slots=True)
class HearingQueue:
    """Of all sessions whose vault is open."""

    live: int = 0  # sessions that go on
    ended: int = 0  # sessions that have ended and are not heard to their end
    live_behind_ms: int = 0  # of the one that goes on
    behind_ms: int = 0  # of all together
    hearing: Progress | None = None  # with the transcriber now


def queue_of(progress: Mapping[str, Progress], hears: str | None) -> HearingQueue:
    """Any thread: the mapping may change meanwhile."""
    known = dict(progress)
    live = [one for one in known.values() if one.live]
    return HearingQueue(
        live=len(live),
        ended=len(known) - len(live),
        live_behind_ms=max((one.behind_ms for one in live), default=0),
        behind_ms=sum(one.behind_ms for one in known.values()),
        hearing=known.get(hears) if hears else None,
    )
