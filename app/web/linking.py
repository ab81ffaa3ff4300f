"""Whose session it was: said on the session's page, and corrected there in one action."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.export.forms import FORMS
from app.export.sealed import list_sticks
from app.records.consent import consent_sentence
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show, show_part
from app.web.opened import APPROVED, find_row

router = APIRouter()


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """Client, consent, and the ways out: what the session's page says beside the transcript."""

    template: ClassVar[str] = "_session_record.html"
    session_id: str
    client_id: str
    name: str = field(repr=False)
    linked_by: str
    consent: str = field(repr=False)
    people: tuple[tuple[str, str], ...] = field(repr=False)  # of the client
    clients: tuple[tuple[str, str], ...] = field(repr=False)
    forms: tuple[tuple[str, str], ...]  # kind and label; empty for a draft
    sticks: tuple[str, ...]
    sound_erased: bool
    expected: int  # words of the client that the transcriber was told to expect


@dataclass(frozen=True, slots=True)
class SessionRecordPage:
    """The same as a page, where there is no JavaScript."""

    template: ClassVar[str] = "session_record.html"
    record: SessionRecord


@router.get("/sessions/{session_id}/record", dependencies=[audited("session.record_opened", "saw whose session it is")])
def record(request: Request, desk: TheDesk, person: Person, session_id: str) -> Response:
    found = session_record(desk, person, session_id)
    if request.headers.get("hx-request") == "true":
        return show_part(request, found)
    return show(request, SessionRecordPage(found), here="session")


@router.post("/sessions/{session_id}/client", dependencies=[audited("session.linked", "said whose session it is")])
def link(person: Person, session_id: str, client_id: Annotated[str, Form()] = "") -> Response:
    """The newest word stands."""
    find_row(person, session_id)
    person.vault.clients.link(session_id, client_id or None, person.name)
    return RedirectResponse(f"/sessions/{session_id}", 303)


def session_record(desk: TheDesk, person: Person, session_id: str) -> SessionRecord:
    vault = person.vault
    row = find_row(person, session_id)
    found, standing = vault.clients.client_of(session_id), vault.clients.link_of(session_id)
    now_ms = wall_clock_ms()
    approved = row.state in APPROVED
    return SessionRecord(
        session_id=session_id,
        client_id=found.client_id if found else "",
        name=found.name if found else "",
        linked_by=standing.linked_by if standing else "",
        consent=consent_sentence(vault.consents.records(found.client_id), now_ms, vault.appointments.zone)
        if found
        else "",
        people=tuple((one.person_id, one.name) for one in found.people) if found else (),
        clients=tuple((one.client_id, one.name) for one in vault.clients.list()),
        forms=tuple((one.kind, one.label) for one in FORMS.values()) if approved else (),
        sticks=tuple(one.name for one in list_sticks(desk.settings.sticks_dir)) if approved else (),
        sound_erased=vault.keeping.sound_erased_at(session_id) is not None,
        expected=len([one for one in vault.sessions.cursor(session_id).context.vocabulary.split(",") if one]),
    )
