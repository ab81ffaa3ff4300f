"""An approved session as text: plain, Markdown, for a field of a health record, and as captions. Pure."""

import re
import unicodedata
from collections.abc import Iterator

from app.export.approved import ApprovedDocument, OffTheRecord, Said
from app.export.statements import (
    OFF_THE_RECORD,
    REDISCLOSURE,
    addendum_lines,
    clock,
    date,
    duration,
    headings,
    machine_statement,
    note_sections,
    note_statement,
    speaker,
)

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")
_PLAIN_PUNCTUATION = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00a0": " ",
    }
)


def render_text(document: ApprovedDocument) -> str:
    """Heading, then one line for each that was not struck out, with time and speaker."""
    approval = document.approval
    doubt = "" if document.clock_trusted else ", by a clock that was not set"
    head = [
        "Session transcript",
        "",
        f"Session of {date(document, document.started_at_ms)}{doubt}",
        f"Duration {duration(document.duration_ms)}",
        f"Approved by {approval.approved_by} on {date(document, approval.approved_at_ms)}",
        f"Statement: {approval.attestation}",
        machine_statement(document),
        f"Content hash (SHA-256): {approval.content_hash}",
    ]
    if document.note is not None:
        head.insert(-1, note_statement(document))
    if document.client is not None:
        head[2:2] = [f"Client: {document.client.name}"]
        head.append(document.consent)
    if document.substance_use:
        head.append(REDISCLOSURE)
    added = [f"\n{line}" for line in addendum_lines(document)]
    return "\n".join([*head, *_note(document), *_blocks(document), *added]) + "\n"


def _note(document: ApprovedDocument) -> Iterator[str]:
    """The note before the transcript; nothing where there is none."""
    for name, sentences in note_sections(document):
        yield f"\n{name}"
        yield from (f"- {sentence}" for sentence in sentences)
    if document.note is not None:
        yield "\nTranscript"


def _blocks(document: ApprovedDocument) -> Iterator[str]:
    before: str | None = ""  # nobody has spoken since the last break
    for passage in document.passages:
        match passage:
            case OffTheRecord(start_ms):
                yield f"\n{clock(start_ms)}  {OFF_THE_RECORD}"
                before = ""
            case Said():
                if passage.text:
                    gap = "\n" if passage.speaker != before else ""
                    yield f"{gap}{clock(passage.start_ms)}  {speaker(passage)}: {passage.text}"
                    before = passage.speaker
                yield from (f"          [{note}]" for note in passage.context)


def render_markdown(document: ApprovedDocument) -> str:
    """CommonMark; what was said cannot turn into markup."""
    lines = ["# Session transcript", ""]
    lines += [f"- **{name}:** {_escaped(content)}" for name, content in headings(document)]
    if document.substance_use:
        lines += ["", f"> {_escaped(REDISCLOSURE)}"]
    for name, sentences in note_sections(document):
        lines += ["", f"## {_escaped(name)}", "", *(f"- {_escaped(sentence)}" for sentence in sentences)]
    lines += ["", "## Transcript", ""]
    for passage in document.passages:
        match passage:
            case OffTheRecord(start_ms):
                lines += [f"*{clock(start_ms)} {_escaped(OFF_THE_RECORD)}*", ""]
            case Said():
                if passage.text:
                    lines += [f"**{clock(passage.start_ms)} {speaker(passage)}:** {_escaped(passage.text)}", ""]
                for note in passage.context:
                    lines += [f"*{_escaped(f'[{note}]')}*", ""]
    lines += [line for added in addendum_lines(document) for line in (_escaped(added), "")]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def render_field(document: ApprovedDocument) -> str:
    """For pasting into a field of a health record: short heading, plain punctuation, CRLF, no tabs, no empty lines."""
    approval = document.approval
    lines = [f"Session of {date(document, document.started_at_ms)}, {duration(document.duration_ms)}."]
    if document.consent:
        lines.append(document.consent)
    for name, sentences in note_sections(document):
        lines += [f"{name}:", *sentences]
    for passage in document.passages:
        match passage:
            case OffTheRecord(start_ms):
                lines.append(f"{clock(start_ms)} {OFF_THE_RECORD}")
            case Said():
                words = [passage.text] if passage.text else []
                said = " ".join([*words, *(f"[{note}]" for note in passage.context)])
                lines.append(f"{clock(passage.start_ms)} {speaker(passage)}: {said}")
    lines += addendum_lines(document)
    if document.note is not None:
        lines.append(f"{note_statement(document)}.")
    lines.append(f"{machine_statement(document)}. Approved by {approval.approved_by}, {approval.content_hash}.")
    if document.substance_use:
        lines.append(REDISCLOSURE)
    return "\r\n".join(_plain(line) for line in lines) + "\r\n"


def _plain(line: str) -> str:
    visible = (one for one in line.translate(_PLAIN_PUNCTUATION) if unicodedata.category(one)[0] != "C")
    return unicodedata.normalize("NFC", "".join(visible))


def render_captions(document: ApprovedDocument) -> str:
    """WebVTT: a cue a line, the speaker as its voice. Source: https://www.w3.org/TR/webvtt1/."""
    notes = [machine_statement(document), f"Content hash (SHA-256): {document.approval.content_hash}"]
    if document.substance_use:
        notes.append(REDISCLOSURE)
    blocks = ["WEBVTT", *(f"NOTE {_cue_text(note)}" for note in notes)]
    for at, passage in enumerate(document.passages, start=1):
        match passage:
            case OffTheRecord(start_ms):
                blocks.append(f"NOTE {clock(start_ms)} {OFF_THE_RECORD}")
            case Said(text=""):
                blocks += [f"NOTE {clock(passage.start_ms)} {_cue_text(note)}" for note in passage.context]
            case Said():
                span = f"{_stamp(passage.start_ms)} --> {_stamp(max(passage.end_ms, passage.start_ms + 1))}"
                blocks.append(f"{at}\n{span}\n<v {speaker(passage)}>{_cue_text(passage.text)}")
                blocks += [f"NOTE {clock(passage.start_ms)} {_cue_text(note)}" for note in passage.context]
    blocks += [f"NOTE {_cue_text(added)}" for added in addendum_lines(document)]
    return "\n\n".join(blocks) + "\n"


def _cue_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _stamp(at_ms: int) -> str:
    return f"{clock(at_ms)}.{at_ms % 1000:03}"
