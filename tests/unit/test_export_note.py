"""The note in an export: what stands in it, in every form, and only once it is approved."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader
from support.vaults import SESSION, draft, open_vault

from app.client_archive import archive
from app.domain import MarkKind
from app.drafting import Drafting
from app.export import NotApproved, open_approved
from app.export.fhir_bundle import validate
from app.export.forms import FORMS
from app.noting import Noting
from app.records.people import ClientDetails
from app.review import Review
from app.vault.vault import Vault

SAID = (
    "How was your week since we met?",
    "I slept three hours on Monday night and my sister Cordula shouted at me.",
    "What did you do when she shouted?",
    "I went for a walk by the river and I felt calmer afterwards.",
    "Shall we try that again before Thursday?",
    "Yes, I will go for a walk on Wednesday evening.",
)
OWN = "Sleep suffers from the quarrel with Cordula."
EDITED = "The client felt calmer after a walk by the river."


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A session with a note: one sentence edited, one taken out, one of the therapist's own, a name withheld."""
    with open_vault(tmp_path) as vault:
        draft(vault, *SAID)
        Review(vault).mark(SESSION, MarkKind.REDACTED, 1, "Cordula", "Ada")
        assert Drafting().draft_waiting(vault) == 1
        noting = Noting(vault)
        opened = noting.open(SESSION)
        assert opened is not None
        by_text = {one.text: one.sentence_id for one in opened.standing if one.heading}
        calm = next(text for text in by_text if "calmer" in text)
        shouted = next(text for text in by_text if "three hours" in text)
        noting.edit(SESSION, by_text[calm], EDITED, "Ada")
        noting.edit(SESSION, by_text[shouted], "", "Ada")
        for points in (one for one in opened.standing if not one.heading):
            noting.edit(SESSION, points.sentence_id, "", "Ada")
        noting.write(SESSION, "Assessment", OWN, (), "Ada")
        yield vault


def _words(kind: str, content: bytes) -> str:
    if kind == "pdf":
        pages = PdfReader(io.BytesIO(content)).pages
        return " ".join(" ".join(page.extract_text().split()) for page in pages)
    if kind == "docx":
        return "\n".join(one.text for one in docx.Document(io.BytesIO(content)).paragraphs)
    return content.decode().replace("\\", "")


def test_export__approved_note__stands_in_every_form_as_it_reads_now_with_its_places(vault: Vault) -> None:
    Review(vault).approve(SESSION, "Ada")
    document = open_approved(vault, SESSION)
    for form in FORMS.values():
        content = form.render(document)
        words = _words(form.kind, content)
        assert "Cordula" not in words, form.kind
        assert (EDITED in words) is (form.kind != "captions"), form.kind
        assert ("quarrel with [withheld]" in words) is (form.kind != "captions"), form.kind
    text = FORMS["text"].render(document).decode()
    assert "Note (dap) drafted by extractive 1.0 on " in text
    assert f"\nData\n- {EDITED} [00:00:06]\n" in text
    note = text[: text.index("\nTranscript\n")]
    assert "three hours" not in note
    assert "Yes, I will go for a walk on Wednesday evening. [00:00:08, 00:00:10]" in note
    validate(FORMS["fhir"].render(document))


def test_export__note_that_is_not_approved__does_not_leave(vault: Vault) -> None:
    with pytest.raises(NotApproved):
        open_approved(vault, SESSION)
    Review(vault).approve(SESSION, "Ada")
    Review(vault).unapprove(SESSION, "Ada")
    with pytest.raises(NotApproved):
        open_approved(vault, SESSION)


def test_archive__of_the_client__holds_the_note_marked_as_a_draft(vault: Vault, tmp_path: Path) -> None:
    client = vault.clients.add(ClientDetails("Zoë Berg"))
    vault.clients.link(SESSION, client.client_id, "Ada")
    with zipfile.ZipFile(io.BytesIO(b"".join(archive(vault, client.client_id, tmp_path)))) as file:
        (session,) = json.loads(file.read("everything.json"))["sessions"]
    assert session["status"].startswith("draft")
    assert [one["text"] for one in session["note"]["Assessment"]] == [OWN]
    assert session["note"]["Data"][0]["written by"] in {"Ada", "a machine"}
