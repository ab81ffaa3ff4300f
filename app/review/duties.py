"""The five duties of a review, and what was actually done for each. Pure.

What was done is kept with the approval, word for word, and bound by its hash: it says how much of the recording was
listened to and how many doubtful places were heard, and so how far the name under it reaches.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain import Listening, Mark, MarkKind
from app.review.lines import Line, lines_of
from app.review.places import Place, places_of, worth_hearing
from app.vault.session_content import SessionContent


@dataclass(frozen=True, slots=True)
class Done:
    """Counts of a review; whole numbers alone, so that they have one canonical form."""

    heard_ms: int
    duration_ms: int
    places: int  # that were worth hearing, in lines as the machine heard them
    places_heard: int
    places_right: int  # found right by a person
    lines: int
    lines_edited: int
    context_notes: int
    redactions: int
    private_lines: int

    @property
    def places_open(self) -> int:
        return self.places - self.places_right

    @property
    def heard_percent(self) -> int:
        return self.heard_ms * 100 // self.duration_ms if self.duration_ms else 0


def what_was_done(content: SessionContent) -> Done:
    """Count what was done for the transcript up to now."""
    lines = lines_of(content)
    return done_for(
        content.row.duration_ms, content.marks, content.listening, lines, places_of(lines, content.worked_out)
    )


def done_for(
    duration_ms: int, marks: Sequence[Mark], listening: Listening, lines: Sequence[Line], places: Sequence[Place]
) -> Done:
    """Count, from what was worked out before; `places` are all of `lines`."""
    worth = worth_hearing(places)
    kinds = [mark.kind for mark in marks]
    return Done(
        heard_ms=sum(end_ms - start_ms for start_ms, end_ms in listening.spans),
        duration_ms=duration_ms,
        places=len(worth),
        places_heard=sum(was_heard(place, listening) for place in worth),
        places_right=sum(place.key in listening.accepted for place in worth),
        lines=len(lines),
        lines_edited=sum(line.edited_by is not None for line in lines),
        context_notes=kinds.count(MarkKind.CONTEXT) + kinds.count(MarkKind.SILENCE),
        redactions=kinds.count(MarkKind.REDACTED),
        private_lines=len({mark.seq for mark in marks if mark.kind is MarkKind.PRIVATE}),
    )


def was_heard(place: Place, listening: Listening) -> bool:
    """Whether the place was listened to from its beginning to its end."""
    starts = [start_ms for start_ms, _ in listening.spans]
    at = bisect_right(starts, place.start_ms) - 1
    return at >= 0 and listening.spans[at][1] >= place.end_ms


def open_places(places: Sequence[Place], listening: Listening) -> tuple[Place, ...]:
    """Give those worth hearing that nobody has found right yet, the most worth first."""
    return tuple(place for place in worth_hearing(places) if place.key not in listening.accepted)
