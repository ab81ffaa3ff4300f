"""The session drawn on one strip: who spoke when, where nobody did, where the words are doubtful. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import Pause
from app.review import Line
from app.review.places import Place

WIDTH = 1000  # units of the drawing, whatever its size on the screen


@dataclass(frozen=True, slots=True)
class Timeline:
    """SVG path data, one path for all of a kind: a session of hours stays small."""

    template: ClassVar[str] = "_timeline.html"
    first: str  # the upper lane: speaker 1, and voices that the box cannot tell apart
    second: str  # the lower lane: speaker 2
    doubts: str
    pauses: str
    heard: str  # what was listened to


def timeline(
    lines: Sequence[Line],
    pauses: Sequence[Pause],
    duration_ms: int,
    places: Sequence[Place] = (),
    heard: Sequence[tuple[int, int]] = (),
) -> Timeline:
    """Draw a session of `duration_ms`."""
    scale = WIDTH / max(1, duration_ms)
    return Timeline(
        first=_bars((line for line in lines if line.speaker != "2"), scale, y=7),
        second=_bars((line for line in lines if line.speaker == "2"), scale, y=17),
        doubts=_ticks((place.start_ms for place in places), scale),
        pauses=_ticks((pause.at_ms for pause in pauses), scale),
        heard="".join(f"M{start * scale:.1f} 23h{(end - start) * scale:.1f}" for start, end in heard),
    )


def _bars(lines: Iterable[Line], scale: float, y: int) -> str:
    return "".join(
        f"M{line.start_ms * scale:.1f} {y}h{max(0.8, (line.end_ms - line.start_ms) * scale):.1f}" for line in lines
    )


def _ticks(moments_ms: Iterable[int], scale: float) -> str:
    return "".join(f"M{at_ms * scale:.1f} 0v24" for at_ms in moments_ms)
