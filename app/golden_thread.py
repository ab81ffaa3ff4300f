"""From a goal of the client's plan to the sessions that serve it, and to the places where it was said.

Handles speech in clear. The words of a sentence are shown once its session is approved; of a draft only that something
stands linked there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.notes.goals import goals_of
from app.review.released_note import covered_sentences
from app.vault.goals import LinkedNote
from app.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence that serves a goal, and where its source begins."""

    text: str = field(repr=False)  # "" while it is a draft
    line: int | None  # of the transcript; None where it rests on none
    start_ms: int


@dataclass(frozen=True, slots=True)
class ServingSession:
    session_id: str
    started_at_ms: int  # UTC epoch
    approved: bool
    spans: tuple[Span, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Thread:
    goal: str = field(repr=False)
    stands: bool  # whether the plan still has it in these words
    sessions: tuple[ServingSession, ...] = field(repr=False)  # newest first


def threads_of(vault: Vault, client_id: str) -> tuple[Thread, ...]:
    """Give a thread for each goal of the plan, in its order, and for those that are linked and not in it any more.

    Raises:
        NoSuchClient: It is not there.
    """
    plan = goals_of(vault.clients.get(client_id).details.goals)
    notes = vault.goals.of_client(client_id)
    linked = {goal for note in notes for goals in note.goals.values() for goal in goals}
    goals = [*((goal, True) for goal in plan), *((goal, False) for goal in sorted(linked - set(plan)))]
    return tuple(Thread(goal, stands, tuple(_serving(goal, notes))) for goal, stands in goals)


def _serving(goal: str, notes: Sequence[LinkedNote]) -> Iterator[ServingSession]:
    for note in notes:
        spans = tuple(_spans(goal, note))
        if spans:
            head = note.parts.row.head
            yield ServingSession(head.session_id, head.started_at_ms, note.parts.approved, spans)


def _spans(goal: str, note: LinkedNote) -> Iterator[Span]:
    for one in covered_sentences(note.parts):
        if goal in note.goals.get(one.sentence_id, ()):
            line = one.lines[0] if one.lines else None
            start_ms = note.parts.starts_ms.get(line, 0) if line is not None else 0
            yield Span(one.text if note.parts.approved else "", line, start_ms)
