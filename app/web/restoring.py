"""Putting a backup back into a box that nobody has set up. Whoever has the box's code may, or clinic IT signed in."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import anyio
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.restore_state import Offer, Stage, ask_for_restore, is_under_way, read_restore_state
from app.web.audited import add_box_event, unaudited
from app.web.desk import Desk, NotSignedIn, TheDesk, show, show_part
from app.web.guessing import TooSoon
from app.web.it_signed_in import it_watching
from app.web.setup import SETUP_GUESSES, WRONG_FIRST_CODE
from app.web.wording import counted, moment

router = APIRouter(prefix="/restore")

NOT_THERE = "That backup is not there any more. Plug its stick in and choose again."
GIGABYTE, MEGABYTE = 1_000_000_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    offer_id: str
    name: str  # of the box, and when
    holds: str


@dataclass(frozen=True, slots=True)
class RestoreView:
    """What there is to put back, or how far it is; a fragment that asks whether that has changed."""

    template: ClassVar[str] = "_restore.html"
    stage: str  # "nobody looks", or one of Stage
    choices: tuple[Choice, ...] = ()
    chosen: str = ""
    done: int = 0
    of: int = 0
    problem: str = ""
    code_problem: str = ""
    asks_for_code: bool = True

    @property
    def seen(self) -> str:
        """Stands for what is shown, so that a page on which nothing has changed keeps what was typed."""
        return (
            f"{self.stage}-{len(self.problem)}-{self.done}-{self.of}-{'.'.join(one.offer_id for one in self.choices)}"
        )


@dataclass(frozen=True, slots=True)
class RestorePage:
    template: ClassVar[str] = "restore.html"
    now: RestoreView


@router.get("", dependencies=[unaudited("shows what lies on sticks, and nothing clinical")])
def restore_page(request: Request, desk: TheDesk) -> Response:
    if desk.vaults.accounts():
        return RedirectResponse("/", 303)
    return show(request, RestorePage(_view(request, desk)))


@router.get("/now", dependencies=[unaudited("shows what lies on sticks, and nothing clinical")])
def restore_now(request: Request, desk: TheDesk, seen: str = "") -> Response:
    if desk.vaults.accounts():
        return Response(status_code=204, headers={"HX-Redirect": "/"})
    view = _view(request, desk)
    return Response(status_code=204) if view.seen == seen else show_part(request, view)


@router.post("", dependencies=[unaudited("adds its event itself: it is the box's")])
async def restore(
    request: Request, desk: TheDesk, offer: Annotated[str, Form()] = "", code: Annotated[str, Form()] = ""
) -> Response:
    async with desk.one_passphrase:  # keeps it apart from somebody who sets the box up
        if desk.vaults.accounts():
            return RedirectResponse("/", 303)
        problem = await _refused(request, desk, code)
        if problem:
            return show(request, RestorePage(_view(request, desk, offer, code_problem=problem)), status=422)
        state = read_restore_state(desk.settings.data_dir)
        if state is None or offer not in {one.offer_id for one in state.offers}:
            return show(request, RestorePage(_view(request, desk, problem=NOT_THERE)), status=422)
        await anyio.to_thread.run_sync(add_box_event, desk, "restore.asked")
        await anyio.to_thread.run_sync(ask_for_restore, desk.settings.data_dir, offer)
    return RedirectResponse("/restore", 303)


def _is_it(request: Request) -> bool:
    try:
        it_watching(request)
    except NotSignedIn:
        return False
    return True


async def _refused(request: Request, desk: Desk, code: str) -> str:
    """Why not; "" where it may be. Wrong codes count as where the box is set up."""
    if _is_it(request):
        return ""
    try:
        with desk.guesses.one(SETUP_GUESSES, known_browser=False) as guess:
            guess.right = await anyio.to_thread.run_sync(desk.invitations.role_of, code) is not None
    except TooSoon as error:
        return str(error)
    return "" if guess.right else WRONG_FIRST_CODE


def _view(request: Request, desk: Desk, chosen: str = "", *, problem: str = "", code_problem: str = "") -> RestoreView:
    data_dir = desk.settings.data_dir
    state = read_restore_state(data_dir)
    if state is None:
        return RestoreView("nobody looks")
    stage = Stage.COPYING if state.stage is Stage.LOOKING and is_under_way(data_dir) else state.stage
    if stage is not Stage.LOOKING:
        name = _name(state.chosen) if state.chosen else ""
        return RestoreView(stage, chosen=name, done=state.done, of=state.of)
    return RestoreView(
        stage,
        choices=tuple(_choice(one) for one in state.offers),
        chosen=chosen or (state.offers[0].offer_id if state.offers else ""),
        problem=problem or state.problem,
        code_problem=code_problem,
        asks_for_code=not _is_it(request),
    )


def _name(offer: Offer) -> str:
    return f"{offer.box or 'A box without a name'}, {moment(offer.made_at_ms)}"


def _choice(offer: Offer) -> Choice:
    vaults, recordings = counted(offer.vaults, "therapist"), counted(offer.recordings, "recording")
    return Choice(offer.offer_id, _name(offer), f"{vaults}, {recordings}, {_size(offer.size_bytes)}, in {offer.place}")


def _size(size_bytes: int) -> str:
    if size_bytes >= GIGABYTE:
        return f"{size_bytes / GIGABYTE:.1f} GB"
    return f"{max(1, round(size_bytes / MEGABYTE))} MB"
