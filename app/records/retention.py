"""What goes when. Pure: time, marks and holds come in, what is due comes out.

Three rules, each of which only ever keeps longer: a period counts from a moment that a clock seen to be right has
witnessed; a legal hold stops everything of its client; an untrusted clock erases nothing.
"""

from dataclasses import dataclass
from enum import StrEnum

DAY_MS = 24 * 3600 * 1000


class Part(StrEnum):
    SOUND = "sound"
    TEXT = "text"  # transcript, drafts, corrections: the whole session


class Reason(StrEnum):
    RETENTION = "retention"
    CLIENT_ERASED = "client_erased"
    CONSENT_WITHDRAWN = "consent_withdrawn"


@dataclass(frozen=True, slots=True)
class Rule:
    """How long things are kept. None: until somebody erases them."""

    audio_days: int | None = 7  # after approval
    text_days: int | None = None  # after approval; what was never approved, after the session's end


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as the rules see it. Marks are UTC epoch ms by a trusted clock, None where none has seen it yet."""

    session_id: str
    ended_mark_ms: int | None
    approved_mark_ms: int | None  # of the approval that stands
    sound_there: bool
    approved: bool
    rule: Rule
    held: bool
    sound_consented: bool = False  # the client agreed that the sound is kept


@dataclass(frozen=True, slots=True)
class Due:
    session_id: str
    part: Part
    at_ms: int  # UTC epoch


def schedule(kept: Kept) -> tuple[Due, ...]:
    """Everything that will go, and when, whether it is held or not."""
    found = []
    if kept.sound_there and kept.approved and kept.approved_mark_ms is not None and not kept.sound_consented:
        found += _after(kept, Part.SOUND, kept.approved_mark_ms, kept.rule.audio_days)
    text_mark_ms = kept.approved_mark_ms if kept.approved else kept.ended_mark_ms
    if text_mark_ms is not None:
        found += _after(kept, Part.TEXT, text_mark_ms, kept.rule.text_days)
    return tuple(sorted(found, key=lambda due: due.at_ms))


def due_now(kept: Kept, now_ms: int, *, clock_trusted: bool) -> tuple[Due, ...]:
    """What is to be erased at this moment; the sound is left out where the whole session goes anyway."""
    if kept.held or not clock_trusted:
        return ()
    due = [one for one in schedule(kept) if one.at_ms <= now_ms]
    whole = [one for one in due if one.part is Part.TEXT]
    return tuple(whole or due)


def _after(kept: Kept, part: Part, mark_ms: int, days: int | None) -> list[Due]:
    return [] if days is None else [Due(kept.session_id, part, mark_ms + days * DAY_MS)]
