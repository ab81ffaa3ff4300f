"""Clinic IT's look at updates from the clinic's server."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, assert_never

from app.update_state import Step, UpdateState, read_update_state
from app.web.wording import moment

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class UpdatesView:
    template: ClassVar[str] = "_updates.html"
    server: str  # "" where none is named
    sentences: tuple[str, ...] = ()
    problem: str = ""


def updates_view(data_dir: Path) -> UpdatesView:
    state = read_update_state(data_dir)
    if state is None:
        return UpdatesView(server="")
    asked = f"It answered last on {moment(state.asked_at_ms)}." if state.asked_at_ms else "It was not asked yet."
    sentences = tuple(sentence for sentence in (asked, _doing(state)) if sentence)
    return UpdatesView(state.server, sentences, state.problem)


def _doing(state: UpdateState) -> str:
    match state.step:
        case Step.NEWEST:
            return "There is nothing newer than what runs here."
        case Step.FETCHING:
            there, whole = state.done_bytes // _MEGABYTE, state.of_bytes // _MEGABYTE
            return f"Version {state.version} is being fetched: {there} of {whole} MB."
        case Step.FETCHED:
            return f"Version {state.version} is here. It is installed and started once no session goes on."
        case Step.REFUSED:
            return f"Version {state.version} is not tried again on this box."
        case Step.WAITING | Step.FAILED:
            return ""
        case _:
            assert_never(state.step)
