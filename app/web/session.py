"""A session: is this what was said?"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from app.domain import SessionState
from app.review import Review
from app.vault.errors import NoSuchSession
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited
from app.web.compressing import compressed
from app.web.desk import Desk, Person, SignedIn, TheDesk, show, show_part
from app.web.events import GONE, stream, swap
from app.web.hearing_anew import said_of
from app.web.opened import Opened, find_row, open_session
from app.web.review_panel import ReviewPanel, review_panel
from app.web.slots import LINE_TOOLS, SLOTS, LineTool, Slot
from app.web.standing import Standing, standing
from app.web.timeline import Timeline, timeline
from app.web.transcript import Row, rows, stretches
from app.web.wording import clock, day, length, time_of_day

router = APIRouter()


class OnPage(BaseModel):
    """What a page showed of a session when it was drawn."""

    model_config = ConfigDict(frozen=True)

    editable: bool = False
    state: SessionState | None = None
    words: int = -1  # written down
    samples: int = -1  # up to where
    edit: int = 0  # the latest
    told: int = 0  # the latest attribution of voices
    provisional: int = 0  # turns told before there is one
    hearing: int = 0  # how often its two hearings had changed places


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the transcript on the page and the sound behind it go by now."""

    template: ClassVar[str] = "_reach.html"
    session_id: str
    after_seq: int  # the last line
    live: bool
    samples: int  # frames that can be heard
    duration_ms: int


@dataclass(frozen=True, slots=True)
class LastEdit:
    """The latest edit that the page shows. When it hears of a later one it fetches the lines that changed.

    What does the fetching stays in place while this is replaced: news that comes meanwhile must not be lost with it.
    """

    template: ClassVar[str] = "_last_edit.html"
    edit_id: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """All of it. Its tail stays in place and puts new lines before itself, so that no news is lost on the way."""

    template: ClassVar[str] = "_transcript.html"
    stretches: tuple[tuple[Row, ...], ...] = field(repr=False)
    reach: Reach
    hearing: int = 0  # whose words these are: an approval of others is refused


@dataclass(frozen=True, slots=True)
class NewLines:
    template: ClassVar[str] = "_new_lines.html"
    rows: tuple[Row, ...] = field(repr=False)
    reach: Reach


@dataclass(frozen=True, slots=True)
class WordsAhead:
    """What was heard since the last line, until that is written down."""

    template: ClassVar[str] = "_ahead.html"
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SessionPage:
    template: ClassVar[str] = "session.html"
    session_id: str
    day: str
    began: str
    facts: str
    duration_ms: int
    ends_at: str
    last_edit: LastEdit
    standing: Standing
    transcript: Transcript
    ahead: WordsAhead
    review: ReviewPanel
    timeline: Timeline
    slots: tuple[Slot, ...] = SLOTS
    tools: tuple[LineTool, ...] = LINE_TOOLS

    @property
    def scripts(self) -> tuple[str, ...]:
        """Give the modules that slots and tools bring, each once."""
        by_slots = [name for one in self.slots for name in one.scripts]
        return tuple(dict.fromkeys(by_slots + [name for one in self.tools for name in one.scripts]))

    @property
    def styles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.slots for name in one.styles))


@router.get("/sessions/{session_id}", dependencies=[audited("session.opened", "opened the session")])
def session(request: Request, desk: TheDesk, person: Person, session_id: str) -> Response:
    find_row(person, session_id)
    Review(person.vault).open(session_id)
    told, provisional = person.vault.sessions.last_attribution(session_id), desk.pipeline.provisional(session_id)
    opened = open_session(person, session_id, provisional)
    head = opened.row.head
    page = SessionPage(
        session_id=session_id,
        day=day(head.started_at_ms, wall_clock_ms()),
        began=time_of_day(head.started_at_ms),
        facts=_facts(opened),
        duration_ms=opened.row.duration_ms,
        ends_at=clock(opened.row.duration_ms),
        last_edit=LastEdit(opened.last_edit),
        standing=_stands(desk, opened),
        transcript=_transcript(opened),
        ahead=_ahead(desk, session_id),
        review=review_panel(desk, person, opened),
        timeline=draw(opened),
    )
    return compressed(
        request, show(request, page, here="session", events_url=_events_url(opened, told, len(provisional)))
    )


@router.get("/sessions/{session_id}/review", dependencies=[audited("review.read", "read what the review still needs")])
def review(request: Request, desk: TheDesk, person: Person, session_id: str) -> Response:
    """Give what is to be done before approving, as it stands now."""
    return show_part(request, review_panel(desk, person, open_session(person, session_id)))


@router.get("/sessions/{session_id}/lines", dependencies=[audited("lines.read", "read new lines of the session")])
def new_lines(request: Request, desk: TheDesk, person: Person, session_id: str, after: int = -1) -> Response:
    """Give what was said since the line `after`; asking twice shows nothing twice."""
    opened = open_session(person, session_id, desk.pipeline.provisional(session_id))
    found = NewLines(tuple(rows(opened, wall_clock_ms(), after)), _reach(opened))
    return compressed(request, show_part(request, found))


@router.get(
    "/sessions/{session_id}/transcript", dependencies=[audited("transcript.read", "read the transcript of the session")]
)
def whole_transcript(request: Request, desk: TheDesk, person: Person, session_id: str) -> Response:
    """Give the transcript anew, as when its lines can be edited from now on, or not any more."""
    opened = open_session(person, session_id, desk.pipeline.provisional(session_id))
    return compressed(request, show_part(request, _transcript(opened)))


@router.get(
    "/sessions/{session_id}/events",
    response_class=EventSourceResponse,
    dependencies=[audited("session.followed", "kept the session open on a page")],
)
async def session_events(
    request: Request, desk: TheDesk, session_id: str, shown: Annotated[OnPage, Query()]
) -> AsyncIterator[ServerSentEvent]:
    """Keep the page up to date that showed this when it was drawn, however long ago: it may have been out of touch."""
    parts = lambda person: (SessionPart(desk, person, session_id, shown),)  # noqa: E731  one use
    async with aclosing(stream(request, desk, parts, signed=True)) as events:
        async for event in events:
            yield event


class SessionPart:
    """Keeps an open session up to date: its standing, its new lines, what may be done with it.

    What may be done is drawn anew while the session is live, and then only in another state than the page shows:
    somebody may be writing there.
    """

    def __init__(self, desk: Desk, person: SignedIn, session_id: str, shown: OnPage) -> None:
        self._edited, self._told = shown.edit, (shown.told, shown.provisional)
        self._ahead: WordsAhead | None = None
        self._noted = ""  # the page tells by itself whether it shows this already
        self._desk = desk
        self._editable, self._state, self._written_down = shown.editable, shown.state, (shown.words, shown.samples)
        self._person = person
        self._session_id = session_id
        self._standing: Standing | None = None
        self._hearing = shown.hearing

    def news(self) -> list[ServerSentEvent]:
        try:
            row = find_row(self._person, self._session_id)
        except NoSuchSession:
            return [ServerSentEvent(event=GONE, raw_data=f"/receipts/{self._session_id}")]
        stands, written_down = standing(row, self._desk.pipeline), (row.words, row.transcribed_samples)
        hearing = self._person.vault.hearings.swaps(self._session_id)
        if (self._standing, self._written_down, self._hearing) == (stands, written_down, hearing):
            return self._changes()
        self._standing = stands
        heard_anew, self._hearing = self._hearing != hearing, hearing
        provisional, templates = self._desk.pipeline.provisional(self._session_id), self._desk.templates
        opened = open_session(self._person, self._session_id, provisional)
        news = [swap("standing", templates, _stands(self._desk, opened))]
        if self._state != stands.state or opened.live or heard_anew:
            news.append(swap("review", templates, review_panel(self._desk, self._person, opened)))
        if self._state != stands.state or heard_anew:
            self._state = stands.state
            news.append(ServerSentEvent(event="stands", raw_data=""))
        if self._written_down != written_down or heard_anew:
            self._written_down = written_down
            words = "told" if heard_anew else "grown"  # other ones, or more of them
            news += [ServerSentEvent(event=words, raw_data=""), swap("timeline", templates, draw(opened))]
        if self._editable != opened.editable:
            self._editable = opened.editable
            news.append(ServerSentEvent(event="settled", raw_data=""))
        return news + self._changes()

    def _changes(self) -> list[ServerSentEvent]:
        """Say that lines were edited, or that voices were told apart anew."""
        before, self._told = self._told, self._voices()
        told = [] if before == self._told else [ServerSentEvent(event="told", raw_data="")]
        return self._edits() + told + self._notes() + self._words_ahead()

    def _notes(self) -> list[ServerSentEvent]:
        """Say which version of the note stands: it was drafted or changed, or what it rests on was."""
        before, self._noted = self._noted, self._person.vault.notes.version(self._session_id)
        return [] if before == self._noted else [ServerSentEvent(event="noted", raw_data=self._noted)]

    def _words_ahead(self) -> list[ServerSentEvent]:
        """Show the words so far of the window that still fills, or take them away."""
        before, self._ahead = self._ahead, _ahead(self._desk, self._session_id)
        return [] if before == self._ahead else [swap("ahead", self._desk.templates, self._ahead)]

    def _voices(self) -> tuple[int, int]:
        """What changes whenever whose lines are whose does: who spoke was stored, or heard by now a little further."""
        stored = self._person.vault.sessions.last_attribution(self._session_id)
        return stored, 0 if stored else len(self._desk.pipeline.provisional(self._session_id))

    def _edits(self) -> list[ServerSentEvent]:
        """Say that lines were edited, perhaps in another window; the page asks which."""
        before, self._edited = self._edited, self._person.vault.sessions.last_edit(self._session_id)
        return [] if before == self._edited else [ServerSentEvent(event="edited", raw_data="")]


def _events_url(opened: Opened, told: int, provisional: int) -> str:
    row = opened.row
    shown = OnPage(
        editable=opened.editable,
        state=row.state,
        words=row.words,
        samples=row.transcribed_samples,
        edit=opened.last_edit,
        told=told,
        provisional=0 if told else provisional,
        hearing=opened.content.swaps,
    )
    return f"/sessions/{opened.session_id}/events?{urlencode(shown.model_dump(mode='json'))}"


def draw(opened: Opened) -> Timeline:
    duration_ms, spans = opened.row.duration_ms, opened.listening.spans
    return timeline(opened.lines, opened.pauses, duration_ms, opened.open_places, spans)


def _stands(desk: Desk, opened: Opened) -> Standing:
    return standing(opened.row, desk.pipeline, opened.models, said_of(opened.content.second_hearing))


def _facts(opened: Opened) -> str:
    facts = [] if opened.live else [length(opened.row.duration_ms)]
    if not opened.row.head.clock_trusted:
        facts.append("the box was not sure of the date")
    return " · ".join(facts)


def _transcript(opened: Opened) -> Transcript:
    return Transcript(tuple(stretches(rows(opened, wall_clock_ms()))), _reach(opened), opened.content.swaps)


def _ahead(desk: Desk, session_id: str) -> WordsAhead:
    found = desk.pipeline.ahead(session_id)
    return WordsAhead(found.text if found else "")


def _reach(opened: Opened) -> Reach:
    return Reach(opened.session_id, opened.last_seq, opened.live, opened.row.samples, opened.row.duration_ms)
