"""The lines of a transcript as they stand: what people made of what the machine heard. Pure; speech in clear."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.domain import Edit, Place, Word
from app.review.cast import Cast, cast_of
from app.review.pieces import Piece, pieces_of
from app.vault.session_content import SessionContent


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the transcript as it stands now, over what the machine heard."""

    seq: int  # of its segment, and the word at which it begins where that is not the first (app.review.pieces)
    start_ms: int
    end_ms: int
    speaker: str | None
    machine_text: str = field(repr=False)
    text: str = field(repr=False)  # "" when struck out
    words: tuple[Word, ...] = field(repr=False)  # the machine's, whatever the text says by now
    edited_by: str | None  # None where the machine's words stand
    edited_at_ms: int | None
    probability: float  # of the machine's words, 0..1
    machine_speaker: str | None = None  # whose the machine said it is
    sure: bool = True  # False where the machine was unsure whose it is, and nobody has said since
    first: Place = (0, 0)  # its first and last word
    last: Place = (0, 0)
    voice: str = ""  # "Speaker 1", or "Therapist" and "Client" once that is known, or a given name
    together: tuple[tuple[int, int], ...] = ()  # start and end in ms of where two people speak at once

    @property
    def not_understood(self) -> bool:
        """Whether somebody speaks here and neither the machine nor a person has words for it."""
        return not self.machine_text.strip() and self.edited_by is None


def lines_of(content: SessionContent) -> tuple[Line, ...]:
    """The lines as they stand, in order."""
    made_of = (content.segments, content.attribution, content.voice_changes)
    pieces = content.worked_out.of("pieces", made_of, lambda: pieces_of(*made_of))
    cast, overlaps = cast_of(content), content.attribution.overlaps if content.attribution else ()
    return content.worked_out.of(
        "lines",
        (pieces, content.edits, cast, overlaps),
        lambda: tuple(_line(piece, content.edits.get(piece.key), cast, overlaps) for piece in pieces),
    )


def _line(piece: Piece, edit: Edit | None, cast: Cast, overlaps: Sequence[tuple[int, int]]) -> Line:
    standing = edit if edit is not None and edit.text is not None else None
    return Line(
        seq=piece.key,
        start_ms=piece.start_ms,
        end_ms=piece.end_ms,
        speaker=piece.speaker,
        machine_text=piece.text,
        text=piece.text if edit is None or edit.text is None else edit.text,
        words=piece.words,
        edited_by=standing.author if standing else None,
        edited_at_ms=standing.edited_at_ms if standing else None,
        probability=piece.probability,
        machine_speaker=piece.machine_speaker,
        sure=piece.sure,
        first=piece.first,
        last=piece.last,
        voice=cast.called(piece.speaker),
        together=tuple(_within(overlaps, piece.start_ms, piece.end_ms)),
    )


def _within(spans: Sequence[tuple[int, int]], start_ms: int, end_ms: int) -> Iterator[tuple[int, int]]:
    """The parts of the spans, which are in order and apart, that lie between."""
    for start, end in spans[max(0, bisect_right(spans, start_ms, key=lambda span: span[0]) - 1) :]:
        if start >= end_ms:
            return
        if end > start_ms:
            yield max(start, start_ms), min(end, end_ms)
