"""What clinic IT sees of backups: the process that makes them writes it, the page reads it and asks for one.

backup/state.json   how the last one went, or how far this one is
/now          there while somebody has asked for one at once
"""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.durable import make_private_folder, write_private

_STATE_FILE = "state.json"
_NOW_FILE = "now"


class Stage(StrEnum):
    WAITING = "waiting"  # none was made yet
    COPYING = "copying"
    DONE = "done"
    FAILED = "failed"


class BackupState(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage = Stage.WAITING
    to: str = ""  # where they lie
    at: str = ""  # when they are made, "02:00"
    horizon_days: int = Field(default=30, ge=1)  # what was erased is gone from them after so long
    done: int = 0  # files, of this one
    of: int = 0
    tried_at_ms: int = 0
    made_at_ms: int = 0  # the last one that was finished, 0 for none
    files: int = 0  # in that one
    problem: str = ""  # a sentence, where the last try failed


def read_backup_state(data_dir: Path) -> BackupState | None:
    """None where no backups are set up, or nothing can be read of them."""
    try:
        return BackupState.model_validate_json((data_dir / "backup" / _STATE_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def keep_backup_state(data_dir: Path, state: BackupState) -> None:
    """Raises OSError where the storage refused."""
    make_private_folder(data_dir / "backup")
    write_private(data_dir / "backup" / _STATE_FILE, state.model_dump_json().encode())


def ask_for_backup(data_dir: Path) -> None:
    """Raises OSError where the storage refused."""
    make_private_folder(data_dir / "backup")
    write_private(data_dir / "backup" / _NOW_FILE, b"")


def was_asked(data_dir: Path) -> bool:
    return (data_dir / "backup" / _NOW_FILE).exists()


def take_request(data_dir: Path) -> None:
    (data_dir / "backup" / _NOW_FILE).unlink(missing_ok=True)
