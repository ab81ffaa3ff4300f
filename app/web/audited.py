"""Each route says beside itself what it adds to the audit; a route that says nothing is not served.

    @router.get("/sessions/{session_id}", dependencies=[audited("session.opened", "opened the session")])
    @router.get("/trust", dependencies=[unaudited("shows nothing of anybody")])

The event is durable before the route's own code runs: what cannot be kept is not shown, and an entry also stands where
the box then refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount

from app.audit.chain import ACTION, BOX
from app.vault.vault import Vault
from app.web.desk import Desk, SignedIn, visitor

_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}|[0-9]{1,18}")


class UnmappedRoute(Exception):
    """A route says not what it adds to the audit. A mistake of whoever wrote it; the app does not start."""


@dataclass(frozen=True)
class Audited:
    """Adds exactly one event to the trail of the vault that is signed in; nothing where nobody is."""

    action: str
    words: str  # after a name: "opened the session"
    subject: str  # the path parameter that holds its id

    def __call__(self, request: Request) -> None:
        person = visitor(request, touch=False)
        if person is None or person.sign_in.recovery_code is not None:
            return  # the route itself refuses
        add_event(person, self.action, request.path_params.get(self.subject, ""))


@dataclass(frozen=True)
class Unaudited:
    """Adds nothing by itself, for a reason."""

    reason: str

    def __call__(self) -> None:
        return


def audited(action: str, words: str, subject: str = "session_id") -> Any:
    """Map a route that shows or changes clinical data to its event.

    Args:
        action: noun.verb, "session.opened".
        words: The same for people, as it reads after a name.
        subject: The path parameter with the id of what it is about; "" or one that is not there: no id.
    """
    if not ACTION.fullmatch(action):
        raise ValueError("an action is written noun.verb, in small letters")
    return Depends(Audited(action, words, subject))


def unaudited(reason: str) -> Any:
    """Map a route that shows and changes nothing clinical, or that adds its events itself; say why."""
    return Depends(Unaudited(reason))


def add_event(person: SignedIn, action: str, subject: str = "") -> None:
    """Add one event to this person's trail. Ids come from addresses, so what is none is left out."""
    kept = subject if _ID.fullmatch(subject) else ""
    person.vault.audit.add(person.vault.account.vault_id, action, kept, person.sign_in.browser)


def add_box_event(desk: Desk, action: str, actor: str = BOX, subject: str = "") -> None:
    """Add one event to the box's own trail, which clinic IT may read: ids only."""
    desk.record.audit.add(actor, action, subject)


def keep_head(desk: Desk, vault: Vault) -> None:
    """Keep where a vault's trail ends in the box's trail, so that a tail cut from one is missed in the other."""
    add_box_event(desk, "audit.head", vault.account.vault_id, vault.audit.head().hash)


@dataclass(frozen=True)
class Mapped:
    """A route and what it says of itself; it should say one thing."""

    path: str
    methods: frozenset[str]
    says: tuple[Audited | Unaudited, ...]


def mapped_routes(app: FastAPI) -> Iterator[Mapped]:
    """Every route of the page; folders of files that are the same for everybody are left out."""
    for found in iter_route_contexts(app.routes):
        route = found.original_route
        if isinstance(route, Mount):
            continue
        calls = [one.call for one in route.dependant.dependencies] if isinstance(route, APIRoute) else []
        says = tuple(call for call in calls if isinstance(call, Audited | Unaudited))
        yield Mapped(found.path or "", frozenset(getattr(route, "methods", None) or ()), says)


def words_for_actions(app: FastAPI) -> dict[str, str]:
    """Every action that routes add, in people's words."""
    said = (one for route in mapped_routes(app) for one in route.says)
    return {one.action: one.words for one in said if isinstance(one, Audited)}


def refuse_unmapped(app: FastAPI) -> None:
    """See that each route maps itself exactly once.

    Raises:
        UnmappedRoute: Names the route.
    """
    for route in mapped_routes(app):
        if len(route.says) != 1:
            raise UnmappedRoute(f"{route.path}: say once, by `audited` or `unaudited`, what it adds to the audit")
