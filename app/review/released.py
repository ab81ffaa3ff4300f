"""What of a transcript may be seen outside the vault: private lines are left out, redacted words are covered. Pure.

Whatever lets words out (export, print, a copy) shows these lines and no others. Speech in clear.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.domain import Mark, MarkKind
from app.review.lines import Line

COVER = "[withheld]"
NOTED = {MarkKind.CONTEXT: "", MarkKind.SILENCE: "In the pause before: "}  # how a note beside a line begins


@dataclass(frozen=True, slots=True)
class ReleasedLine:
    seq: int
    start_ms: int
    end_ms: int
    speaker: str | None
    text: str = field(repr=False)  # "" where a context note stands alone
    context: tuple[str, ...] = field(default=(), repr=False)  # what the therapist noted beside it, covered as well
    voice: str = ""  # what to call the speaker


def released_lines(lines: Sequence[Line], marks: Sequence[Mark]) -> tuple[ReleasedLine, ...]:
    """Give the lines as they may leave: in order, without those struck out or private, redacted words covered.

    A line without words of its own that carries a context note stays, as a line of that note alone.
    """
    private = {mark.seq for mark in marks if mark.kind is MarkKind.PRIVATE}
    covered = Cover(marks)
    notes: dict[int, list[str]] = {}
    for mark in marks:
        if mark.kind in NOTED:
            notes.setdefault(mark.seq, []).append(NOTED[mark.kind] + covered(mark.text))
    return tuple(_released(lines, private, covered, notes))


class Cover:
    """Covers every redacted phrase in a text, whole words, whatever their case."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        phrases = sorted({mark.text for mark in marks if mark.kind is MarkKind.REDACTED}, key=len, reverse=True)
        spaced = (r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in phrases)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)", re.IGNORECASE) if phrases else None

    @property
    def hides(self) -> bool:
        """Tell whether there is anything to cover at all."""
        return self._pattern is not None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Give where the covers lie, as (start, end) in characters."""
        return (found.span() for found in self._pattern.finditer(text)) if self._pattern else iter(())

    def __call__(self, text: str) -> str:
        return self._pattern.sub(COVER, text) if self._pattern else text


def _released(
    lines: Sequence[Line], private: set[int], covered: Cover, notes: dict[int, list[str]]
) -> Iterator[ReleasedLine]:
    for line in lines:
        context = tuple(notes.get(line.seq, ()))
        if line.seq not in private and (line.text or context):
            yield ReleasedLine(
                line.seq, line.start_ms, line.end_ms, line.speaker, covered(line.text), context, covered(line.voice)
            )
