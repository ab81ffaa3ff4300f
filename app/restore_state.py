"""Putting a backup back into a box that nobody has set up: what its process tells the page, and the page asks of it.

backup/restore.json      what was found on sticks, how far it is, what went wrong; there while the box is empty
      /restore-this      which backup somebody has chosen: from then on nobody sets the box up
      /restore-ready     its files were checked and lie beside their places; the app takes them in when it starts
"""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.durable import make_private_folder, sync_folder, write_private

FOLDER = "backup"
_STATE_FILE = "restore.json"
_ASKED_FILE = "restore-this"
_READY_FILE = "restore-ready"


class Stage(StrEnum):
    LOOKING = "looking"  # for sticks; somebody has to choose
    COPYING = "copying"
    READY = "ready"  # for the app to take in


class Offer(BaseModel):
    """A backup that was found. Its names were written by whoever had the stick."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offer_id: str
    box: str  # whose, "" where it does not say
    made_at_ms: int
    vaults: int
    recordings: int
    size_bytes: int
    place: str  # the folder that it lies in


class RestoreState(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Stage = Stage.LOOKING
    offers: tuple[Offer, ...] = ()  # newest first
    chosen: Offer | None = None  # while it is copied
    done: int = 0  # files
    of: int = 0
    problem: str = ""  # a sentence, where the last try failed; nothing was put in place


def read_restore_state(data_dir: Path) -> RestoreState | None:
    """None where nobody looks for backups: the box is in use, or not made from the image."""
    try:
        return RestoreState.model_validate_json((data_dir / FOLDER / _STATE_FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def keep_restore_state(data_dir: Path, state: RestoreState) -> None:
    """Raises OSError where the storage refused."""
    make_private_folder(data_dir / FOLDER)
    write_private(data_dir / FOLDER / _STATE_FILE, state.model_dump_json().encode())


def ask_for_restore(data_dir: Path, offer_id: str) -> None:
    """Raises OSError where the storage refused."""
    make_private_folder(data_dir / FOLDER)
    write_private(data_dir / FOLDER / _ASKED_FILE, offer_id.encode())


def asked_for(data_dir: Path) -> str | None:
    try:
        return (data_dir / FOLDER / _ASKED_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def is_ready(data_dir: Path) -> bool:
    return (data_dir / FOLDER / _READY_FILE).exists()


def is_under_way(data_dir: Path) -> bool:
    """Whether a backup was chosen and is not in place yet: then nobody may set the box up."""
    return asked_for(data_dir) is not None or is_ready(data_dir)


def say_ready(data_dir: Path) -> None:
    """From here on the backup is put in place, whatever happens. Raises OSError."""
    write_private(data_dir / FOLDER / _READY_FILE, b"")


def take_back_request(data_dir: Path) -> None:
    _drop(data_dir, _ASKED_FILE)


def forget_restore(data_dir: Path) -> None:
    """All is in place, or nobody looks any more. The sign that it is ready goes last."""
    for name in (_STATE_FILE, _ASKED_FILE, _READY_FILE):
        _drop(data_dir, name)


def _drop(data_dir: Path, name: str) -> None:
    path = data_dir / FOLDER / name
    if path.exists():
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
