"""An approved session as PDF/UA. The one file that imports WeasyPrint. Everything stays in memory."""

import logging
from html import escape
from typing import NoReturn

import weasyprint

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

# They quote characters that no font has, which is speech: nothing of theirs may be handled, at whatever level.
for _name in ("weasyprint", "weasyprint.progress", "fontTools", "fontTools.subset", "fontTools.ttLib"):
    _logger = logging.getLogger(_name)
    _logger.addFilter(lambda _: False)
    _logger.propagate = False
    _logger.disabled = True

_STYLE = """
@page { size: A4; margin: 22mm 20mm 24mm;
  @bottom-left { content: string(hash); font: 7pt 'DejaVu Sans', sans-serif; color: #444 }
  @bottom-right { content: counter(page) ' / ' counter(pages); font: 8pt 'DejaVu Sans', sans-serif; color: #444 } }
body { font: 10.5pt/1.5 'DejaVu Serif', 'Noto Serif', serif; color: #111 }
h1 { font: 600 18pt/1.2 'DejaVu Sans', sans-serif; margin: 0 0 6mm }
h2 { font: 600 12pt/1.3 'DejaVu Sans', sans-serif; margin: 8mm 0 3mm }
table { border-collapse: collapse; font: 9pt/1.45 'DejaVu Sans', sans-serif; width: 100% }
th { text-align: left; font-weight: 600; width: 32mm; padding: 1mm 4mm 1mm 0; vertical-align: top }
td { padding: 1mm 0; overflow-wrap: anywhere }
.hash { string-set: hash content() }
.notice { border-left: 1mm solid #704600; padding-left: 4mm; font: 9.5pt/1.4 'DejaVu Sans', sans-serif }
.said { margin: 0 0 2.2mm; orphans: 2; widows: 2 }
.who { font: 600 8.5pt/1.5 'DejaVu Sans', sans-serif; color: #333 }
ul { margin: 0 0 2.2mm; padding-left: 5mm }
li { margin: 0 0 1mm }
.off { font-style: italic; color: #333 }
"""


def render_pdf(document: ApprovedDocument) -> bytes:
    """Tagged PDF/UA-1: title, language, headings, a table with row headings, reading order."""
    page = weasyprint.HTML(string=_page(document), base_url=None, url_fetcher=_nothing_is_fetched)
    content: bytes = page.write_pdf(pdf_variant="pdf/ua-1")
    return content


def _nothing_is_fetched(*_: object, **__: object) -> NoReturn:
    """A document holds all it needs; whatever asks for more was put there by somebody else."""
    raise ValueError("nothing is fetched for a document")


def _page(document: ApprovedDocument) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td{_class(name)}>{escape(content)}</td></tr>'
        for name, content in headings(document)
    )
    notice = f'<p class="notice">{escape(REDISCLOSURE)}</p>' if document.substance_use else ""
    note = "".join(_note_section(name, sentences) for name, sentences in note_sections(document))
    words = "".join(_paragraph(passage) for passage in document.passages) or "<p>No words were heard.</p>"
    words += "".join(f"<p>{escape(added)}</p>" for added in addendum_lines(document))
    return (
        f'<!doctype html><html lang="{escape(document.language)}"><head><meta charset="utf-8">'
        f"<title>Session transcript</title>"
        f'<meta name="author" content="{escape(document.approval.approved_by)}">'
        f'<meta name="description" content="{escape(machine_statement(document))}">'
        f"<style>{_STYLE}</style></head><body><h1>Session transcript</h1><table>{rows}</table>{notice}{note}"
        f"<h2>Transcript</h2>{words}</body></html>"
    )


def _note_section(name: str, sentences: list[str]) -> str:
    return f"<h2>{escape(name)}</h2><ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"


def _class(name: str) -> str:
    return ' class="hash"' if name.startswith("Content hash") else ""


def _paragraph(passage: Said | OffTheRecord) -> str:
    match passage:
        case OffTheRecord(start_ms):
            return f'<p class="said off">{clock(start_ms)} {OFF_THE_RECORD}</p>'
        case Said():
            who = f"{clock(passage.start_ms)} {escape(speaker(passage))}: "
            notes = "".join(f" <em>[{escape(note)}]</em>" for note in passage.context)
            return f'<p class="said"><span class="who">{who}</span>{escape(passage.text)}{notes}</p>'
