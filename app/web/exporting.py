"""The ways out of the box for an approved session: a file, a text to copy, an encrypted file on a stick."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.export import note_export, open_approved
from app.export.approved import ApprovedDocument
from app.export.forms import FORMS, file_name
from app.export.forms import Form as ExportForm
from app.export.sealed import StickFailed, list_sticks, seal, write_to_stick
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show
from app.web.opened import find_row

router = APIRouter()


@dataclass(frozen=True, slots=True)
class FieldTextPage:
    """The text for a health record's field, ready to be copied."""

    template: ClassVar[str] = "field_text.html"
    session_id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OnStickPage:
    template: ClassVar[str] = "on_stick.html"
    session_id: str
    name: str
    stick: str


@router.post("/sessions/{session_id}/export", dependencies=[audited("session.exported", "exported the session")])
def export(request: Request, person: Person, session_id: str, kind: Annotated[str, Form()] = "text") -> Response:
    """Give the file; what is not approved is refused in a sentence. A POST, since it is kept who exported what."""
    document, form, content = _rendered(person, session_id, kind)
    note_export(person.vault, document, form.kind, person.name)
    if kind == "field":
        return show(request, FieldTextPage(session_id, content.decode()), here="session")
    headers = {"Content-Disposition": f'attachment; filename="{file_name(document, form)}"'}
    return Response(content, media_type=form.media_type, headers=headers)


@router.post("/sessions/{session_id}/export/stick", dependencies=[audited("session.exported", "exported the session")])
def export_to_stick(  # noqa: PLR0913, PLR0917  fields of a form
    request: Request,
    desk: TheDesk,
    person: Person,
    session_id: str,
    kind: Annotated[str, Form()] = "pdf",
    stick: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
) -> Response:
    """Encrypt it and write it to the stick."""
    document, form, content = _rendered(person, session_id, kind)
    found = next((one for one in list_sticks(desk.settings.sticks_dir) if one.name == stick), None)
    if found is None:
        raise StickFailed("The stick is not there. Put it into the box, load this page again, and export anew.")
    sealed = seal(content, secret)
    note_export(person.vault, document, f"{form.kind} on a stick", person.name)
    path = write_to_stick(found, f"{file_name(document, form)}.age", sealed)
    return show(request, OnStickPage(session_id, path.name, found.name), here="session")


def _rendered(person: Person, session_id: str, kind: str) -> tuple[ApprovedDocument, ExportForm, bytes]:
    find_row(person, session_id)
    form = FORMS.get(kind)
    if form is None:
        raise HTTPException(404)
    document = open_approved(person.vault, session_id)
    return document, form, form.render(document)
