"""The review of a transcript: edits over the machine's words, and the approval that binds to the exact content.

    machine's words (immutable)  ->  edits (append-only)  ->  approval (a hash over all of it, revocable, kept)

Handles speech in clear.
"""

import hashlib
import hmac
import json
import unicodedata
from dataclasses import dataclass, field, replace

from app.domain import Approval, Edit, Segment, SessionState, Word
from app.errors import TacetError
from app.vault.sessions import SessionContent
from app.vault.vault import Vault

ATTESTATION = (
    "I have checked this transcript, which a machine drafted, and it says what was said in the session as far as "
    "I can tell."
)
LINE_LIMIT = 10_000


class LineTooLong(TacetError):
    """An edit that is no line of a transcript any more. Ask for a shorter one."""


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


class Review:
    """What a person does with one vault's transcripts. Thread-safe.

    Every method may raise NoSuchSession and what a locked or failing vault raises (app.vault.errors).
    """

    def __init__(self, vault: Vault) -> None:
        self._sessions = vault.sessions
        self._owner = vault.account.name

    def open(self, session_id: str) -> None:
        """The review page was opened: a drafted session is in review from now on."""
        row = self._sessions.get(session_id)
        if row is None or row.state is SessionState.DRAFTED:
            self._sessions.move_state(session_id, {SessionState.DRAFTED}, SessionState.IN_REVIEW)

    def transcript(self, session_id: str) -> tuple[Line, ...]:
        """The lines as they stand, in order."""
        return lines_of(self._sessions.content(session_id))

    def edit(self, session_id: str, seq: int, text: str, author: str) -> None:
        """Let the line say `text`; empty text strikes it out. What it says already is not kept again.

        Runs of spaces and line breaks become one space, and control characters go.

        Raises:
            SessionApproved: The sentence says who approved, and that the approval comes back first.
            LineTooLong: Ask for a shorter one.
        """
        self._sessions.add_edit(session_id, seq, _tidy(text), author)

    def undo_edit(self, session_id: str, seq: int, author: str | None = None) -> None:
        """Take back the line's last edit that still stands; the undo is kept in the history as well.

        Args:
            session_id: The session.
            seq: The line.
            author: Who undoes; the vault's owner where nobody is named.

        Raises:
            NothingToUndo: The line stands as the machine heard it.
            SessionApproved: As in `edit`.
        """
        self._sessions.undo_edit(session_id, seq, author or self._owner)

    def approve(self, session_id: str, author: str, attestation: str = ATTESTATION) -> Approval:
        """Put the author's name under exactly the content that stands now. It is read-only from then on.

        Raises:
            NotReadyForApproval: It is not drafted yet, or approved already.
        """

        def seal(content: SessionContent, now_ms: int) -> Approval:
            unsealed = Approval("", author, now_ms, attestation)
            return replace(unsealed, content_hash=content_hash(content, unsealed))

        return self._sessions.add_approval(session_id, seal)

    def approval(self, session_id: str) -> Approval | None:
        """The approval that stands."""
        return self._sessions.approval(session_id)

    def unapprove(self, session_id: str, author: str) -> None:
        """Take the approval back, so that the session can be edited. That it stood, and who took it back, is kept.

        Raises:
            ApprovalMissing: None stands.
        """
        self._sessions.revoke_approval(session_id, author)

    def verify(self, session_id: str) -> bool:
        """Whether an approval stands and the stored content is, to the character, what was approved."""
        content = self._sessions.content(session_id)
        return content.approval is not None and is_as_approved(content, content.approval)


def lines_of(content: SessionContent) -> tuple[Line, ...]:
    """The lines as they stand, in order."""
    return tuple(_line(segment, content.edits.get(segment.seq)) for segment in content.segments)


def content_hash(content: SessionContent, approval: Approval) -> str:
    """What an approval binds to: SHA-256, as 64 hex digits, over canonical JSON of everything that was approved.

    Canonical: the fields of `_bound`, keys sorted, no spaces, UTF-8. The approval's own hash takes no part.
    """
    bound = _bound(content, approval)
    canonical = json.dumps(bound, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def is_as_approved(content: SessionContent, approval: Approval) -> bool:
    return hmac.compare_digest(content_hash(content, approval), approval.content_hash)


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


def _bound(content: SessionContent, approval: Approval) -> dict[str, object]:
    return {
        "format": "tacet approval 1",
        "session_id": content.row.head.session_id,
        "started_at_ms": content.row.head.started_at_ms,
        "lines": [
            {
                "seq": line.seq,
                "start_ms": line.start_ms,
                "end_ms": line.end_ms,
                "speaker": line.speaker,
                "text": line.text,
            }
            for line in lines_of(content)
        ],
        "pauses_ms": [pause.at_ms for pause in content.pauses],
        "attestation": approval.attestation,
        "approved_by": approval.approved_by,
        "approved_at_ms": approval.approved_at_ms,
    }


def _tidy(text: str) -> str:
    """One line without what no keyboard types.

    Raises:
        LineTooLong: It is more than anybody says in one breath.
    """
    tidy = "".join(one for one in " ".join(text.split()) if unicodedata.category(one) not in {"Cc", "Cs"})
    if len(tidy) > LINE_LIMIT:
        raise LineTooLong(f"This line is longer than {LINE_LIMIT:,} characters. Shorten it and save again.")
    return tidy
