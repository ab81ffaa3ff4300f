"""What goes and when; what a client may ask for: all that is held as a file, and its erasure, each in one action."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from app.client_archive import archive
from app.client_rights import erase_client
from app.records.retention import Kept, Part, Reason, schedule
from app.vault.errors import NoSuchClient
from app.vault.keeping import Certificate
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show
from app.web.problems import problem
from app.web.wording import counted, day, moment, time_of_day

router = APIRouter()

REASON_WORDS = {
    Reason.RETENTION: "Its time was over",
    Reason.CLIENT_ERASED: "Everything about a client was erased, on request",
    Reason.CONSENT_WITHDRAWN: "Consent was taken back",
}


@dataclass(frozen=True, slots=True)
class Going:
    session_id: str
    what: str
    when: str
    whose: str = field(repr=False)
    held: bool


@dataclass(frozen=True, slots=True)
class KeepingPage:
    template: ClassVar[str] = "keeping.html"
    clock_trusted: bool
    going: tuple[Going, ...]
    staying: int  # sessions that nothing takes
    waiting: int  # sessions whose sound waits for approval
    certificates: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class CertificatePage:
    template: ClassVar[str] = "certificate.html"
    number: str
    reason: str
    issued: str
    amounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EraseClientPage:
    template: ClassVar[str] = "erase_client.html"
    client_id: str
    name: str = field(repr=False)
    amounts: tuple[str, ...]
    held: bool


@router.get("/keeping", dependencies=[audited("keeping.opened", "saw what is kept until when")])
def keeping(request: Request, desk: TheDesk, person: Person) -> Response:
    vault = person.vault
    rows = {row.head.session_id: row for row in vault.sessions.list()}
    called = {one.client_id: one.name for one in vault.clients.list()}
    whose = {session_id: called.get(client_id, "") for session_id, client_id in vault.clients.links().items()}
    kept = vault.keeping.kept(desk.retention.practice)
    due = sorted(((one, due) for one in kept for due in schedule(one)), key=lambda pair: pair[1].at_ms)
    now_ms = wall_clock_ms()
    going = []
    for one, each in due:
        head = rows[one.session_id].head
        began = f"{day(head.started_at_ms, now_ms)}, {time_of_day(head.started_at_ms)}"
        part = "The sound of" if each.part is Part.SOUND else "All of"
        going.append(
            Going(one.session_id, f"{part} {began}", moment(each.at_ms), whose.get(one.session_id, ""), one.held)
        )
    page = KeepingPage(
        clock_trusted=desk.retention.clock().trusted,
        going=tuple(going),
        staying=sum(not schedule(one) for one in kept),
        waiting=sum(_waits(one) for one in kept),
        certificates=tuple(
            (one.certificate_id, moment(one.issued_at_ms), _summed(one)) for one in vault.keeping.certificates()
        ),
    )
    return show(request, page, here="keeping")


@router.get(
    "/certificates/{certificate_id}",
    dependencies=[audited("certificate.opened", "opened a certificate", "certificate_id")],
)
def certificate(request: Request, person: Person, certificate_id: str) -> Response:
    for one in person.vault.keeping.certificates():
        if one.certificate_id == certificate_id:
            number = " ".join(certificate_id[at : at + 8] for at in range(0, 32, 8))
            amounts = tuple(_amounts(one))
            return show(request, CertificatePage(number, REASON_WORDS[one.reason], moment(one.issued_at_ms), amounts))
    raise NoSuchClient("There is no certificate here.")


@router.post(
    "/clients/{client_id}/everything",
    dependencies=[audited("client.archive_taken", "took out all that is held about the client", "client_id")],
)
def everything(desk: TheDesk, person: Person, client_id: str) -> Response:
    """All that is held about a client, as one file."""
    headers = {"Content-Disposition": 'attachment; filename="everything-held.zip"'}
    pieces = archive(person.vault, client_id, desk.settings.data_dir / "tapes")
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.get("/clients/{client_id}/erase", dependencies=[audited("client.opened", "opened the client", "client_id")])
def erase_form(request: Request, person: Person, client_id: str) -> Response:
    vault = person.vault
    found = vault.clients.get(client_id)
    sessions = vault.clients.sessions(client_id)
    amounts = (
        counted(len(sessions), "session"),
        counted(sum(row.words for row in sessions), "word"),
        counted(len(found.people), "name"),
        "all consents, appointments and notes",
    )
    return show(
        request, EraseClientPage(client_id, found.name, amounts, vault.keeping.is_held(client_id)), here="clients"
    )


@router.post(
    "/clients/{client_id}/erase", dependencies=[audited("client.erased", "erased all of the client", "client_id")]
)
def erase(
    request: Request, desk: TheDesk, person: Person, client_id: str, confirmed: Annotated[str, Form()] = ""
) -> Response:
    if confirmed != "yes":
        return problem(
            request, 409, "Nothing was erased. To erase everything, first tick the sentence above the button."
        )
    issued = erase_client(person.vault, desk.withdrawals, client_id)
    return RedirectResponse(f"/certificates/{issued.certificate_id}", 303)


def _waits(one: Kept) -> bool:
    return one.sound_there and not one.approved


def _amounts(one: Certificate) -> list[str]:
    return [f"{count:,} {_named(name, count)}" for name, count in one.counts.items() if count]


def _named(name: str, count: int) -> str:
    """The word as it stands in a certificate is for many."""
    return (
        name if count > 1 else "person" if name == "people" else name.replace("sessions", "session").removesuffix("s")
    )


def _summed(one: Certificate) -> str:
    return f"{REASON_WORDS[one.reason]}: {', '.join(_amounts(one)) or 'nothing was left'}"
