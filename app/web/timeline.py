"""The session drawn on one strip: who spoke when, where nobody did, where the words are doubtful. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import Pause
from app.review import Line
from app.review.places import Place

WIDTH = 1000  # units of the drawing, whatever its size on the screen
TOP, LANES = 2, 20  # where the lanes of the voices begin, and how high they are together
SINGLE = 6  # a lane is no higher than this


@dataclass(frozen=True, slots=True)
class Lane:
    """One person's, path data."""

    speaker: str  # "1", "2", ...; the first lane also holds voices that the box cannot tell apart
    drawn: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """SVG path data, one path for all of a kind: a session of hours stays small."""

    template: ClassVar[str] = "_timeline.html"
    lanes: tuple[Lane, ...]
    thick: float  # a lane
    together: str  # where two speak at once
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
    speakers = sorted({line.speaker for line in lines if line.speaker} | {"1", "2"})
    high = LANES / len(speakers)
    lanes = [
        Lane(one, bars([line for line in lines if (line.speaker or "1") == one], scale, TOP + high * (at + 0.5)))
        for at, one in enumerate(speakers)
    ]
    return Timeline(
        lanes=tuple(lanes),
        thick=min(SINGLE, 0.8 * high),
        together=together(lines, scale, 24),
        doubts=doubt_ticks(places, duration_ms),
        pauses=_ticks((pause.at_ms for pause in pauses), scale),
        heard="".join(f"M{start * scale:.1f} 23h{(end - start) * scale:.1f}" for start, end in heard),
    )


def doubt_ticks(places: Iterable[Place], duration_ms: int) -> str:
    return _ticks((place.start_ms for place in places), WIDTH / max(1, duration_ms))


def bars(lines: Iterable[Line], scale: float, y: float) -> str:
    return "".join(
        f"M{line.start_ms * scale:.1f} {y:g}h{max(0.8, (line.end_ms - line.start_ms) * scale):.1f}" for line in lines
    )


def together(lines: Sequence[Line], scale: float, height: int) -> str:
    """Where two speak at once, as areas over all lanes."""
    return "".join(
        f"M{start_ms * scale:.1f} 0h{max(0.8, (end_ms - start_ms) * scale):.1f}v{height}H{start_ms * scale:.1f}z"
        for line in lines
        for start_ms, end_ms in line.together
    )


def _ticks(moments_ms: Iterable[int], scale: float) -> str:
    return "".join(f"M{at_ms * scale:.1f} 0v24" for at_ms in moments_ms)
