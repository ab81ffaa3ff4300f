"""The lines of a transcript as they stand: what people made of what the machine heard. Pure; speech in clear."""

from dataclasses import dataclass, field

from app.domain import Edit, Place, Word
from app.review.pieces import Piece, name_of, pieces_of, therapist_of
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
    voice: str = ""  # "Speaker 1", or "Therapist" and "Client" once somebody has said who is who


def lines_of(content: SessionContent) -> tuple[Line, ...]:
    """The lines as they stand, in order."""
    pieces = pieces_of(content.segments, content.attribution, content.voice_changes)
    therapist = therapist_of(content.voice_changes)
    return tuple(_line(piece, content.edits.get(piece.key), therapist) for piece in pieces)


def _line(piece: Piece, edit: Edit | None, therapist: str | None) -> Line:
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
        voice=name_of(piece.speaker, therapist),
    )
