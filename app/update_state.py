"""What clinic IT sees of updates from a server: the process that fetches them writes it, page and screen read it.

update/state.json   how far this one is, or how the last look went
"""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.durable import write_readable

FOLDER = "update"
_STATE_FILE = "state.json"


class Step(StrEnum):
    WAITING = "waiting"  # nobody has asked the server yet
    NEWEST = "newest"  # the server has nothing newer
    FETCHING = "fetching"
    FETCHED = "fetched"  # whole, and about to be installed
    REFUSED = "refused"  # not to be tried again
    FAILED = "failed"  # to be tried again


class UpdateState(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    step: Step = Step.WAITING
    server: str = ""  # as tacet.toml names it
    version: str = ""  # that the server has
    done_bytes: int = 0
    of_bytes: int = 0
    asked_at_ms: int = 0  # the last time that the server answered
    problem: str = ""  # a sentence, where it was refused or failed
    refused: tuple[str, ...] = ()  # versions that are not tried again


def read_update_state(data_dir: Path) -> UpdateState | None:
    """None where no server is named, or nothing can be read of it."""
    try:
        return UpdateState.model_validate_json((data_dir / FOLDER / _STATE_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def keep_update_state(data_dir: Path, state: UpdateState) -> None:
    """Raises OSError where the storage refused."""
    write_readable(data_dir / FOLDER / _STATE_FILE, state.model_dump_json().encode())
