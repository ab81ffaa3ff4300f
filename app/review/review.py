"""What a person does with a transcript. Handles speech in clear."""

import unicodedata
from collections.abc import Collection
from dataclasses import asdict, replace

from app.domain import Addendum, Approval, MarkKind, SessionState
from app.errors import TacetError
from app.review.binding import addendum_hash, canonical, content_hash, is_as_added, is_as_approved
from app.review.duties import what_was_done
from app.review.history import steps
from app.review.lines import Line, lines_of
from app.review.note import require_settled
from app.review.pieces import segments_under
from app.vault.errors import NothingToUndo, NotReadyForApproval
from app.vault.session_content import SessionContent
from app.vault.vault import Vault

ATTESTATION = (
    "I have checked this transcript, which a machine drafted, and it says what was said in the session as far as "
    "I can tell."
)
LINE_LIMIT = 10_000


class LineTooLong(TacetError):
    """An edit that is no line of a transcript any more. Ask for a shorter one."""


class NothingSaid(TacetError):
    """A note without words. Ask for some."""


class Review:
    """What a person does with one vault's transcripts. Thread-safe.

    Every method may raise NoSuchSession and what a locked or failing vault raises (app.vault.errors).
    """

    def __init__(self, vault: Vault) -> None:
        self._sessions = vault.sessions
        self._approvals = vault.approvals
        self._reviews = vault.reviews
        self._owner = vault.account.name

    def open(self, session_id: str) -> None:
        """The review page was opened: a drafted session is in review from now on."""
        row = self._sessions.get(session_id)
        if row is None or row.state is SessionState.DRAFTED:
            self._sessions.move_state(session_id, {SessionState.DRAFTED}, SessionState.IN_REVIEW)

    def transcript(self, session_id: str) -> tuple[Line, ...]:
        """The lines as they stand, in order."""
        return lines_of(self._sessions.content(session_id))

    def lines(self, session_id: str, seqs: Collection[int]) -> tuple[Line, ...]:
        """These lines as they stand, in order; those that are not there are left out."""
        content = self._sessions.stretch(session_id, lambda changes: segments_under(seqs, changes))
        return tuple(line for line in lines_of(content) if line.seq in seqs)

    def edit(self, session_id: str, seq: int, text: str, author: str, base: int | None = None) -> None:
        """Let the line say `text`; empty text strikes it out. What it says already is not kept again.

        Runs of spaces and line breaks become one space, and control characters go. `base` is the edit that the author
        saw when they began, 0 for none.

        Raises:
            EditedMeanwhile: Other words have come to stand there since `base`; show both and ask.
            SessionApproved: The sentence says who approved, and that the approval comes back first.
            LineTooLong: Ask for a shorter one.
        """
        heard = next((line.machine_text for line in self.lines(session_id, {seq})), None)
        self._sessions.add_edit(session_id, seq, _tidy(text), author, heard, base=base)

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

    def undo(self, session_id: str, author: str) -> int:
        """Take back the author's latest edit that stands, wherever it is; give its line.

        Raises:
            NothingToUndo, SessionApproved: As in `undo_edit`.
        """
        step = steps(self._sessions.session_edits(session_id), author).undo
        if step is None:
            raise NothingToUndo("There is nothing of yours to undo in this session.")
        self._sessions.undo_edit(session_id, step.seq, author)
        return step.seq

    def redo(self, session_id: str, author: str) -> int:
        """Do the author's latest undone edit again; give its line.

        Raises:
            NothingToUndo: Nothing was undone, or something was edited since.
            SessionApproved: As in `edit`.
        """
        step = steps(self._sessions.session_edits(session_id), author).redo
        if step is None:
            raise NothingToUndo("There is nothing to do again in this session.")
        self.edit(session_id, step.seq, step.text or "", author)
        return step.seq

    def approve(
        self, session_id: str, author: str, attestation: str = ATTESTATION, *, hearing: int | None = None
    ) -> Approval:
        """Put the author's name under exactly the content that stands now. It is read-only from then on.

        `hearing` is whose words the author has read (HearingStore.swaps); None asks for no such care.

        Raises:
            NotReadyForApproval: It is not drafted yet, or approved already, or other words stand than were read.
            OpenFlags: A sentence of the note waits for the therapist.
        """

        def seal(content: SessionContent, now_ms: int) -> Approval:
            _require_read(content, hearing)
            require_settled(content)
            unsealed = Approval("", author, now_ms, attestation, done=canonical(asdict(what_was_done(content))))
            return replace(unsealed, content_hash=content_hash(content, unsealed))

        return self._approvals.add(session_id, seal)

    def approval(self, session_id: str) -> Approval | None:
        """The approval that stands."""
        return self._approvals.standing(session_id)

    def unapprove(self, session_id: str, author: str) -> None:
        """Take the approval back, so that the session can be edited. That it stood, and who took it back, is kept.

        Raises:
            ApprovalMissing: None stands.
        """
        self._approvals.revoke(session_id, author)

    def verify(self, session_id: str) -> bool:
        """Whether an approval stands and the stored content is, to the character, what was approved and added."""
        content = self._sessions.content(session_id)
        approval = content.approval
        if approval is None or not is_as_approved(content, approval):
            return False
        return all(is_as_added(addendum, approval) for addendum in self._reviews.addenda(session_id))

    def add(self, session_id: str, text: str, author: str) -> None:
        """Say something about an approved session later. What was approved stays as it is.

        Raises:
            NothingSaid: There is no text.
            ApprovalMissing: None stands.
            LineTooLong: Ask for a shorter one.
        """
        said = _something(text)

        def make(approval: Approval, now_ms: int) -> Addendum:
            return Addendum(said, author, now_ms, addendum_hash(approval.content_hash, said, author, now_ms))

        self._reviews.add_addendum(session_id, make)

    def mark(self, session_id: str, kind: MarkKind, seq: int, text: str, author: str) -> None:
        """Set something beside a line: a context note, words that no export shows, or that it stays in the vault.

        Raises:
            NothingSaid: There is no text, and this kind needs one.
            SessionApproved: As in `edit`.
            LineTooLong: Ask for a shorter one.
        """
        said = _tidy(text) if kind is MarkKind.PRIVATE else _something(text)
        self._reviews.add_mark(session_id, kind, seq, said, author)


def _tidy(text: str) -> str:
    """One line without what no keyboard types.

    Raises:
        LineTooLong: It is more than anybody says in one breath.
    """
    tidy = "".join(one for one in " ".join(text.split()) if unicodedata.category(one) not in {"Cc", "Cs"})
    if len(tidy) > LINE_LIMIT:
        raise LineTooLong(f"This line is longer than {LINE_LIMIT:,} characters. Shorten it and save again.")
    return tidy


def _something(text: str) -> str:
    """Raises NothingSaid, LineTooLong."""
    said = _tidy(text)
    if not said:
        raise NothingSaid("There are no words in this yet. Write some, then keep it.")
    return said


def _require_read(content: SessionContent, hearing: int | None) -> None:
    if hearing is not None and hearing != content.swaps:
        raise NotReadyForApproval(
            "The box has heard this session anew since you opened it, so some words changed. Read what changed, then "
            "approve."
        )
