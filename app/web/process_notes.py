"""A client's psychotherapy (process) notes: on no page but this one, and closed here until the passphrase is typed."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.errors import TacetError
from app.vault.errors import WrongPassphrase
from app.vault.process_notes import NotAProcessNote, Place, ProcessNote
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show
from app.web.guessing import TooSoon
from app.web.wording import lately, moment

router = APIRouter(prefix="/clients/{client_id}/process-notes")

NOT_OPEN = "The process notes were closed meanwhile, so nothing was changed. Open them again; your words are below."

FILE_HEAD = (
    "Psychotherapy notes (45 CFR 164.501), kept apart from the record: released on an authorization of their own."
)


class ProcessNotesClosed(TacetError):
    """They have to be opened first."""


@dataclass(frozen=True, slots=True)
class NoteRow:
    place: int  # which entry of a merged client it stands in
    note_id: int
    when: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProcessNotesPage:
    template: ClassVar[str] = "process_notes.html"
    client_id: str
    name: str = field(repr=False)
    opened: bool
    problem: str = ""
    notes: tuple[NoteRow, ...] = field(default=(), repr=False)
    unkept: str = field(default="", repr=False)  # words that came after the place was closed


@router.get("", dependencies=[audited("process.opened", "went to the process notes of the client", "client_id")])
def page(request: Request, desk: TheDesk, person: Person, client_id: str) -> Response:
    """Show the notes if this browser has opened them, else the lock."""
    return _shown(request, desk, person, client_id)


@router.post(
    "/open", dependencies=[audited("process.unlocked", "asked to open the process notes of the client", "client_id")]
)
async def unlock(
    request: Request, desk: TheDesk, person: Person, client_id: str, passphrase: Annotated[str, Form()] = ""
) -> Response:
    """Open one client's notes for this browser. A wrong passphrase counts as a guess at the account's."""
    vault_id = person.vault.account.vault_id
    entries = await anyio.to_thread.run_sync(_entries, person, client_id)
    try:
        with desk.guesses.one(vault_id, known_browser=True) as guess:
            places = await anyio.to_thread.run_sync(
                desk.vaults.open_process_notes, vault_id, entries, passphrase, limiter=desk.one_passphrase
            )
            guess.right = True
    except (TooSoon, WrongPassphrase) as error:
        status = 429 if isinstance(error, TooSoon) else 422
        return await _asked_again(request, desk, person, client_id, str(error), status)
    desk.sign_ins.open_private(person.sign_in, places)
    return RedirectResponse(f"/clients/{entries[0]}/process-notes", 303)


@router.post("/close", dependencies=[audited("process.closed", "closed the process notes of the client", "client_id")])
def close(desk: TheDesk, person: Person, client_id: str) -> Response:
    desk.sign_ins.close_private(person.sign_in)
    return RedirectResponse(f"/clients/{client_id}", 303)


@router.post("", dependencies=[audited("process.written", "wrote in the process notes of the client", "client_id")])
def write(
    request: Request, desk: TheDesk, person: Person, client_id: str, text: Annotated[str, Form()] = ""
) -> Response:
    try:
        place = _places(desk, person, client_id)[0]
        person.vault.process_notes.add(place, text)
    except (ProcessNotesClosed, NotAProcessNote) as error:
        return _shown(request, desk, person, client_id, problem=str(error), unkept=text, status=409)
    return RedirectResponse(f"/clients/{client_id}/process-notes", 303)


@router.post(
    "/{place}/{note_id}",
    dependencies=[audited("process.changed", "changed the process notes of the client", "client_id")],
)
def change(  # noqa: PLR0913, PLR0917  a form's fields
    request: Request,
    desk: TheDesk,
    person: Person,
    client_id: str,
    place: int,
    note_id: int,
    text: Annotated[str, Form()] = "",
) -> Response:
    try:
        person.vault.process_notes.change(_at(_places(desk, person, client_id), place), note_id, text)
    except (ProcessNotesClosed, NotAProcessNote) as error:
        return _shown(request, desk, person, client_id, problem=str(error), unkept=text, status=409)
    return RedirectResponse(f"/clients/{client_id}/process-notes", 303)


@router.post(
    "/{place}/{note_id}/erase",
    dependencies=[audited("process.erased", "erased one of the process notes of the client", "client_id")],
)
def erase(  # noqa: PLR0913, PLR0917  the path's parts
    request: Request, desk: TheDesk, person: Person, client_id: str, place: int, note_id: int
) -> Response:
    try:
        person.vault.process_notes.remove(_at(_places(desk, person, client_id), place), note_id)
    except (ProcessNotesClosed, NotAProcessNote) as error:
        return _shown(request, desk, person, client_id, problem=str(error), status=409)
    return RedirectResponse(f"/clients/{client_id}/process-notes", 303)


@router.post(
    "/file", dependencies=[audited("process.exported", "took the process notes of the client as a file", "client_id")]
)
def as_file(request: Request, desk: TheDesk, person: Person, client_id: str) -> Response:
    """Give them as text, to whoever has opened them and asks for just that. No other export holds them."""
    try:
        notes = _read(person, _places(desk, person, client_id))
    except ProcessNotesClosed as error:
        return _shown(request, desk, person, client_id, problem=str(error), status=409)
    text = "\n\n".join(f"{moment(one.written_at_ms)}\n{one.text}" for _, one in notes)
    headers = {"content-disposition": 'attachment; filename="process-notes.txt"'}
    return Response(f"{FILE_HEAD}\n\n{text}\n", media_type="text/plain; charset=utf-8", headers=headers)


def _entries(person: SignedIn, client_id: str) -> list[str]:
    return person.vault.keeping.entries_of(person.vault.clients.get(client_id).client_id)


def _places(desk: Desk, person: SignedIn, client_id: str) -> tuple[Place, ...]:
    person.vault.clients.get(client_id)
    places = desk.sign_ins.private(person.sign_in, client_id)
    if not places:
        raise ProcessNotesClosed(NOT_OPEN)
    return places


def _at(places: tuple[Place, ...], number: int) -> Place:
    if not 0 <= number < len(places):
        raise NotAProcessNote("This note is not there any more. Reload the page.")
    return places[number]


def _read(person: SignedIn, places: tuple[Place, ...]) -> list[tuple[int, ProcessNote]]:
    """All notes of all places, newest first, each with the number of its place."""
    found = [(at, one) for at, place in enumerate(places) for one in person.vault.process_notes.read(place)]
    return sorted(found, key=lambda one: (-one[1].written_at_ms, -one[1].note_id))


async def _asked_again(  # noqa: PLR0913, PLR0917  who asks for what, and why not
    request: Request, desk: Desk, person: SignedIn, client_id: str, problem: str, status: int
) -> Response:
    return await anyio.to_thread.run_sync(
        lambda: _shown(request, desk, person, client_id, problem=problem, status=status)
    )


def _shown(  # noqa: PLR0913  a page has that many sides
    request: Request,
    desk: Desk,
    person: SignedIn,
    client_id: str,
    *,
    problem: str = "",
    unkept: str = "",
    status: int = 200,
) -> Response:
    client = person.vault.clients.get(client_id)
    if client.client_id != client_id:  # merged
        return RedirectResponse(f"/clients/{client.client_id}/process-notes", 303)
    places, now_ms = desk.sign_ins.private(person.sign_in, client_id), wall_clock_ms()
    shown = ProcessNotesPage(
        client_id=client_id,
        name=client.name,
        opened=bool(places),
        problem=problem,
        notes=tuple(_row(at, one, now_ms) for at, one in _read(person, places)),
        unkept=unkept,
    )
    return show(request, shown, here="clients", status=status)


def _row(place: int, note: ProcessNote, now_ms: int) -> NoteRow:
    changed = f", changed {lately(note.changed_at_ms, now_ms)}" if note.changed_at_ms else ""
    return NoteRow(place, note.note_id, f"{moment(note.written_at_ms)}{changed}", note.text)
