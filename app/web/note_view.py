"""What the page shows of a session's note. Pure; handles speech in clear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.domain import Note, NoteSentence
from app.notes.draft import LIMITS
from app.notes.formats import NoteFormat
from app.notes.goals import suggested
from app.notes.mentions import SAYS
from app.notes.standing import Standing
from app.noting import OpenNote
from app.web.wording import clock, counted, lately, moment

_ROLES = {"therapist": "You", "client": "Client", "unknown": ""}


@dataclass(frozen=True, slots=True)
class Source:
    """A line of the transcript that a sentence rests on, to be heard."""

    seq: int
    at: str  # "12:03"; "" where the line is gone


@dataclass(frozen=True, slots=True)
class GoalRow:
    """A goal of the client's plan as it stands to one sentence."""

    text: str = field(repr=False)
    linked: bool
    suggested: bool  # it shares words with the sentence or its sources


@dataclass(frozen=True, slots=True)
class Goals:
    """The goals of the client's plan, and those that sentences are linked to."""

    plan: tuple[str, ...] = field(default=(), repr=False)
    by_sentence: Mapping[int, tuple[str, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """One sentence, its sources, and what may be done with it."""

    template: ClassVar[str] = "_note_sentence.html"
    session_id: str
    sentence_id: int
    text: str = field(repr=False)
    origin: str  # "machine", "edited" or "own"
    said_by: str
    sources: tuple[Source, ...]
    gone: int  # sources that are struck out or not there any more
    flags: tuple[str, ...]  # sentences for the therapist
    accepted_by: str
    changed: str  # by whom and when; "" where nobody touched it
    drafted: str = field(repr=False)  # what the machine wrote, where that is not what it says now
    editable: bool
    goals: tuple[GoalRow, ...] = field(default=(), repr=False)

    @property
    def is_open(self) -> bool:
        return bool(self.flags) and not self.accepted_by


@dataclass(frozen=True, slots=True)
class HeadingRow:
    """A section, or the key points (no name)."""

    name: str
    title: str
    belongs: str
    prompt: str
    sentences: tuple[SentenceRow, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MentionRow:
    title: str
    says: str
    source: Source


@dataclass(frozen=True, slots=True)
class TakenOut:
    sentence_id: int
    text: str = field(repr=False)
    by: str


@dataclass(frozen=True, slots=True)
class FormatChoice:
    name: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class NotePanel:
    template: ClassVar[str] = "_note.html"
    session_id: str
    editable: bool
    version: str  # of what is shown; the session's events name the one that stands
    drafted: str  # by which drafter, on what, when; "" while nothing is drafted
    limits: str
    notices: tuple[str, ...]
    waiting: str  # a sentence on open flags; "" where there are none
    headings: tuple[HeadingRow, ...] = field(repr=False)
    mentions: tuple[MentionRow, ...]
    taken_out: tuple[TakenOut, ...] = field(repr=False)
    formats: tuple[FormatChoice, ...]


@dataclass(frozen=True, slots=True)
class NotePage:
    """The same on a page of its own, for a browser without htmx."""

    template: ClassVar[str] = "note.html"
    panel: NotePanel


def note_panel(  # noqa: PLR0913  the panel has that many sides
    session_id: str,
    opened: OpenNote | None,
    formats: Mapping[str, NoteFormat],
    *,
    editable: bool,
    models: Sequence[str],
    version: str,
    now_ms: int,
    goals: Goals = Goals(),
) -> NotePanel:
    """Put the panel together. `models` heard the words; without a note it says that there is none yet."""
    rows = _Rows(session_id, opened, goals, editable=editable, now_ms=now_ms) if opened else None
    return NotePanel(
        session_id=session_id,
        editable=editable,
        version=version,
        drafted=_label(opened.note, models) if opened else "",
        limits=LIMITS,
        notices=opened.note.notices if opened else (),
        waiting=_waiting(opened.open_flags) if opened else "",
        headings=rows.headings() if rows else (),
        mentions=rows.mentions() if rows else (),
        taken_out=rows.taken_out() if rows else (),
        formats=_choices(formats, opened.note.format_name if opened else ""),
    )


class _Rows:
    def __init__(self, session_id: str, opened: OpenNote, goals: Goals, *, editable: bool, now_ms: int) -> None:
        self._session_id = session_id
        self._opened = opened
        self._goals = goals
        self._editable = editable
        self._now_ms = now_ms
        self._starts = {one.position: one.start_s for one in opened.transcript.utterances}
        self._roles = {sentence.sentence_id: sentence.said_by for sentence in opened.note.sentences}

    def headings(self) -> tuple[HeadingRow, ...]:
        points = HeadingRow("", "Key points", "", "", self._under(""))
        return (
            points,
            *(
                HeadingRow(one.name, one.name, one.belongs, one.prompt, self._under(one.name))
                for one in self._opened.note.headings
            ),
        )

    def mentions(self) -> tuple[MentionRow, ...]:
        return tuple(MentionRow(one.title, SAYS, self._source(one.position)) for one in self._opened.mentions)

    def taken_out(self) -> tuple[TakenOut, ...]:
        return tuple(self._taken_out(one) for one in self._opened.taken_out)

    def sentence(self, standing: Standing) -> SentenceRow:
        changed = f"{standing.author}, {lately(standing.changed_at_ms, self._now_ms)}" if standing.author else ""
        return SentenceRow(
            session_id=self._session_id,
            sentence_id=standing.sentence_id,
            text=standing.text,
            origin=standing.origin,
            said_by=_ROLES[self._roles[standing.sentence_id]] if standing.origin == "machine" else "",
            sources=tuple(self._source(line) for line in standing.lines if line not in standing.gone),
            gone=len(standing.gone),
            flags=tuple(flag.says for flag in standing.flags),
            accepted_by=standing.accepted_by,
            changed=changed,
            drafted=standing.drafted if standing.origin == "edited" else "",
            editable=self._editable,
            goals=self._goals_of(standing),
        )

    def _goals_of(self, standing: Standing) -> tuple[GoalRow, ...]:
        linked = self._goals.by_sentence.get(standing.sentence_id, ())
        near = suggested([standing.text], self._goals.plan)
        in_order = dict.fromkeys((*linked, *near, *self._goals.plan))
        return tuple(GoalRow(goal, goal in linked, goal in near and goal not in linked) for goal in in_order)

    def _under(self, heading: str) -> tuple[SentenceRow, ...]:
        return tuple(self.sentence(one) for one in self._opened.standing if one.heading == heading)

    def _source(self, line: int) -> Source:
        return Source(line, clock(round(self._starts.get(line, 0) * 1000)))

    def _taken_out(self, sentence: NoteSentence) -> TakenOut:
        last = sentence.changes[-1]
        return TakenOut(
            sentence.sentence_id, sentence.text, f"{last.author}, {lately(last.changed_at_ms, self._now_ms)}"
        )


def _label(note: Note, models: Sequence[str]) -> str:
    """Say which drafter, of which version and weights, on whose words, when."""
    name = "the extractive drafter" if note.drafter == "extractive" else f"the language model {note.drafter}"
    weights = f", weights {note.model_sha256[:12]}" if note.model_sha256 else ""
    heard = f" on words heard by {', '.join(models)}" if models else ""
    return f"Draft by {name} {note.version}{weights}{heard}, {moment(note.drafted_at_ms)}."


def _waiting(flags: int) -> str:
    if not flags:
        return ""
    verb = "needs" if flags == 1 else "need"
    return f"{counted(flags, 'sentence')} {verb} you before the session can be approved."


def _choices(formats: Mapping[str, NoteFormat], chosen: str) -> tuple[FormatChoice, ...]:
    return tuple(FormatChoice(name, one.title, name == chosen) for name, one in formats.items())
