"""All sessions: the whole list, newest first, a page at a time. Today shows only what waits."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.domain import SessionState
from app.web.audited import audited
from app.web.compressing import compressed
from app.web.desk import Person, TheDesk, show
from app.web.today import Entry, entry_of
from app.web.wording import counted, moment

PAGE = 50

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Erased:
    """A session that was erased, of which only the receipt is left."""

    session_id: str
    when: str


@dataclass(frozen=True, slots=True)
class AllSessionsPage:
    template: ClassVar[str] = "all_sessions.html"
    entries: tuple[Entry, ...]
    count: str
    newer: int | None  # where the page of newer ones begins, None for none
    older: int | None
    erased: tuple[Erased, ...]  # newest first, on the first page


@router.get("/sessions", dependencies=[audited("sessions.listed", "listed all sessions")])
def all_sessions(
    request: Request, desk: TheDesk, person: Person, begin: Annotated[int, Query(alias="from", ge=0, le=10**6)] = 0
) -> Response:
    found = person.vault.sessions.page(frozenset(SessionState), PAGE, oldest_first=False, offset=begin)
    erased = [] if begin else person.vault.erasures.receipts()
    page = AllSessionsPage(
        entries=tuple(entry_of(row, desk) for row in found.rows),
        count=counted(found.total, "session"),
        newer=max(0, begin - PAGE) if begin else None,
        older=begin + PAGE if begin + PAGE < found.total else None,
        erased=tuple(Erased(one.session_id, moment(one.asked_at_ms)) for one in erased),
    )
    return compressed(request, show(request, page, here="sessions"))
