"""Who said what, and correcting it: what the buttons and keys of the panel of voices do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from app.review import Selected, VoiceReview, lines_of
from app.web.audited import audited
from app.web.desk import Person, SignedIn, desk_of, show, show_part
from app.web.problems import problem
from app.web.timeline import Timeline, timeline
from app.web.voices_panel import VoicesPanel, voices_panel

router = APIRouter(prefix="/sessions/{session_id}/voices")


@dataclass(frozen=True, slots=True)
class VoicesChanged:
    """The panel as it stands now, and the strip below the transcript with it."""

    template: ClassVar[str] = "_voices_changed.html"
    panel: VoicesPanel
    timeline: Timeline = field(repr=False)


@dataclass(frozen=True, slots=True)
class VoicesPage:
    """The same on a page of its own, for a browser without htmx."""

    template: ClassVar[str] = "voices.html"
    panel: VoicesPanel


@router.get("", dependencies=[audited("voices.read", "read who spoke in the session")])
def voices(request: Request, person: Person, session_id: str) -> Response:
    panel = voices_panel(person.vault.sessions.content(session_id))
    return show_part(request, panel) if _by_htmx(request) else show(request, VoicesPage(panel), here="session")


class Given(BaseModel):
    """Words, and to whom to give them; "other" is whoever did not say the first of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: str
    first_line: int
    last_line: int
    first_ms: int | None = None
    last_ms: int | None = None


class Who(BaseModel):
    """Who the therapist is, and what to call each; nothing for what the box calls them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: str
    name_1: str = Field(default="", repr=False)
    name_2: str = Field(default="", repr=False)
    name_3: str = Field(default="", repr=False)
    name_4: str = Field(default="", repr=False)
    name_5: str = Field(default="", repr=False)
    name_6: str = Field(default="", repr=False)

    @property
    def names(self) -> dict[str, str]:
        given = (self.name_1, self.name_2, self.name_3, self.name_4, self.name_5, self.name_6)
        return {str(number): name for number, name in enumerate(given, start=1)}


@router.post("/assign", dependencies=[audited("voices.assigned", "said who spoke some words of the session")])
def assign(request: Request, person: Person, session_id: str, given: Annotated[Given, Form()]) -> Response:
    """Give words, lines or part of them to somebody."""
    speaker = _other(person, session_id, given.first_line) if given.speaker == "other" else given.speaker
    selected = Selected(given.first_line, given.last_line, given.first_ms, given.last_ms)
    return _do(request, person, session_id, lambda v: v.assign(session_id, selected, speaker, person.name))


@router.post("/rename", dependencies=[audited("voices.renamed", "gave all lines of a voice to another")])
def rename(
    request: Request, person: Person, session_id: str, other: Annotated[str, Form()], speaker: Annotated[str, Form()]
) -> Response:
    return _do(request, person, session_id, lambda v: v.rename(session_id, other, speaker, person.name))


@router.post("/swap", dependencies=[audited("voices.swapped", "swapped the two voices of the session")])
def swap(request: Request, person: Person, session_id: str) -> Response:
    return _do(request, person, session_id, lambda v: v.swap(session_id, person.name))


@router.post("/who", dependencies=[audited("voices.named", "said who is who in the session")])
def who(request: Request, person: Person, session_id: str, given: Annotated[Who, Form()]) -> Response:
    return _do(request, person, session_id, lambda v: v.who(session_id, given.speaker, given.names, person.name))


@router.post("/people", dependencies=[audited("voices.counted", "said how many people spoke in the session")])
def people(request: Request, person: Person, session_id: str, number: Annotated[int, Form()]) -> Response:
    """Have another number of voices told apart; the recording is listened to again."""
    if person.vault.keeping.sound_erased_at(session_id) is not None:
        gone = (
            "The recording is erased, so the box cannot listen again. Select lines and give them to somebody instead."
        )
        return problem(request, 409, gone)
    return _do(request, person, session_id, lambda v: v.people(session_id, number, person.name))


@router.post("/split", dependencies=[audited("voices.split", "split a line of the session")])
def split(
    request: Request, person: Person, session_id: str, seq: Annotated[int, Form()], at_ms: Annotated[int, Form()]
) -> Response:
    return _do(request, person, session_id, lambda v: v.split(session_id, seq, at_ms, person.name))


@router.post("/merge", dependencies=[audited("voices.merged", "joined two lines of the session")])
def merge(request: Request, person: Person, session_id: str, seq: Annotated[int, Form()]) -> Response:
    return _do(request, person, session_id, lambda v: v.merge(session_id, seq, person.name))


@router.post("/undo", dependencies=[audited("voices.undone", "took a change of voices back")])
def undo(request: Request, person: Person, session_id: str) -> Response:
    return _do(request, person, session_id, lambda v: v.undo(session_id, person.name))


def _do(request: Request, person: SignedIn, session_id: str, change: Callable[[VoiceReview], None]) -> Response:
    change(VoiceReview(person.vault))
    desk_of(request).pipeline.changes.notify()
    if not _by_htmx(request):
        return RedirectResponse(f"/sessions/{session_id}", 303)
    content = person.vault.sessions.content(session_id)
    drawn = timeline(lines_of(content), content.pauses, content.row.duration_ms)
    answer = show_part(request, VoicesChanged(voices_panel(content), drawn))
    answer.headers["HX-Trigger"] = "changed, redrawn"
    return answer


def _other(person: SignedIn, session_id: str, seq: int) -> str:
    lines = lines_of(person.vault.sessions.content(session_id))
    said_by = next((line.speaker for line in lines if line.seq == seq), None)
    return "1" if said_by == "2" else "2"


def _by_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
