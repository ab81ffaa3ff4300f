"""Clients: the list, and one client: what has happened, what is agreed, what is kept?"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.indexing import find_clients
from app.records.consent import SCOPE_WORDS, ConsentRecord, Scope, Standing, consent_sentence
from app.records.people import Client, Kind
from app.records.retention import Part, Rule, schedule
from app.vault.keeping import Hold
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault
from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, show
from app.web.goals import GoldenThread, golden_thread
from app.web.opened import APPROVED
from app.web.standing import state_word
from app.web.wording import day, length, moment, time_of_day

router = APIRouter()

KIND_WORDS = {Kind.PERSON: "", Kind.COUPLE: "Couple", Kind.FAMILY: "Family"}
STANDING_WORDS = {
    Standing.GIVEN: "yes",
    Standing.MISSING: "not asked or no",
    Standing.WITHDRAWN: "taken back",
    Standing.EXPIRED: "run out: ask again",
    Standing.OUTDATED: "new wording: ask again",
}
AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class ClientEntry:
    client_id: str
    name: str = field(repr=False)
    facts: str
    archived: bool


@dataclass(frozen=True, slots=True)
class ClientsPage:
    template: ClassVar[str] = "clients.html"
    looked_for: str = field(repr=False)
    entries: tuple[ClientEntry, ...]
    archived: tuple[ClientEntry, ...]
    empty: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one person agreed to, as it stands."""

    person_id: str
    name: str = field(repr=False)
    scopes: tuple[tuple[str, str, bool], ...]  # what, how it stands, whether it is given
    signed: str  # when and how, "" for never
    anything: bool


@dataclass(frozen=True, slots=True)
class HeldSession:
    session_id: str
    when: str
    facts: str
    state: str
    noted: bool  # whether an approved note can be read
    goes: tuple[str, ...]  # what goes when


@dataclass(frozen=True, slots=True)
class NextAppointment:
    series_id: str
    recurrence: str
    when: str


@dataclass(frozen=True, slots=True)
class ClientPage:
    template: ClassVar[str] = "client.html"
    client_id: str
    name: str = field(repr=False)
    facts: str
    vocabulary: str = field(repr=False)
    archived: bool
    substance_use: bool
    appointments: tuple[NextAppointment, ...]
    agreements: tuple[Agreement, ...]
    sentence: str = field(repr=False)
    sessions: tuple[HeldSession, ...]
    kept: str
    holds: tuple[str, ...] = field(repr=False)
    held: bool
    others: tuple[tuple[str, str], ...] = field(repr=False)  # id and name, to merge with
    thread: GoldenThread | None = field(default=None, repr=False)
    process_notes: bool = False  # whether there may be any; what they say only their own page knows


@router.get("/clients", dependencies=[audited("clients.listed", "saw the list of clients")])
def clients(request: Request, person: Person, q: str = "") -> Response:
    everybody = person.vault.clients.list()
    if q.strip():
        found = find_clients(person.vault, q)
        everybody = sorted(
            (one for one in everybody if one.client_id in found), key=lambda one: found.index(one.client_id)
        )
    entries = [_entry(one) for one in everybody]
    page = ClientsPage(
        looked_for=q.strip(),
        entries=tuple(one for one in entries if not one.archived),
        archived=tuple(one for one in entries if one.archived),
        empty=not entries and not q.strip(),
    )
    return show(request, page, here="clients")


@router.get("/clients/{client_id}", dependencies=[audited("client.opened", "opened the client", "client_id")])
def client(request: Request, desk: TheDesk, person: Person, client_id: str) -> Response:
    found = person.vault.clients.get(client_id)
    if found.client_id != client_id:  # merged
        return RedirectResponse(f"/clients/{found.client_id}", 303)
    return show(request, client_page(desk, person, found), here="clients")


@router.post(
    "/clients/{client_id}/archived",
    dependencies=[audited("client.archived", "archived or took back the client", "client_id")],
)
def set_archived(person: Person, client_id: str, archived: Annotated[str, Form()] = "") -> Response:
    person.vault.clients.set_archived(client_id, archived=archived == "yes")
    return RedirectResponse(f"/clients/{client_id}", 303)


@router.post(
    "/clients/{client_id}/merge",
    dependencies=[audited("client.merged", "merged another entry into the client", "client_id")],
)
def merge(person: Person, client_id: str, duplicate: Annotated[str, Form()] = "") -> Response:
    person.vault.clients.merge(duplicate, client_id)
    return RedirectResponse(f"/clients/{client_id}", 303)


@router.post(
    "/clients/{client_id}/hold", dependencies=[audited("hold.placed", "placed a legal hold on the client", "client_id")]
)
def place_hold(person: Person, client_id: str, reason: Annotated[str, Form()] = "") -> Response:
    person.vault.keeping.place_hold(client_id, reason, person.name)
    return RedirectResponse(f"/clients/{client_id}#kept", 303)


@router.post(
    "/clients/{client_id}/hold/lift",
    dependencies=[audited("hold.lifted", "lifted the legal hold on the client", "client_id")],
)
def lift_hold(person: Person, client_id: str) -> Response:
    person.vault.keeping.lift_holds(client_id, person.name)
    return RedirectResponse(f"/clients/{client_id}#kept", 303)


def client_page(desk: Desk, person: SignedIn, found: Client) -> ClientPage:
    vault, now_ms = person.vault, wall_clock_ms()
    records = vault.consents.records(found.client_id)
    holds = vault.keeping.holds(found.client_id)
    practice = desk.retention.practice
    return ClientPage(
        client_id=found.client_id,
        name=found.name,
        facts=_facts(found),
        vocabulary=found.details.vocabulary,
        archived=found.archived_at_ms is not None,
        substance_use=found.details.substance_use,
        appointments=tuple(_appointments(vault, found.client_id, now_ms)),
        agreements=tuple(_agreement(one, now_ms) for one in records),
        sentence=consent_sentence(records, now_ms, vault.appointments.zone),
        sessions=tuple(_sessions(vault, found, practice, now_ms)),
        kept=_kept_words(found, practice),
        holds=tuple(_hold_words(one) for one in holds),
        held=any(one.lifted_at_ms is None for one in holds),
        others=tuple((one.client_id, one.name) for one in vault.clients.list() if one.client_id != found.client_id),
        thread=golden_thread(vault, found.client_id),
        process_notes=any(vault.process_notes.exist(one) for one in vault.keeping.entries_of(found.client_id)),
    )


def _entry(one: Client) -> ClientEntry:
    return ClientEntry(one.client_id, one.name, _facts(one), one.archived_at_ms is not None)


def _facts(one: Client) -> str:
    details = one.details
    people = ", ".join(name for name in details.people if name != details.name)
    found = [KIND_WORDS[details.kind], people, details.pronouns, details.language]
    return " · ".join(fact for fact in found if fact)


def _appointments(vault: Vault, client_id: str, now_ms: int) -> list[NextAppointment]:
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    found = vault.appointments.between(now, now + AHEAD, client_id)[:3]
    return [
        NextAppointment(
            one.series.series_id,
            one.recurrence,
            f"{day(one.starts_at_ms, now_ms)}, {time_of_day(one.starts_at_ms)} to {time_of_day(one.ends_at_ms)}",
        )
        for one in found
    ]


def _agreement(record: ConsentRecord, now_ms: int) -> Agreement:
    newest = record.newest()
    how = {"screen": "on the screen", "paper": "on paper", "spoken": "aloud"}
    standings = [(scope, record.standing(scope, now_ms)) for scope in Scope]
    return Agreement(
        person_id=record.person.person_id,
        name=record.person.name,
        scopes=tuple(
            (SCOPE_WORDS[scope], STANDING_WORDS[standing], standing is Standing.GIVEN) for scope, standing in standings
        ),
        signed=f"{how[newest.method]}, {moment(newest.signed_at_ms)}" if newest else "",
        anything=any(standing is Standing.GIVEN for _, standing in standings),
    )


def _sessions(vault: Vault, found: Client, practice: Rule, now_ms: int) -> list[HeldSession]:
    goes = {kept.session_id: kept for kept in vault.keeping.kept(practice)}
    return [
        HeldSession(
            session_id=row.head.session_id,
            when=f"{day(row.head.started_at_ms, now_ms)}, {time_of_day(row.head.started_at_ms)}",
            facts=length(row.duration_ms),
            state=state_word(row.state),
            noted=row.state in APPROVED,
            goes=tuple(
                f"{'sound' if due.part is Part.SOUND else 'all of it'} goes {moment(due.at_ms)}"
                for due in schedule(goes[row.head.session_id])
            )
            if row.head.session_id in goes
            else (),
        )
        for row in vault.clients.sessions(found.client_id)
    ]


def _kept_words(found: Client, practice: Rule) -> str:
    audio = practice.audio_days if found.details.audio_days is None else found.details.audio_days
    text = practice.text_days if found.details.text_days is None else found.details.text_days
    sound = "Sound is kept until you erase it" if audio is None else f"Sound goes {audio} days after approval"
    words = "transcripts stay until you erase them." if text is None else f"transcripts and drafts after {text} days."
    return f"{sound}; {words}"


def _hold_words(one: Hold) -> str:
    placed = f"{moment(one.placed_at_ms)}, {one.placed_by}: {one.reason}"
    return placed if one.lifted_at_ms is None else f"{placed} (lifted {moment(one.lifted_at_ms)} by {one.lifted_by})"
