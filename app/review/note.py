"""The note as a part of what is approved: what it is read over, and that nothing flagged in it is approved unseen."""

from app.notes.standing import standing_of
from app.notes.transcript import Spoken, Transcript, with_roles
from app.review.cast import cast_of
from app.review.lines import lines_of
from app.review.released import released_lines
from app.vault.errors import NotReadyForApproval
from app.vault.session_content import SessionContent


class OpenFlags(NotReadyForApproval):
    """Sentences of the note are flagged, and nobody has changed them, linked another source or accepted them."""


def transcript_of(content: SessionContent) -> Transcript:
    """What a drafter and the guard read: the lines as they stand, by their keys.

    Nothing of those struck out or private, and redacted words are covered: what may not leave may not come back in a
    note's sentence.
    """
    lines = [line for line in released_lines(lines_of(content), content.marks) if line.text]
    spoken = [Spoken(line.seq, line.start_ms / 1000, line.end_ms / 1000, line.speaker, line.text) for line in lines]
    return with_roles(spoken, cast_of(content).therapist)


def require_settled(content: SessionContent) -> None:
    """Let nothing be approved that holds an open flag.

    Raises:
        OpenFlags: Says how many.
    """
    if content.note is None:
        return
    waiting = sum(one.is_open for one in standing_of(content.note, transcript_of(content)))
    if waiting:
        these = "One sentence of the note is" if waiting == 1 else f"{waiting} sentences of the note are"
        raise OpenFlags(
            f"{these} flagged. Change, link again, accept or take out what is flagged, then approve the session."
        )
