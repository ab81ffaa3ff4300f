"""The one way out of the box: an approved transcript, as text."""

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from app.export import export_text
from app.web.audited import audited
from app.web.desk import Person
from app.web.opened import find_row

router = APIRouter()


@router.post("/sessions/{session_id}/export", dependencies=[audited("session.exported", "exported the session")])
def export(person: Person, session_id: str) -> Response:
    """Give the file; what is not approved is refused in a sentence. A POST, since it is kept who exported what."""
    head = find_row(person, session_id).head
    text = export_text(person.vault, session_id, person.name)
    began = datetime.fromtimestamp(head.started_at_ms / 1000).astimezone()
    name = f"session-{began:%Y-%m-%d-%H%M}.txt"  # no name of a person: file names travel
    return Response(
        text, media_type="text/plain; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
