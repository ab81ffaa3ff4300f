"""Who opened what: the vault's audit trail, for its owner, on the screen or on paper."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.audit.chain import BOX, Event
from app.vault.sessions import wall_clock_ms
from app.web.audited import audited, words_for_actions
from app.web.desk import Person, show
from app.web.wording import day, time_of_day

router = APIRouter(prefix="/account/events")

A_PAGE = 100
OWN_WORDS = {  # of events that no route adds
    "person.signed_in": "signed in",
    "account.created": "made this account",
    "passphrase.recovered": "signed in with the recovery code and chose a new passphrase",
    "second_step.recovered": "signed in with the recovery code in place of the second step",
    "session.heard_anew": "heard the session anew with the second model",
    "vault.locked": "locked the vault",
}


@dataclass(frozen=True, slots=True)
class EventRow:
    seq: int
    when: str
    day: str  # "" where it is the one of the row above
    who: str
    what: str
    session_id: str  # "" where it is about none
    browser: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    template: ClassVar[str] = "audit.html"
    rows: tuple[EventRow, ...]  # newest first
    older: int | None  # the first event of the next page
    events: int  # in all
    head: str  # events:hash, to be kept elsewhere
    broken: str  # what does not hold, "" where all does


@router.get("", dependencies=[audited("audit.read", "looked at who opened what")])
def events(request: Request, person: Person, before: int | None = None) -> Response:
    trail = person.vault.audit
    found, broken, head = trail.latest(A_PAGE, before), trail.verify(), trail.head()
    words = words_for_actions(request.app) | OWN_WORDS
    page = AuditPage(
        rows=_rows(found, words, person.name),
        older=found[-1].seq if found and found[-1].seq > 1 else None,
        events=head.events,
        head=str(head),
        broken=f"This trail was changed: {broken.why}." if broken else "",
    )
    return show(request, page, here="account")


def _rows(found: list[Event], words: dict[str, str], name: str) -> tuple[EventRow, ...]:
    rows, last, now_ms = [], "", wall_clock_ms()
    for event in found:
        date = day(event.at_ms, now_ms)
        rows.append(
            EventRow(
                seq=event.seq,
                when=time_of_day(event.at_ms),
                day=date if date != last else "",
                who="The box" if event.actor == BOX else name,
                what=words.get(event.action, event.action.replace(".", " ").replace("_", " ")),
                session_id=event.subject,
                browser=event.browser,
            )
        )
        last = date
    return tuple(rows)
