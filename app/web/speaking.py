"""Who said what, and correcting it: the panel beside the transcript, and what its buttons and keys do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from app.domain import Attribution, Told
from app.review import Line, Selected, VoiceReview, lines_of, name_of, standing_changes, therapist_of
from app.vault.session_content import SessionContent
from app.web.audited import audited
from app.web.desk import Person, SignedIn, desk_of, show, show_part
from app.web.opened import UNDER_REVIEW
from app.web.timeline import WIDTH, Timeline, timeline
from app.web.wording import clock, length

router = APIRouter(prefix="/sessions/{session_id}/voices")

SAMPLES = 2
LANE = 14  # units of the drawing, a lane a person
NOTES = {
    Told.SEATS: "Told apart by the two microphones: who sits nearer to which.",
    Told.VOICES: "Told apart by the sound of the voices. How a voice sounds is not kept.",
    Told.ONE_VOICE: "All of it sounds like one person, so nobody is told apart. Select lines to say otherwise.",
    Told.NO_MODEL: "Nobody is told apart: the model for voices is not on this box. Clinic IT can fetch it"
    " (tacet models fetch campplus). You can still say who said what.",
    Told.NOBODY: "Nobody was heard.",
}


@dataclass(frozen=True, slots=True)
class Voice:
    """One person of the session, as far as the box can tell."""

    speaker: str
    name: str
    therapist: bool
    guessed: bool  # nobody has said who the therapist is, and this one asks most
    talk: str
    samples: tuple[int, ...]  # where to hear five seconds of it, in ms

    @property
    def places(self) -> tuple[tuple[int, str], ...]:
        return tuple((at_ms, clock(at_ms)) for at_ms in self.samples)


@dataclass(frozen=True, slots=True)
class VoicesPanel:
    template: ClassVar[str] = "_voices.html"
    session_id: str
    note: str  # how the machine told who spoke, and what it did instead where it could not
    voices: tuple[Voice, ...]
    lanes: tuple[tuple[str, str], ...]  # speaker and path data
    pauses: str  # path data, where the session was off the record
    height: int
    longest_pause: str
    unsure: int  # lines
    known: bool  # somebody has said who the therapist is
    editable: bool
    undoable: bool
    speakers: tuple[tuple[str, str], ...]  # to give words to


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


@router.post("/therapist", dependencies=[audited("voices.named", "said which voice is the therapist's")])
def therapist(request: Request, person: Person, session_id: str, speaker: Annotated[str, Form()]) -> Response:
    return _do(request, person, session_id, lambda v: v.therapist(session_id, speaker, person.name))


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
    answer.headers["HX-Trigger"] = "changed, spoken"
    return answer


def _other(person: SignedIn, session_id: str, seq: int) -> str:
    lines = lines_of(person.vault.sessions.content(session_id))
    said_by = next((line.speaker for line in lines if line.seq == seq), None)
    return "1" if said_by == "2" else "2"


def voices_panel(content: SessionContent) -> VoicesPanel:
    lines, known = lines_of(content), therapist_of(content.voice_changes)
    speakers = sorted({line.speaker for line in lines if line.speaker})
    guess = None if known else guessed_therapist(lines)
    choices = sorted({*speakers, "1", "2"})
    height, scale = LANE * max(1, len(speakers)), WIDTH / max(1, content.row.duration_ms)
    return VoicesPanel(
        session_id=content.row.head.session_id,
        note=_note(content.attribution),
        voices=tuple(_voice(lines, speaker, known, guess) for speaker in speakers),
        lanes=tuple((one, _lane(lines, one, lane, scale)) for lane, one in enumerate(speakers)),
        pauses="".join(f"M{pause.at_ms * scale:.1f} 0v{height}" for pause in content.pauses),
        height=height,
        longest_pause=longest_pause(lines),
        unsure=sum(not line.sure for line in lines),
        known=known is not None,
        editable=content.row.state in UNDER_REVIEW,
        undoable=bool(standing_changes(content.voice_changes)),
        speakers=tuple((one, name_of(one, known)) for one in [*choices, str(int(choices[-1]) + 1)][:6]),
    )


def _voice(lines: Sequence[Line], speaker: str, known: str | None, guess: str | None) -> Voice:
    own = [line for line in lines if line.speaker == speaker]
    return Voice(
        speaker=speaker,
        name=name_of(speaker, known),
        therapist=speaker == known,
        guessed=speaker == guess,
        talk=length(sum(line.end_ms - line.start_ms for line in own)),
        samples=samples(own),
    )


def _lane(lines: Sequence[Line], speaker: str, lane: int, scale: float) -> str:
    y = LANE * lane + LANE // 2
    own = [line for line in lines if line.speaker == speaker]
    return "".join(
        f"M{one.start_ms * scale:.1f} {y}h{max(0.8, (one.end_ms - one.start_ms) * scale):.1f}" for one in own
    )


def samples(own: Sequence[Line]) -> tuple[int, ...]:
    """Where a voice is heard longest without a break, in the order of the session."""
    longest = sorted(own, key=lambda line: (not line.sure, line.start_ms - line.end_ms))[:SAMPLES]
    return tuple(sorted(line.start_ms for line in longest))


def guessed_therapist(lines: Sequence[Line]) -> str | None:
    """Who asks most for what they say, as a first choice only; None where nobody asks or only one speaks."""
    speakers = {line.speaker for line in lines if line.speaker}
    if len(speakers) < 2:  # noqa: PLR2004  a conversation
        return None
    asked = {one: sum(line.text.count("?") for line in lines if line.speaker == one) for one in sorted(speakers)}
    said = {one: sum(len(line.text.split()) for line in lines if line.speaker == one) for one in speakers}
    most = max(asked, key=lambda one: asked[one] / max(1, said[one]))
    return most if asked[most] else None


def longest_pause(lines: Sequence[Line]) -> str:
    """The longest time between two lines in which nobody speaks: "12 seconds, at 4:05"; "" where there is none."""
    until_ms, longest_ms, at_ms = 0, 0, 0
    for number, line in enumerate(lines):
        if number and line.start_ms - until_ms > longest_ms:
            longest_ms, at_ms = line.start_ms - until_ms, until_ms
        until_ms = max(until_ms, line.end_ms)
    return f"{length(longest_ms)}, at {clock(at_ms)}" if longest_ms >= 1000 else ""  # noqa: PLR2004  a second


def _note(attribution: Attribution | None) -> str:
    if attribution is None:
        return "The voices are told apart once the session has ended."
    note = NOTES[attribution.told]
    if attribution.dead_channel is not None:
        note = f"Microphone {attribution.dead_channel + 1} heard nothing. Check its cable. {note}"
    if attribution.voices > 2:  # noqa: PLR2004  more than the two that were told apart
        note += (
            f" It sounds as if {attribution.voices} people spoke, and the box told two apart:"
            " give the third one's lines to Speaker 3."
        )
    return note


def _by_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
