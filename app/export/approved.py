"""What may leave the box: an approved session, unchanged since, with what belongs to it. Handles speech in clear."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from app.domain import Addendum, Approval, SessionState
from app.errors import TacetError
from app.records.consent import Consent, consent_sentence
from app.records.people import Client
from app.review import ReleasedNote, is_as_added, is_as_approved, lines_of, released_lines, released_note
from app.vault.errors import ApprovalMissing
from app.vault.session_content import SessionContent
from app.vault.vault import Vault


class NotApproved(TacetError):
    """The session may not leave the box; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Said:
    """A line that may leave: redacted words are covered, private lines are not among them."""

    start_ms: int
    end_ms: int
    speaker: str | None
    text: str = field(repr=False)  # "" where a context note stands alone
    context: tuple[str, ...] = field(default=(), repr=False)  # what the therapist noted beside it
    voice: str = field(default="", repr=False)  # what to call the speaker


@dataclass(frozen=True, slots=True)
class OffTheRecord:
    """The consent rested here."""

    start_ms: int


@dataclass(frozen=True, slots=True)
class ApprovedDocument:
    """Everything that the forms of an export are made of."""

    session_id: str
    started_at_ms: int  # UTC epoch
    clock_trusted: bool
    duration_ms: int
    passages: tuple[Said | OffTheRecord, ...] = field(repr=False)  # in order, without what was struck out
    approval: Approval
    addenda: tuple[Addendum, ...] = field(repr=False)  # of this approval, oldest first
    models: tuple[str, ...]  # what heard the words
    client: Client | None = field(repr=False)
    consents: tuple[Consent, ...] = field(repr=False)  # the newest of each person
    consent: str = field(repr=False)  # the sentence, from what is on file alone
    zone: tzinfo
    note: ReleasedNote | None = field(default=None, repr=False)

    @property
    def substance_use(self) -> bool:
        return self.client is not None and self.client.details.substance_use

    @property
    def language(self) -> str:
        return (self.client.details.language if self.client else "") or "en"

    def moment(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone)


def open_approved(vault: Vault, session_id: str, zone: tzinfo | None = None) -> ApprovedDocument:
    """Take what was approved out of the vault, whole.

    Raises:
        NotApproved: No approval stands, or the content is not what was approved.
        NoSuchSession: It is not in this vault.
    """
    content = vault.sessions.content(session_id)
    approval = _require_approval(content)
    client = vault.clients.client_of(session_id)
    zone = zone or vault.appointments.zone
    records = vault.consents.records(client.client_id) if client else ()
    head = content.row.head
    return ApprovedDocument(
        session_id=session_id,
        started_at_ms=head.started_at_ms,
        clock_trusted=head.clock_trusted,
        duration_ms=content.row.duration_ms,
        passages=tuple(_passages(content)),
        approval=approval,
        addenda=_intact(vault.reviews.addenda(session_id), approval),
        models=tuple(sorted({segment.model for segment in content.segments})),
        client=client,
        consents=tuple(one for record in records if (one := record.newest()) is not None),
        consent=consent_sentence(records, head.started_at_ms + content.row.duration_ms, zone) if client else "",
        zone=zone,
        note=released_note(content),
    )


def note_export(vault: Vault, document: ApprovedDocument, kind: str, author: str) -> None:
    """Keep that it leaves, before it leaves.

    Raises:
        NotApproved: The approval was taken back a moment ago.
    """
    try:
        vault.approvals.add_export(document.session_id, document.approval.content_hash, kind, author)
    except ApprovalMissing:
        raise NotApproved(
            "The approval was taken back a moment ago, so nothing was exported. Approve the session and export again."
        ) from None


def _require_approval(content: SessionContent) -> Approval:
    approval = content.approval
    if approval is None:
        raise NotApproved(_why_not(content.row.state))
    if not is_as_approved(content, approval):
        raise NotApproved(
            "The stored transcript is not what was approved, so it was not exported. Take the approval back, check "
            "the transcript, and approve it again."
        )
    return approval


def _intact(addenda: list[Addendum], approval: Approval) -> tuple[Addendum, ...]:
    if not all(is_as_added(one, approval) for one in addenda):
        raise NotApproved(
            "An addendum is not what was added, so nothing was exported. Take the approval back, check the session, "
            "and approve it again."
        )
    return tuple(addenda)


def _why_not(state: SessionState) -> str:
    if state in {SessionState.DRAFTED, SessionState.IN_REVIEW}:
        return (
            "This transcript is still a draft that a machine wrote, and drafts stay on the box. Review it and approve "
            "it, then export it."
        )
    return (
        "This session is not transcribed to its end yet, so there is nothing to export. Wait until it is, review the "
        "transcript and approve it."
    )


def _passages(content: SessionContent) -> Iterator[Said | OffTheRecord]:
    pauses = [pause.at_ms for pause in content.pauses]
    for line in released_lines(lines_of(content), content.marks):
        while pauses and pauses[0] <= line.start_ms:
            yield OffTheRecord(pauses.pop(0))
        yield Said(line.start_ms, line.end_ms, line.speaker, line.text, line.context, line.voice)
    yield from map(OffTheRecord, pauses)
