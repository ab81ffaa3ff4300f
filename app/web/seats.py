"""Who sits where: each chair is spoken from once, in a short recording that is erased afterwards."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from app.room_seats import RoomSeats
from app.seat_learning import LiveSound, NotHeard
from app.speech.known_seats import KnownSeats
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited, unaudited
from app.web.desk import Desk, Person, SignedIn, TheDesk, box_for, show, show_part
from app.web.wording import moment
from firmware.status import BoxState

router = APIRouter(prefix="/seats")

ENOUGH_S = 6.0  # of speech from a chair
HIDDEN = "says no more than which step of showing the seats comes next"


@dataclass(frozen=True, slots=True)
class SeatsStep:
    """Where one is in showing the box who sits where."""

    template: ClassVar[str] = "_seats.html"
    step: str  # "press", "therapist", "client", "keep" or "alike"
    hearing: bool = False  # listening to that chair just now
    session_id: str = ""
    therapist_from: int = 0  # samples
    therapist_to: int = 0
    client_from: int = 0
    client_to: int = 0
    part: int = 0  # %, of what has to be said
    apart_db: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SeatsPage:
    template: ClassVar[str] = "seats.html"
    learned: str  # when, "" where nobody has shown it
    said: str
    step: SeatsStep


class Heard(BaseModel):
    """The stretches of the recording in which each chair was spoken from, so far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    therapist_from: int = Field(default=0, ge=0)
    therapist_to: int = Field(default=0, ge=0)
    client_from: int = Field(default=0, ge=0)
    client_to: int = Field(default=0, ge=0)


@router.get("", dependencies=[audited("seats.viewed", "looked at who sits where", subject="")])
def seats(request: Request, desk: TheDesk, person: Person, *, kept: bool = False) -> Response:
    said = "The box knows the seats now. The recording is being erased." if kept else ""
    learned_at_ms = _room(desk).learned_at_ms
    learned = moment(learned_at_ms) if learned_at_ms else ""
    return show(request, SeatsPage(learned, said, _first_step(desk, person)), here="seats")


@router.get("/step", dependencies=[unaudited(HIDDEN)])
def step(request: Request, desk: TheDesk, person: Person) -> Response:
    return show_part(request, _first_step(desk, person))


@router.post("/listen", dependencies=[unaudited(HIDDEN)])
def listen(request: Request, desk: TheDesk, person: Person, heard: Annotated[Heard, Form()]) -> Response:
    """Listen to the next chair, or on; measures and keeps nothing."""
    return _answer(request, desk, person, _listened(desk, person, heard))


@router.post("/keep", dependencies=[audited("seats.learned", "showed the box who sits where", subject="")])
async def keep(request: Request, desk: TheDesk, person: Person, heard: Annotated[Heard, Form()]) -> Response:
    """Keep how the two chairs sound, and erase the recording."""
    found = _both(desk, person, heard)
    if isinstance(found, SeatsStep) or not found.apart:
        return _answer(request, desk, person, found if isinstance(found, SeatsStep) else SeatsStep("alike"))
    _room(desk).keep(found, wall_clock_ms())
    await desk.recorder.withdraw(heard.session_id)
    return RedirectResponse("/seats?kept=true", 303)


@router.post("/forget", dependencies=[audited("seats.forgotten", "had the box forget who sits where", subject="")])
def forget(desk: TheDesk, person: Person) -> Response:  # noqa: ARG001  only for whoever is signed in
    _room(desk).forget()
    return RedirectResponse("/seats", 303)


def _room(desk: Desk) -> RoomSeats:
    return RoomSeats(desk.settings.data_dir / "box")


def _first_step(desk: Desk, person: SignedIn) -> SeatsStep:
    status = desk.recorder.status
    recording = status is not None and status.state is BoxState.RECORDING and box_for(desk, person).controls
    if status is None or not recording or status.session_id is None:
        return SeatsStep("press")
    return SeatsStep("therapist", session_id=status.session_id)


def _sound(desk: Desk, person: SignedIn, session_id: str) -> LiveSound:
    """Raise NotHeard unless this is the recording under way, and theirs."""
    if _first_step(desk, person).session_id != session_id:
        raise NotHeard("The recording has ended. Press the button on the box and begin again.")
    return LiveSound(desk.settings.data_dir / "tapes", person.vault, session_id)


def _listened(desk: Desk, person: SignedIn, heard: Heard) -> SeatsStep:
    try:
        sound = _sound(desk, person, heard.session_id)
    except NotHeard as problem:
        return SeatsStep("press", problem=str(problem))
    ends = heard.model_dump()
    if not heard.therapist_from:
        return SeatsStep("therapist", hearing=True, **(ends | {"therapist_from": max(1, sound.samples)}))
    if not heard.therapist_to:
        part, full = _part(sound, heard.therapist_from)
        now = ends | ({"therapist_to": sound.samples} if full else {})
        return SeatsStep("client" if full else "therapist", hearing=not full, part=part, **now)
    if not heard.client_from:
        return SeatsStep("client", hearing=True, **(ends | {"client_from": sound.samples}))
    if not heard.client_to:
        part, full = _part(sound, heard.client_from)
        if not full:
            return SeatsStep("client", hearing=True, part=part, **ends)
        heard = heard.model_copy(update={"client_to": sound.samples})
    return _compared(sound, heard)


def _part(sound: LiveSound, first_sample: int) -> tuple[int, bool]:
    """How much of what has to be said was said, in %, and whether it is enough."""
    chair = sound.chair(first_sample, sound.samples)
    return min(100, int(100 * chair.spoken_s / ENOUGH_S)), chair.spoken_s >= ENOUGH_S and chair.seat is not None


def _compared(sound: LiveSound, heard: Heard) -> SeatsStep:
    found = _measured(sound, heard)
    if found is None or not found.apart:
        return SeatsStep("alike", session_id=heard.session_id)
    return SeatsStep("keep", apart_db=found.level_db, **heard.model_dump())


def _both(desk: Desk, person: SignedIn, heard: Heard) -> KnownSeats | SeatsStep:
    try:
        found = _measured(_sound(desk, person, heard.session_id), heard)
    except NotHeard as problem:
        return SeatsStep("press", problem=str(problem))
    return found or SeatsStep("alike", session_id=heard.session_id)


def _measured(sound: LiveSound, heard: Heard) -> KnownSeats | None:
    therapist = sound.chair(heard.therapist_from, heard.therapist_to).seat
    client = sound.chair(heard.client_from, heard.client_to).seat
    return KnownSeats(therapist, client) if therapist and client else None


def _answer(request: Request, desk: Desk, person: SignedIn, now: SeatsStep) -> Response:  # noqa: ARG001  one shape
    if request.headers.get("hx-request") == "true":
        return show_part(request, now)
    return show(request, SeatsPage("", "", now), here="seats")
