"""An approved session as DOCX. The one file that imports python-docx. Everything stays in memory."""

from io import BytesIO

import docx
from docx.document import Document
from docx.shared import Pt

from app.export.approved import ApprovedDocument, OffTheRecord, Said
from app.export.statements import (
    OFF_THE_RECORD,
    REDISCLOSURE,
    addendum_lines,
    clock,
    headings,
    machine_statement,
    note_sections,
    speaker,
)


def render_docx(document: ApprovedDocument) -> bytes:
    """Real headings, a table with a header column for the facts, a paragraph a line."""
    file = docx.Document()
    _set_properties(file, document)
    file.add_heading("Session transcript", 0)
    table = file.add_table(rows=0, cols=2)
    for name, content in headings(document):
        cells = table.add_row().cells
        cells[0].paragraphs[0].add_run(name).bold = True
        cells[1].text = _writable(content)
    if document.substance_use:
        file.add_paragraph(REDISCLOSURE, style="Intense Quote")
    for name, sentences in note_sections(document):
        file.add_heading(_writable(name), 1)
        for sentence in sentences:
            file.add_paragraph(_writable(sentence), style="List Bullet")
    file.add_heading("Transcript", 1)
    for passage in document.passages:
        paragraph = file.add_paragraph()
        match passage:
            case OffTheRecord(start_ms):
                paragraph.add_run(f"{clock(start_ms)}  {OFF_THE_RECORD}").italic = True
            case Said():
                paragraph.add_run(f"{clock(passage.start_ms)}  {speaker(passage)}: ").bold = True
                paragraph.add_run(_writable(passage.text))
                for note in passage.context:
                    paragraph.add_run(_writable(f" [{note}]")).italic = True
    for added in addendum_lines(document):
        file.add_paragraph(_writable(added))
    written = BytesIO()
    file.save(written)
    return written.getvalue()


def _set_properties(file: Document, document: ApprovedDocument) -> None:
    """A title for whoever reads by ear, and no name of a client: properties are shown by every search."""
    properties = file.core_properties
    properties.title = "Session transcript"
    properties.author = document.approval.approved_by
    properties.comments = f"{machine_statement(document)}. {document.approval.content_hash}"
    properties.language = document.language
    normal = file.styles["Normal"]
    normal.font.size = Pt(11)


def _writable(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(one for one in text if one in "\n\t" or ord(one) >= 0x20)  # noqa: PLR2004  the first printable
