"""The lines of a transcript as they stand: what people made of what the machine heard. Pure; speech in clear."""

from dataclasses import dataclass, field

from app.domain import Edit, Segment, Word
from app.vault.sessions import SessionContent


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the transcript as it stands now, over what the machine heard."""

    seq: int
    start_ms: int
    end_ms: int
    speaker: str | None
    machine_text: str = field(repr=False)
    text: str = field(repr=False)  # "" when struck out
    words: tuple[Word, ...] = field(repr=False)  # the machine's, whatever the text says by now
    edited_by: str | None  # None where the machine's words stand
    edited_at_ms: int | None
    probability: float  # of the machine's words, 0..1


def lines_of(content: SessionContent) -> tuple[Line, ...]:
    """The lines as they stand, in order."""
    return tuple(_line(segment, content.edits.get(segment.seq)) for segment in content.segments)


def _line(segment: Segment, edit: Edit | None) -> Line:
    standing = edit if edit is not None and edit.text is not None else None
    return Line(
        seq=segment.seq,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        speaker=segment.speaker,
        machine_text=segment.text,
        text=segment.text if edit is None or edit.text is None else edit.text,
        words=segment.words,
        edited_by=standing.author if standing else None,
        edited_at_ms=standing.edited_at_ms if standing else None,
        probability=segment.probability,
    )
