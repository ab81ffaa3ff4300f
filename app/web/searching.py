"""Search: where did we speak of ...?"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.indexing import Hit, NoteHit, Piece, find_clients, find_lines, find_note_sentences
from app.vault.search import Narrowed
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Person, show
from app.web.wording import clock, day, time_of_day

router = APIRouter()


@dataclass(frozen=True, slots=True)
class FoundLine:
    address: str
    when: str
    at: str
    who: str = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SearchPage:
    template: ClassVar[str] = "search.html"
    q: str = field(repr=False)
    client_id: str
    since: str
    until: str
    speaker: str
    clients: tuple[tuple[str, str], ...] = field(repr=False)
    names: tuple[tuple[str, str], ...] = field(repr=False)  # clients that were found
    lines: tuple[FoundLine, ...]
    notes: tuple[FoundLine, ...]  # sentences of approved notes
    asked: bool


@router.get("/search", dependencies=[audited("vault.searched", "searched the vault")])
def search(  # noqa: PLR0913, PLR0917  fields of a form
    request: Request,
    person: Person,
    q: str = "",
    client_id: str = "",
    since: str = "",
    until: str = "",
    speaker: str = "",
) -> Response:
    vault = person.vault
    called = {one.client_id: one.name for one in vault.clients.list()}
    narrowed = Narrowed(client_id or None, *_span(since, until, vault.appointments.zone))
    hits = find_lines(vault, q, narrowed, speaker or None) if q.strip() else []
    notes = find_note_sentences(vault, q, narrowed) if q.strip() and not speaker else []
    whose = vault.clients.links() if hits or notes else {}
    page = SearchPage(
        q=q.strip(),
        client_id=client_id,
        since=since,
        until=until,
        speaker=speaker,
        clients=tuple(called.items()),
        names=tuple((one, called[one]) for one in find_clients(vault, q)) if q.strip() else (),
        lines=tuple(_found(hit, called.get(whose.get(hit.session_id, ""), "")) for hit in hits),
        notes=tuple(_noted(hit, called.get(whose.get(hit.session_id, ""), "")) for hit in notes),
        asked=bool(q.strip()),
    )
    return show(request, page, here="search")


def _found(hit: Hit, name: str) -> FoundLine:
    speaker = hit.voice or "Speaker unknown"
    return FoundLine(
        address=f"/sessions/{hit.session_id}#line-{hit.seq}",
        when=f"{day(hit.started_at_ms, wall_clock_ms())}, {time_of_day(hit.started_at_ms)}",
        at=clock(hit.start_ms),
        who=f"{name} · {speaker}" if name else speaker,
        pieces=hit.pieces,
    )


def _noted(hit: NoteHit, name: str) -> FoundLine:
    return FoundLine(
        address=f"/sessions/{hit.session_id}/note/approved",
        when=f"{day(hit.started_at_ms, wall_clock_ms())}, {time_of_day(hit.started_at_ms)}",
        at="",
        who=f"{name} · {hit.section}" if name else hit.section,
        pieces=hit.pieces,
    )


def _span(since: str, until: str, zone: tzinfo) -> tuple[int | None, int | None]:
    return _midnight_ms(since, zone, 0), _midnight_ms(until, zone, 1)


def _midnight_ms(typed: str, zone: tzinfo, days_on: int) -> int | None:
    try:
        moment = datetime.combine(date.fromisoformat(typed), time(), zone) + timedelta(days=days_on)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
