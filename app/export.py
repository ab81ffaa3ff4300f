"""The only way of a transcript out of the box: approved, unchanged since, and logged. Handles speech in clear."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo

from app.domain import Approval, SessionState
from app.errors import TacetError
from app.review import ReleasedLine, is_as_approved, lines_of, released_lines
from app.vault.errors import ApprovalMissing
from app.vault.sessions import SessionContent
from app.vault.vault import Vault

OFF_THE_RECORD = "(off the record)"
NOBODY = ""  # has spoken since the last break


class NotApproved(TacetError):
    """The session may not leave the box; the message says why and what to do."""


def export_text(vault: Vault, session_id: str, author: str | None = None, zone: tzinfo | None = None) -> str:
    """The approved transcript as plain text, for a client's record. It is kept that it left, before it leaves.

    Args:
        vault: The session's vault.
        session_id: The session.
        author: Who exports; the vault's owner where nobody is named.
        zone: What dates are shown in; the box's own where none is named.

    Raises:
        NotApproved: No approval stands, or the content is not what was approved.
        NoSuchSession: It is not in this vault.
    """
    content = vault.sessions.content(session_id)
    approval = _require_approval(content)
    text = render_text(content, approval, zone)
    try:
        vault.sessions.add_export(session_id, approval.content_hash, "text", author or vault.account.name)
    except ApprovalMissing:
        raise NotApproved(
            "The approval was taken back a moment ago, so nothing was exported. Approve the session and export again."
        ) from None
    return text


def render_text(content: SessionContent, approval: Approval, zone: tzinfo | None = None) -> str:
    """Heading, then one line for each that was not struck out, with time and speaker."""
    head = [
        "Session transcript",
        "",
        f"Session of {_date(content.row.head.started_at_ms, zone)}{_doubt(content)}",
        f"Duration {_duration(content.row.duration_ms)}",
        f"Approved by {approval.approved_by} on {_date(approval.approved_at_ms, zone)}",
        f"Statement: {approval.attestation}",
        f"Drafted by a machine ({', '.join(_models(content)) or 'it heard no words'}), reviewed by a person",
        f"Content hash (SHA-256): {approval.content_hash}",
    ]
    return "\n".join([*head, *_body(content)]) + "\n"


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


def _body(content: SessionContent) -> Iterator[str]:
    pauses = [pause.at_ms for pause in content.pauses]
    before: str | None = NOBODY
    for line in released_lines(lines_of(content), content.marks):
        while pauses and pauses[0] <= line.start_ms:
            yield _off_the_record(pauses.pop(0))
            before = NOBODY
        if line.text:
            yield _spoken(line, new_speaker=line.speaker != before)
            before = line.speaker
        for note in line.context:
            yield f"          [{note}]"
    yield from map(_off_the_record, pauses)


def _off_the_record(at_ms: int) -> str:
    return f"\n{_clock(at_ms)}  {OFF_THE_RECORD}"


def _spoken(line: ReleasedLine, *, new_speaker: bool) -> str:
    gap = "\n" if new_speaker else ""
    speaker = f"Speaker {line.speaker}" if line.speaker else "Speaker unknown"
    return f"{gap}{_clock(line.start_ms)}  {speaker}: {line.text}"


def _models(content: SessionContent) -> list[str]:
    return sorted({segment.model for segment in content.segments})


def _doubt(content: SessionContent) -> str:
    return "" if content.row.head.clock_trusted else ", by a clock that was not set"


def _date(at_ms: int, zone: tzinfo | None) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    return f"{moment.day} {moment:%B %Y, %H:%M} ({moment:%Z})"


def _clock(at_ms: int) -> str:
    minutes, seconds = divmod(at_ms // 1000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _duration(duration_ms: int) -> str:
    minutes, seconds = divmod(duration_ms // 1000, 60)
    return f"{minutes} min {seconds} s"
