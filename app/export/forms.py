"""The forms in which an approved session leaves the box, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from app.errors import TacetError
from app.export.approved import ApprovedDocument
from app.export.docx_file import render_docx
from app.export.fhir_bundle import render_fhir
from app.export.words import render_captions, render_field, render_markdown, render_text


@dataclass(frozen=True, slots=True)
class Form:
    kind: str  # as it stands in an address and in the record of exports
    label: str
    media_type: str
    suffix: str
    render: Callable[[ApprovedDocument], bytes]


class PdfMissing(TacetError):
    """Debian's Pango, which sets the text of PDF files, is not on this machine."""


def _pdf(document: ApprovedDocument) -> bytes:
    """Loaded at the first use: half a second and 50 MB, and nothing else of the app waits for Pango."""
    try:
        from app.export.pdf_file import render_pdf  # noqa: PLC0415  see above
    except OSError:
        raise PdfMissing(
            "This box cannot make PDF files: a system package is missing. Export as Word or text, and tell clinic IT."
        ) from None
    return render_pdf(document)


def _encoded(render: Callable[[ApprovedDocument], str]) -> Callable[[ApprovedDocument], bytes]:
    return lambda document: render(document).encode()


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FORMS = {
    one.kind: one
    for one in (
        Form("pdf", "PDF", "application/pdf", "pdf", _pdf),
        Form("docx", "Word (DOCX)", _DOCX, "docx", render_docx),
        Form("text", "Plain text", "text/plain; charset=utf-8", "txt", _encoded(render_text)),
        Form("markdown", "Markdown", "text/markdown; charset=utf-8", "md", _encoded(render_markdown)),
        Form("field", "Text for a health record's field", "text/plain; charset=utf-8", "txt", _encoded(render_field)),
        Form("fhir", "FHIR R4", "application/fhir+json", "json", render_fhir),
        Form("captions", "Captions (WebVTT)", "text/vtt; charset=utf-8", "vtt", _encoded(render_captions)),
    )
}


def file_name(document: ApprovedDocument, form: Form) -> str:
    """No name of a person: file names travel."""
    return f"session-{document.moment(document.started_at_ms):%Y-%m-%d-%H%M}.{form.suffix}"
