"""The review of a transcript: edits over the machine's words, and the approval that binds to the exact content.

    machine's words (immutable)  ->  edits (append-only)  ->  approval (a hash over all of it, revocable, kept)

Handles speech in clear.
"""

from app.review.binding import bound_parts, content_hash, is_as_added, is_as_approved, part_digests
from app.review.cast import Cast, cast_of, people_wanted
from app.review.hearings import HeardOtherwise, changed_words, changes
from app.review.lines import Line, lines_of
from app.review.note import OpenFlags, transcript_of
from app.review.pieces import segments_under, standing_changes
from app.review.released import COVER, NOTED, Cover, ReleasedLine, released_lines
from app.review.released_note import ReleasedNote, released_note
from app.review.review import ATTESTATION, LINE_LIMIT, LineTooLong, NothingSaid, Review
from app.review.voices import EditedWords, NoSuchWords, Selected, VoiceReview

__all__ = [
    "ATTESTATION",
    "COVER",
    "LINE_LIMIT",
    "NOTED",
    "Cast",
    "Cover",
    "EditedWords",
    "HeardOtherwise",
    "Line",
    "LineTooLong",
    "NoSuchWords",
    "NothingSaid",
    "OpenFlags",
    "ReleasedLine",
    "ReleasedNote",
    "Review",
    "Selected",
    "VoiceReview",
    "bound_parts",
    "cast_of",
    "changed_words",
    "changes",
    "content_hash",
    "is_as_added",
    "is_as_approved",
    "lines_of",
    "part_digests",
    "people_wanted",
    "released_lines",
    "released_note",
    "segments_under",
    "standing_changes",
    "transcript_of",
]
