"""One appointment: enter it, prepare the box for it, move it, cancel it, say whose it is."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from app.records.appointments import InvalidAppointment, Occurrence, Repeat
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show
from app.web.week import Slot, day_from, slot_of

router = APIRouter()

WALK_IN_MINUTES = 50
NOT_A_TIME = "This is no date and time. Type them like 2026-03-02 and 14:30."


class AppointmentForm(BaseModel):
    client_id: str = ""
    title: str = Field(default="", repr=False)
    on: str = ""
    at: str = "10:00"
    minutes: str = "50"
    repeat: Repeat = Repeat.NONE
    until: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentFormPage:
    template: ClassVar[str] = "appointment_form.html"
    form: AppointmentForm
    clients: tuple[tuple[str, str], ...] = field(repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentPage:
    template: ClassVar[str] = "appointment.html"
    slot: Slot
    series_id: str
    recurrence: str
    day: str
    on: str
    at: str
    minutes: int
    repeats: bool
    imported_from: str
    clients: tuple[tuple[str, str], ...] = field(repr=False)
    problem: str = ""


@router.get("/appointments/new", dependencies=[audited("clients.listed", "saw the list of clients")])
def new_form(request: Request, person: Person, on: str = "", client_id: str = "") -> Response:
    today = datetime.now(person.vault.appointments.zone).date()
    form = AppointmentForm(client_id=client_id, on=day_from(on, today).isoformat())
    return show(request, AppointmentFormPage(form, _clients(person)), here="week")


@router.post("/appointments", dependencies=[audited("appointment.added", "added an appointment")])
def add(request: Request, person: Person, form: Annotated[AppointmentForm, Form()]) -> Response:
    try:
        start, minutes = _start(person, form.on, form.at), _minutes(form.minutes)
        until = date.fromisoformat(form.until) if form.until else None
        name = person.vault.clients.get(form.client_id).name if form.client_id else form.title.strip()[:200]
        person.vault.appointments.add(form.client_id or None, name, start, minutes, form.repeat, until)
    except (InvalidAppointment, ValueError) as error:
        words = str(error) if isinstance(error, InvalidAppointment) else NOT_A_TIME
        return show(request, AppointmentFormPage(form, _clients(person), words), here="week", status=422)
    return RedirectResponse(f"/week?on={start.date().isoformat()}", 303)


@router.get(
    "/appointments/{series_id}/{recurrence}",
    dependencies=[audited("appointment.opened", "opened the appointment", "series_id")],
)
def appointment(  # noqa: PLR0913, PLR0917  parts of an address
    request: Request, desk: TheDesk, person: Person, series_id: str, recurrence: str, on: str = ""
) -> Response:
    return show(request, _page(desk, person, _find(person, series_id, recurrence, on)), here="week")


@router.post(
    "/appointments/{series_id}/{recurrence}/prepare",
    dependencies=[audited("appointment.prepared", "prepared the box for the appointment", "series_id")],
)
async def prepare(
    desk: TheDesk, person: Person, series_id: str, recurrence: str, on: Annotated[str, Form()] = ""
) -> Response:
    found = await anyio.to_thread.run_sync(_find, person, series_id, recurrence, on)
    await desk.preparing.choose(person.vault, found)
    return RedirectResponse(f"/appointments/{series_id}/{recurrence}?on={on}", 303)


@router.post(
    "/clients/{client_id}/prepare",
    dependencies=[audited("client.prepared", "prepared the box for the client", "client_id")],
)
async def prepare_walk_in(desk: TheDesk, person: Person, client_id: str) -> Response:
    """A client who comes without an appointment gets one that begins now."""
    found = await anyio.to_thread.run_sync(_walk_in, person, client_id)
    await desk.preparing.choose(person.vault, found)
    return RedirectResponse("/week?view=day", 303)


@router.post(
    "/appointments/{series_id}/{recurrence}/move",
    dependencies=[audited("appointment.moved", "moved the appointment", "series_id")],
)
def move(  # noqa: PLR0913, PLR0917  fields of a form
    request: Request,
    desk: TheDesk,
    person: Person,
    series_id: str,
    recurrence: str,
    was_on: Annotated[str, Form()] = "",
    on: Annotated[str, Form()] = "",
    at: Annotated[str, Form()] = "",
    minutes: Annotated[str, Form()] = "",
) -> Response:
    found = _find(person, series_id, recurrence, was_on)
    try:
        start = _start(person, on, at)
        person.vault.appointments.move(found, start, _minutes(minutes))
    except (InvalidAppointment, ValueError) as error:
        words = str(error) if isinstance(error, InvalidAppointment) else NOT_A_TIME
        return show(request, _page(desk, person, found, words), here="week", status=422)
    return RedirectResponse(f"/week?on={start.date().isoformat()}", 303)


@router.post(
    "/appointments/{series_id}/{recurrence}/cancel",
    dependencies=[audited("appointment.cancelled", "cancelled the appointment", "series_id")],
)
def cancel(
    person: Person,
    series_id: str,
    recurrence: str,
    on: Annotated[str, Form()] = "",
    following: Annotated[str, Form()] = "",
) -> Response:
    found = _find(person, series_id, recurrence, on)
    if following == "yes":
        person.vault.appointments.cancel_from(found)
    else:
        person.vault.appointments.cancel(found)
    return RedirectResponse(f"/week?on={on}", 303)


@router.post(
    "/appointments/{series_id}/{recurrence}/client",
    dependencies=[audited("appointment.linked", "said whose appointment it is", "series_id")],
)
async def set_client(  # noqa: PLR0913, PLR0917  fields of a form
    desk: TheDesk,
    person: Person,
    series_id: str,
    recurrence: str,
    on: Annotated[str, Form()] = "",
    client_id: Annotated[str, Form()] = "",
) -> Response:
    await anyio.to_thread.run_sync(person.vault.appointments.set_client, series_id, client_id or None)
    await desk.preparing.refresh(person.vault)
    return RedirectResponse(f"/appointments/{series_id}/{recurrence}?on={on}", 303)


def _page(desk: TheDesk, person: Person, found: Occurrence, problem: str = "") -> AppointmentPage:
    zone = person.vault.appointments.zone
    start = datetime.fromtimestamp(found.starts_at_ms / 1000, zone)
    clients = _clients(person)
    return AppointmentPage(
        slot=slot_of(person.vault, found, dict(clients), wall_clock_ms(), desk.preparing.current(person.vault)),
        series_id=found.series.series_id,
        recurrence=found.recurrence,
        day=f"{start:%A}, {start.day} {start:%B %Y}",
        on=start.date().isoformat(),
        at=f"{start:%H:%M}",
        minutes=(found.ends_at_ms - found.starts_at_ms) // 60_000,
        repeats=found.repeats,
        imported_from=found.series.source,
        clients=clients,
        problem=problem,
    )


def _find(person: Person, series_id: str, recurrence: str, on: str) -> Occurrence:
    zone = person.vault.appointments.zone
    around = datetime.combine(day_from(on, datetime.now(zone).date()), time(12), zone)
    return person.vault.appointments.find(series_id, recurrence, around)


def _walk_in(person: Person, client_id: str) -> Occurrence:
    appointments = person.vault.appointments
    start = datetime.now(appointments.zone).replace(second=0, microsecond=0)
    name = person.vault.clients.get(client_id).name
    series = appointments.add(client_id, name, start, WALK_IN_MINUTES)
    return appointments.find(series.series_id, str(series.first_ms), start)


def _clients(person: Person) -> tuple[tuple[str, str], ...]:
    return tuple((one.client_id, one.name) for one in person.vault.clients.list() if one.archived_at_ms is None)


def _start(person: Person, on: str, at: str) -> datetime:
    return datetime.combine(date.fromisoformat(on), time.fromisoformat(at), person.vault.appointments.zone)


def _minutes(typed: str) -> int:
    return int(typed) if typed.strip().isdecimal() and len(typed) < 6 else 0  # noqa: PLR2004  refused as too short
