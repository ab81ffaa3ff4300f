"""The chain of an audit trail. Pure.

Each event carries a SHA-256 over itself and the hash before it, as the leaves of RFC 6962 commit to their past. Whoever
edits, removes, adds or reorders a row breaks the chain from there on. A cut tail breaks nothing: that is found by the
head (count and hash) that was kept elsewhere, on paper or in the box's own trail.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

ACTION = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*")
ID = re.compile(r"[0-9a-f-]{1,64}|[0-9]{1,18}|")
BOX = "box"  # the actor of what the box does by itself


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what to which id. Holds no name and nothing that anybody said."""

    seq: int  # counts from 1 within its trail
    at_ms: int  # UTC epoch; a label, the order is seq's
    actor: str  # a vault's id, or BOX
    browser: str  # which sign-in it was, "" outside of one; tells two browsers of one person apart
    action: str  # "session.opened"
    subject: str  # the id of what it was done to, "" where there is none
    hash: str = ""  # 64 hex digits


@dataclass(frozen=True, slots=True)
class Head:
    """Where a trail ends: worth keeping elsewhere, since it proves everything before it."""

    events: int
    hash: str

    def __str__(self) -> str:
        return f"{self.events}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Broken:
    """What does not hold, and from which event on."""

    seq: int
    why: str


def origin(trail_id: str) -> str:
    """The hash before the first event; another trail's events do not fit behind it."""
    return sha256(f"tacet audit 1\0{trail_id}".encode()).hexdigest()


def sealed(event: Event, before: str) -> Event:
    """Give the event its hash. Raises ValueError for anything that could hold a name or speech."""
    if not ACTION.fullmatch(event.action):
        raise ValueError("an action is written noun.verb, in small letters")
    if not all(ID.fullmatch(one) for one in (event.subject, event.browser)) or not (
        event.actor == BOX or ID.fullmatch(event.actor)
    ):
        raise ValueError("an event holds ids, nothing else")
    return replace(event, hash=_hash(event, before))


def broken_at(events: Iterable[Event], trail_id: str, kept: Head | None = None) -> Broken | None:
    """The first place where the trail was tampered with; None when all of it holds.

    Args:
        events: All of the trail, in order.
        trail_id: What `origin` was given.
        kept: A head that was kept elsewhere. The trail has to lead through it.
    """
    before, expected = origin(trail_id), 1
    heads = {0: before}
    for event in events:
        if event.seq != expected:
            return Broken(expected, f"event {expected} is missing or out of order")
        if event.hash != _hash(event, before):
            return Broken(expected, f"event {expected} is not what was written")
        before = event.hash
        if kept and expected == kept.events:
            heads[expected] = before
        expected += 1
    if kept is None or heads.get(kept.events) == kept.hash:
        return None
    if kept.events >= expected:
        return Broken(expected, f"the trail ends after event {expected - 1}; it had {kept.events} events before")
    return Broken(kept.events, f"event {kept.events} is not the one whose hash was kept")


def read_head(text: str) -> Head:
    """Read a head as it is printed: "events:hash". Raises ValueError when it is not one."""
    count, _, hashed = "".join(text.split()).lower().partition(":")
    if not count.isdecimal() or not re.fullmatch("[0-9a-f]{64}", hashed):
        raise ValueError("a head is written as a number, a colon and 64 hex digits")
    return Head(int(count), hashed)


def _hash(event: Event, before: str) -> str:
    fields = [before, event.seq, event.at_ms, event.actor, event.browser, event.action, event.subject]
    return sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()
