"""What stands in every export beside the words. Pure."""

from app.export.approved import ApprovedDocument, Said

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
    if document.client is not None:
        found.insert(0, ("Client", document.client.name))
        found.append(("Consent", document.consent))
    return found


def addendum_lines(document: ApprovedDocument) -> list[str]:
    """What was added after the approval, each with who and when."""
    return [f"Addendum by {one.author}, {date(document, one.added_at_ms)}: {one.text}" for one in document.addenda]


def speaker(said: Said) -> str:
    return f"Speaker {said.speaker}" if said.speaker else "Speaker unknown"


def date(document: ApprovedDocument, at_ms: int) -> str:
    moment = document.moment(at_ms)
    return f"{moment.day} {moment:%B %Y, %H:%M} ({moment:%Z})"


def clock(at_ms: int) -> str:
    minutes, seconds = divmod(at_ms // 1000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def duration(duration_ms: int) -> str:
    minutes, seconds = divmod(duration_ms // 1000, 60)
    return f"{minutes} min {seconds} s"
