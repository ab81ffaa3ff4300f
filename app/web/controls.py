"""Pause and stop from the page. There is no way to start or go on: that takes a press on the box."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.web.audited import audited
from app.web.desk import Desk, Person, SignedIn, TheDesk, box_for
from app.web.ports import PageCommand
from app.web.problems import problem

router = APIRouter(prefix="/box")


@router.post("/pause", dependencies=[audited("recording.paused", "paused the recording")])
async def pause(request: Request, desk: TheDesk, person: Person) -> Response:
    return await _send(request, desk, person, "pause")


@router.post("/stop", dependencies=[audited("recording.stopped", "stopped the recording")])
async def stop(request: Request, desk: TheDesk, person: Person) -> Response:
    return await _send(request, desk, person, "stop")


async def _send(request: Request, desk: Desk, person: SignedIn, command: PageCommand) -> Response:
    """Pass the command on; what came of it shows in the strip, which follows the recorder and not the wish."""
    if command not in box_for(desk, person).controls:
        return problem(request, 409, "Nothing of yours is being recorded, so there was nothing to do.")
    await desk.recorder.send(command)
    if request.headers.get("hx-request") == "true":
        return Response(status_code=204)
    return RedirectResponse("/today", 303)
