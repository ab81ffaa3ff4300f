"""The forms of an export: what stands in each, whether it is valid, and that nothing of it reaches a log."""

import io
import logging
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docx
import pyrage
import pytest
from pypdf import PdfReader
from support.vaults import SESSION, draft, open_vault

from app.domain import MarkKind, Pause
from app.export.approved import ApprovedDocument, open_approved
from app.export.docx_file import render_docx
from app.export.fhir_bundle import render_fhir, validate
from app.export.forms import FORMS
from app.export.pdf_file import render_pdf
from app.export.sealed import Stick, StickFailed, UnusableSecret, list_sticks, seal, write_to_stick
from app.export.statements import REDISCLOSURE
from app.export.words import render_captions, render_field, render_markdown
from app.records.consent import Method, Scope
from app.records.people import ClientDetails
from app.review import Review
from app.vault.consents import Signing
from app.vault.vault import Vault

LINES = (
    "How was your week?",
    "\u201cLong\u201d \u2013 and <b>loud</b> & *so* on… \U0001f3bb xylophonist ꙮ 王小明",
    "I see.",
)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        yield vault


@pytest.fixture
def document(vault: Vault) -> ApprovedDocument:
    client = vault.clients.add(ClientDetails("Zoë Berg", language="en", substance_use=True))
    (text,) = vault.consents.texts()
    signing = Signing(client.people[0].person_id, text.text_id, frozenset(Scope), Method.PAPER, "Zoë Berg")
    vault.consents.sign(signing, "Ada")
    draft(vault, *LINES)
    vault.sessions.add_pauses(SESSION, [Pause(4000)])
    vault.clients.link(SESSION, client.client_id, "Ada")
    review = Review(vault)
    review.approve(SESSION, "Dr. Ada Example")
    review.add(SESSION, "He rang later.", "Dr. Ada Example")
    return open_approved(vault, SESSION)


def test_forms__each__carries_origin_hash_consent_redisclosure_and_addendum(document: ApprovedDocument) -> None:
    for kind in ("text", "markdown", "field", "captions"):
        text = FORMS[kind].render(document).decode().replace("\\", "")
        for wanted in (document.approval.content_hash, "Drafted by a machine", REDISCLOSURE, "He rang later."):
            assert wanted in text, (kind, wanted)
        if kind != "captions":
            assert "Zoë Berg agreed on paper" in text


def test_pdf__as_tagged__has_title_language_structure_and_row_headings(document: ApprovedDocument) -> None:
    content = render_pdf(document)
    reader = PdfReader(io.BytesIO(content))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Session transcript"
    assert b"pdfuaid" in reader.xmp_metadata.stream.get_data()  # type: ignore[union-attr]
    tags = structure_tags(root["/StructTreeRoot"])
    assert {"/Document", "/H1", "/H2", "/Table", "/TR", "/TH", "/TD", "/P"} <= tags
    text = re.sub(r"\s+", " ", words_of(content))
    for wanted in ("How was your week?", REDISCLOSURE, "He rang later.", "xylophonist"):
        assert wanted in text
    assert "/JavaScript" not in str(root)


def words_of(content: bytes) -> str:
    return subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True).stdout.decode()  # noqa: S607


def structure_tags(element: object) -> set[str]:
    element = element.get_object() if hasattr(element, "get_object") else element
    if isinstance(element, list):
        return {tag for one in element for tag in structure_tags(one)}
    if not hasattr(element, "get"):
        return set()
    own = {str(element["/S"])} if "/S" in element else set()  # type: ignore[operator, index]
    return own | structure_tags(element.get("/K", []))


def test_pdf__by_pdfinfo__is_tagged_and_turns_into_pictures(document: ApprovedDocument, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(render_pdf(document))
    told = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout  # noqa: S607
    assert re.search(r"Tagged: +yes", told)
    assert re.search(r"JavaScript: +no", told)
    subprocess.run(["pdftoppm", "-r", "40", "-png", path, tmp_path / "page"], check=True)  # noqa: S607
    assert list(tmp_path.glob("page*.png"))


def test_pdf__characters_that_no_font_has__reach_no_log(
    document: ApprovedDocument, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("weasyprint", "weasyprint.progress", "fontTools"):
        caplog.set_level(logging.DEBUG, name)
    render_pdf(document)
    out, err = capfd.readouterr()
    assert (caplog.text, out, err) == ("", "", "")


def test_pdf__words_that_ask_for_a_file__get_none(vault: Vault) -> None:
    draft(vault, '<img src="file:///etc/passwd"><link rel=stylesheet href="http://example.org/a.css">')
    Review(vault).approve(SESSION, "Ada")
    text = words_of(render_pdf(open_approved(vault, SESSION)))
    assert "file:///etc/passwd" in text
    assert "root:" not in text


def test_docx__opened_again__has_headings_words_and_no_name_in_its_properties(document: ApprovedDocument) -> None:
    file = docx.Document(io.BytesIO(render_docx(document)))
    styles = {paragraph.style.name for paragraph in file.paragraphs if paragraph.style}
    assert {"Title", "Heading 1"} <= styles
    text = "\n".join(paragraph.text for paragraph in file.paragraphs)
    assert all(line in text for line in LINES)
    properties = file.core_properties
    assert "Zoë" not in f"{properties.title} {properties.author} {properties.comments} {properties.subject}"


def test_docx__control_characters__cannot_break_the_file(vault: Vault) -> None:
    draft(vault, "one \x08 two")
    Review(vault).approve(SESSION, "Ada")
    docx.Document(io.BytesIO(render_docx(open_approved(vault, SESSION))))


def test_markdown__markup_in_words__is_escaped(document: ApprovedDocument) -> None:
    assert r"\<b\>loud\</b\> & \*so\* on" in render_markdown(document)


def test_field__typographic_marks__become_plain_and_lines_crlf(document: ApprovedDocument) -> None:
    text = render_field(document)
    assert '"Long" - and <b>loud</b> & *so* on...' in text
    assert "\n" not in text.replace("\r\n", "")


def test_captions__every_cue__is_well_formed_webvtt(document: ApprovedDocument) -> None:
    head, *blocks = render_captions(document).strip().split("\n\n")
    assert head == "WEBVTT"
    cues = [one.split("\n") for one in blocks if not one.startswith("NOTE")]
    assert len(cues) == 3
    for _, span, words in cues:
        assert re.fullmatch(r"\d{2}:\d{2}:\d{2}\.\d{3} --> \d{2}:\d{2}:\d{2}\.\d{3}", span)
        assert re.fullmatch(r"<v Speaker \d>[^<]*", words)
    assert "(off the record)" in "\n".join(blocks)


def test_fhir__bundle__validates_and_leads_from_the_composition_to_all_the_rest(document: ApprovedDocument) -> None:
    content = render_fhir(document)
    validate(content)
    text = content.decode()
    kinds = re.findall(r'"resourceType": ?"(\w+)"', text)
    for kind in ("Composition", "DocumentReference", "Encounter", "Consent", "Provenance", "Device", "Practitioner"):
        assert kind in kinds
    pointed = set(re.findall(r'"reference": ?"(urn:uuid:[^"]+)"', text))
    assert pointed <= set(re.findall(r'"fullUrl": ?"(urn:uuid:[^"]+)"', text))
    assert '"code":"R"' in text.replace(" ", "")
    with pytest.raises(ValueError):  # noqa: PT011  a report of many lines
        validate(content.replace(b'"final"', b"7"))


def test_redacted_and_private_lines__are_in_no_form(vault: Vault) -> None:
    draft(vault, "My sister Cordula came", "keep this to yourself", "fine")
    review = Review(vault)
    review.mark(SESSION, MarkKind.REDACTED, 0, "Cordula", "Ada")
    review.mark(SESSION, MarkKind.PRIVATE, 1, "", "Ada")
    Review(vault).approve(SESSION, "Ada")
    document = open_approved(vault, SESSION)
    for form in FORMS.values():
        content = form.render(document)
        if form.kind == "pdf":
            content = words_of(content).encode()
        if form.kind == "docx":
            content = "\n".join(one.text for one in docx.Document(io.BytesIO(content)).paragraphs).encode()
        assert b"fine" in content
        assert b"Cordula" not in content, form.kind
        assert b"yourself" not in content, form.kind


def test_seal__for_a_recipient_or_with_a_passphrase__opens_with_that_alone() -> None:
    key = pyrage.x25519.Identity.generate()
    assert pyrage.decrypt(seal(b"words", str(key.to_public())), [key]) == b"words"
    sealed = seal(b"words", "slow green river stone")
    assert b"words" not in sealed
    assert pyrage.passphrase.decrypt(sealed, "slow green river stone") == b"words"
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(sealed, "another one altogether")


@pytest.mark.parametrize("secret", ["", "short", "age1nonsense", "AGE-SECRET"])
def test_seal__what_protects_nothing__is_refused(secret: str) -> None:
    with pytest.raises(UnusableSecret):
        seal(b"words", secret)


def test_stick__pulled_while_writing__leaves_no_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = Stick("blue", tmp_path)
    assert write_to_stick(stick, "a.age", b"sealed").read_bytes() == b"sealed"

    def pulled(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("app.export.sealed.os.fsync", pulled)
    with pytest.raises(StickFailed, match="pulled"):
        write_to_stick(stick, "b.age", b"sealed")
    assert [one.name for one in tmp_path.iterdir()] == ["a.age"]
    with pytest.raises(StickFailed):
        write_to_stick(Stick("gone", tmp_path / "gone"), "c.age", b"sealed")


def test_list_sticks__a_folder_that_is_no_stick__is_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert list_sticks(tmp_path) == []
    assert list_sticks(tmp_path / "missing") == []
