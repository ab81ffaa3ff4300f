"""What is to be done before a transcript is approved, and what was done: the five duties, and the queue of places."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from app.domain import Addendum, Mark, MarkKind
from app.noting import note_of
from app.review import ATTESTATION
from app.review.duties import Done, done_for, was_heard
from app.review.places import Place
from app.review.released_note import KEY_POINTS
from app.vault.vault import Vault
from app.web.desk import Desk, SignedIn
from app.web.opened import Opened
from app.web.standing import Standing, standing
from app.web.timeline import doubt_ticks
from app.web.transcript import Doubts, doubts
from app.web.wording import clock, counted, moment, time_of_day

SHOWN_PLACES = 8  # the others come up as these are done

# What another concern can tell beside a duty, by the duty's name: (vault, session id) -> a short sentence, "" for none.
DUTY_FACTS: dict[str, Callable[[Vault, str], str]] = {}


@dataclass(frozen=True, slots=True)
class QueuedPlace:
    place: Place = field(repr=False)
    heard: bool

    @property
    def at(self) -> str:
        return clock(self.place.start_ms)

    @property
    def why(self) -> str:
        return ", ".join(reason.value for reason in self.place.reasons[:2])


@dataclass(frozen=True, slots=True)
class FlaggedRow:
    """A sentence of the note that is flagged and not settled."""

    sentence_id: int
    heading: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DutyRow:
    name: str
    asks: str
    told: str  # what was actually done
    met: bool  # as far as a machine can count


@dataclass(frozen=True, slots=True)
class Fact:
    term: str
    told: str


@dataclass(frozen=True, slots=True)
class Said:
    """An addendum as the page shows it."""

    text: str = field(repr=False)
    by: str


@dataclass(frozen=True, slots=True)
class ReviewPanel:
    """What is to be done with the transcript, and what was done."""

    template: ClassVar[str] = "_review.html"
    session_id: str
    standing: Standing
    doubts: Doubts
    drawn_doubts: str  # where they are on the timeline, path data
    queue: tuple[QueuedPlace, ...]
    waiting: int  # places of the queue that are not shown yet
    duties: tuple[DutyRow, ...]
    unkept: str  # a sentence about lines that somebody is still typing, "" for none
    flagged: tuple[FlaggedRow, ...]  # sentences of the note that keep it from being approved
    withheld: tuple[Mark, ...]
    attestation: str
    approved: str  # by whom and when, "" for a draft
    done: str  # what had been done when it was approved
    fingerprint: str  # the first digits of the hash over the approved content
    intact: bool
    addenda: tuple[Said, ...]
    live: tuple[Fact, ...]  # what is known while the session goes on


def review_panel(desk: Desk, person: SignedIn, opened: Opened) -> ReviewPanel:
    approval, session_id = opened.approval, opened.session_id
    waiting = opened.open_places
    return ReviewPanel(
        session_id=session_id,
        standing=standing(opened.row, desk.pipeline, opened.models),
        doubts=doubts(opened),
        drawn_doubts=doubt_ticks(waiting, opened.row.duration_ms),
        queue=tuple(QueuedPlace(place, was_heard(place, opened.listening)) for place in waiting[:SHOWN_PLACES]),
        waiting=max(0, len(waiting) - SHOWN_PLACES),
        duties=_duties(person.vault, opened) if opened.editable else (),
        unkept=_unkept(person, session_id) if opened.editable else "",
        flagged=_flagged(opened) if opened.editable else (),
        withheld=tuple(mark for mark in opened.marks if mark.kind is MarkKind.REDACTED),
        attestation=ATTESTATION,
        approved=f"{approval.approved_by}, {moment(approval.approved_at_ms)}" if approval else "",
        done=done_sentence(Done(**json.loads(approval.done))) if approval and approval.done else "",
        fingerprint=approval.content_hash[:12] if approval else "",
        intact=opened.intact,
        addenda=tuple(map(_said, person.vault.reviews.addenda(session_id))) if approval else (),
        live=_live(opened) if opened.live else (),
    )


def _live(opened: Opened) -> tuple[Fact, ...]:
    """A recording begins with a press that gives consent, and in no other way."""
    pauses = len(opened.pauses)
    return (
        Fact("Consent", f"given at the button, {time_of_day(opened.row.head.started_at_ms)}"),
        Fact("Off the record", counted(pauses, "time") if pauses else "not so far"),
        Fact("Written down", counted(opened.row.words, "word")),
    )


def done_sentence(done: Done) -> str:
    """Say in one line what was done."""
    places = f"{done.places_right} of {counted(done.places, 'doubtful place')} found right"
    return f"{done.heard_percent} % listened to, {places}, {counted(done.lines_edited, 'line')} changed."


def _duties(vault: Vault, opened: Opened) -> tuple[DutyRow, ...]:
    done = done_for(opened.row.duration_ms, opened.marks, opened.listening, opened.lines, opened.places)
    places = f"{done.places_right} of {counted(done.places, 'place')} found right, {done.places_heard} heard. "
    beside = f"{counted(done.context_notes, 'note')} beside lines, {counted(done.redactions, 'name')} withheld."
    rows = (
        ("transcript", "Verify the transcript", f"{places}{done.heard_percent} % listened to.", not done.places_open),
        ("summary", "Check that the summary holds the key points", "", False),
        ("judgement", "Write the assessment yourself", "", False),
        ("context", "Add what a machine misses: silence, tone, gesture", beside, done.context_notes > 0),
        ("errors", "Put right what is wrong", f"{counted(done.lines_edited, 'line')} changed.", done.lines_edited > 0),
    )
    return tuple(DutyRow(name, asks, told or _fact(vault, opened, name), met) for name, asks, told, met in rows)


def _fact(vault: Vault, opened: Opened, duty: str) -> str:
    return DUTY_FACTS[duty](vault, opened.session_id) if duty in DUTY_FACTS else ""


def _flagged(opened: Opened) -> tuple[FlaggedRow, ...]:
    note = note_of(opened.content)
    return tuple(
        FlaggedRow(one.sentence_id, one.heading or KEY_POINTS, one.text)
        for one in (note.standing if note else ())
        if one.is_open
    )


def _unkept(person: SignedIn, session_id: str) -> str:
    """Words that stand in an open line are nobody's yet: they are neither in the transcript nor lost."""
    unkept = person.vault.reviews.unkept(session_id)
    if not unkept:
        return ""
    return f"{counted(len(unkept), 'line')} still open, with words that are not kept yet."


def _said(addendum: Addendum) -> Said:
    return Said(addendum.text, f"{addendum.author}, {moment(addendum.added_at_ms)}")
