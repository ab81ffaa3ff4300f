"""Calendar files: the practice's own read in and followed, and appointments as a file for elsewhere, without names."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import RedirectResponse, Response

from app.records.calendar_files import MAX_BYTES, UnreadableCalendar, read_calendar
from app.records.calendar_writing import write_calendar
from app.vault.appointments import Imported
from app.web.audited import audited
from app.web.desk import Person, TheDesk, show
from app.web.problems import problem
from app.web.week import week_page
from app.web.wording import counted

router = APIRouter()

EXPORTED = timedelta(days=366)


class _InMemory(MultiPartParser):
    """Never lets a part of an upload onto the disk, where it would lie in clear."""

    spool_max_size = MAX_BYTES + 64 * 1024


@router.post("/week/calendars", dependencies=[audited("calendar.imported", "imported a calendar")])
async def import_calendar(request: Request, desk: TheDesk, person: Person) -> Response:
    """Take a calendar file in, or follow it anew; all of it or nothing."""
    try:
        form = await _InMemory(request.headers, request.stream(), max_files=1, max_fields=2).parse()
    except (MultiPartException, KeyError, AssertionError):
        return problem(request, 400, "No file arrived. Choose the calendar's .ics file and send it again.")
    file = form.get("file")
    if not isinstance(file, UploadFile):
        return problem(request, 409, "No file was chosen. Choose the calendar's .ics file, then import it.")
    try:
        content = await file.read()
    finally:
        await form.close()
    name = (file.filename or "calendar").rsplit(".", 1)[0][:100] or "calendar"
    try:
        done = await run_in_threadpool(
            lambda: person.vault.appointments.take_in(read_calendar(content, person.vault.appointments.zone, name))
        )
    except UnreadableCalendar as error:
        return problem(request, 409, str(error))
    await desk.preparing.refresh(person.vault)
    page = await run_in_threadpool(lambda: week_page(desk, person, told=_told(done)))
    return show(request, page, here="week")


@router.post("/week/calendars/remove", dependencies=[audited("calendar.removed", "removed an imported calendar")])
def remove(person: Person, source: Annotated[str, Form()] = "") -> Response:
    person.vault.appointments.remove_source(source)
    return RedirectResponse("/week", 303)


@router.post("/week/calendars/export", dependencies=[audited("calendar.exported", "exported the appointments")])
def export_calendar(person: Person, names: Annotated[str, Form()] = "") -> Response:
    """A year of appointments from last month on; names only where they were asked for."""
    appointments = person.vault.appointments
    start = datetime.now(appointments.zone) - timedelta(days=31)
    found = appointments.between(start, start + EXPORTED)
    called = {one.client_id: one.name for one in person.vault.clients.list()} if names == "yes" else {}
    content = write_calendar(found, lambda one: called.get(one.client_id or "", "Appointment"))
    headers = {"Content-Disposition": 'attachment; filename="appointments.ics"'}
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


def _told(done: Imported) -> str:
    parts = [
        f"{done.source}: {counted(done.added, 'new appointment')}",
        f"{done.changed:,} changed" if done.changed else "",
        f"{done.removed:,} no longer there" if done.removed else "",
        f"{done.linked:,} found their client by name" if done.linked else "",
    ]
    return " ".join((", ".join(part for part in parts if part) + ".", *done.left_out))
