"""What stands in every export beside the words. Pure."""

from app.export.approved import ApprovedDocument, Said
from app.review.released_note import ReleasedSentence

OFF_THE_RECORD = "(off the record)"
# Source: 42 CFR 2.32, the short form of the notice that accompanies a disclosure.
REDISCLOSURE = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


def machine_statement(document: ApprovedDocument) -> str:
    """That a machine wrote it first, and which."""
    return f"Drafted by a machine ({', '.join(document.models) or 'it heard no words'}), reviewed by a person"


def headings(document: ApprovedDocument) -> list[tuple[str, str]]:
    """What stands above the words, as name and content."""
    approval = document.approval
    doubt = "" if document.clock_trusted else ", by a clock that was not set"
    found = [
        ("Session", f"{date(document, document.started_at_ms)}{doubt}"),
        ("Duration", duration(document.duration_ms)),
        ("Approved", f"by {approval.approved_by} on {date(document, approval.approved_at_ms)}"),
        ("Statement", approval.attestation),
        ("Origin", machine_statement(document)),
        ("Content hash (SHA-256)", approval.content_hash),
    ]
    if document.note is not None:
        found.insert(5, ("Note", note_statement(document)))
    if document.client is not None:
        found.insert(0, ("Client", document.client.name))
        found.append(("Consent", document.consent))
    return found


def note_statement(document: ApprovedDocument) -> str:
    """That a machine drafted the note, which one and when; "" where there is no note."""
    note = document.note
    if note is None:
        return ""
    drafted = date(document, note.drafted_at_ms)
    return f"Note ({note.format_name}) drafted by {note.drafter} on {drafted}, reviewed by a person"


def note_sections(document: ApprovedDocument) -> list[tuple[str, list[str]]]:
    """The note's sections in order: name and sentences, each with whose words it is and where it was said."""
    if document.note is None:
        return []
    return [(section.name, [_sourced(one) for one in section.sentences]) for section in document.note.sections]


def _sourced(sentence: ReleasedSentence) -> str:
    times = ", ".join(clock(one) for one in sentence.starts_ms)
    return f"{sentence.spoken} [{times}]" if times else sentence.spoken


def addendum_lines(document: ApprovedDocument) -> list[str]:
    """What was added after the approval, each with who and when."""
    return [f"Addendum by {one.author}, {date(document, one.added_at_ms)}: {one.text}" for one in document.addenda]


def speaker(said: Said) -> str:
    return said.voice or "Speaker unknown"


def date(document: ApprovedDocument, at_ms: int) -> str:
    moment = document.moment(at_ms)
    return f"{moment.day} {moment:%B %Y, %H:%M} ({moment:%Z})"


def clock(at_ms: int) -> str:
    minutes, seconds = divmod(at_ms // 1000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def duration(duration_ms: int) -> str:
    minutes, seconds = divmod(duration_ms // 1000, 60)
    return f"{minutes} min {seconds} s"
