"""Withdrawn sessions: what is to be erased, and what was; neither ever says more than when and how much.

One small JSON file a session in `tapes_dir/withdrawn`. It is written before the first byte of the tape is destroyed, so
that whoever starts after a kill finishes the work, and completed when nothing of the tape is left. The app takes it
into the therapist's vault, once that is open, and then lets go of the file.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from firmware.tape.durable import READABLE_FILE, SHARED_FOLDER, sync_folder, write_all
from firmware.tape.errors import TapeFailed
from firmware.tape.folder import erase_tape, finish_erasing
from firmware.tape.head import is_session_id

FOLDER_NAME = "withdrawn"


class AskedBy(StrEnum):
    BUTTON = "button"
    PAGE = "page"
    RETENTION = "retention"  # its time was over
    CLIENT = "client"  # all that was held about the client was erased


@dataclass(frozen=True, slots=True)
class Withdrawal:
    session_id: str
    key_id: str  # whose vault may know words of it
    asked_by: AskedBy
    asked_at_ms: int  # UTC epoch, a label
    clock_trusted: bool
    samples: int  # how much was recorded (frames, a channel)
    sample_rate_hz: int
    erased_at_ms: int | None = None  # None: not all of the tape is gone yet


def withdraw_tape(tapes_dir: Path, withdrawal: Withdrawal, now_ms: Callable[[], int]) -> Withdrawal:
    """Erases the session's tape, key first, and returns the completed withdrawal, which is on the disk. Any process.

    Killed at any step after its first file was written, `finish_withdrawals` or another call ends it. A disk that is
    too full even for that file does not keep the tape from being erased: that makes the room.

    Raises:
        TapeFailed: the disk refused; call again.
    """
    note_withdrawal(tapes_dir, withdrawal)
    erase_tape(tapes_dir / withdrawal.session_id)
    erased = replace(withdrawal, erased_at_ms=now_ms())
    try:
        _write(tapes_dir, erased)
    except OSError as error:
        raise TapeFailed("The receipt of an erased recording could not be stored; check the disk.") from error
    return erased


def note_withdrawal(tapes_dir: Path, withdrawal: Withdrawal) -> None:
    """Begins a withdrawal: from now on no kill keeps the tape. Does nothing where the disk has no room for it."""
    with suppress(OSError):
        _write(tapes_dir, withdrawal)


def finish_withdrawals(tapes_dir: Path, now_ms: Callable[[], int]) -> tuple[str, ...]:
    """Ends what a kill interrupted, and returns the session ids. Call it when a process starts; raises TapeFailed."""
    for draft in (tapes_dir / FOLDER_NAME).glob("*.[0-9]*"):
        draft.unlink(missing_ok=True)
    pending = [withdrawal for withdrawal in list_withdrawals(tapes_dir) if withdrawal.erased_at_ms is None]
    for withdrawal in pending:
        withdraw_tape(tapes_dir, withdrawal, now_ms)
    return (*(withdrawal.session_id for withdrawal in pending), *finish_erasing(tapes_dir))


def list_withdrawals(tapes_dir: Path) -> list[Withdrawal]:
    """Every withdrawal that no vault has taken in yet, begun or complete."""
    try:
        paths = sorted((tapes_dir / FOLDER_NAME).glob("*.json"))
    except OSError:
        return []
    found = (_read(path) for path in paths)
    return [withdrawal for withdrawal in found if withdrawal is not None]


def forget_withdrawal(tapes_dir: Path, session_id: str) -> None:
    """Lets go of the file, once its content is kept elsewhere. Idempotent; raises OSError."""
    path = _path(tapes_dir, session_id)
    if path.exists():
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def _read(path: Path) -> Withdrawal | None:
    try:
        withdrawal = Withdrawal(**json.loads(path.read_text(encoding="utf-8")))
        return replace(withdrawal, asked_by=AskedBy(withdrawal.asked_by)) if _is_plausible(withdrawal) else None
    except (OSError, ValueError, TypeError):
        return None


def _is_plausible(withdrawal: Withdrawal) -> bool:
    """A file names the folder that is erased: it must not name another place."""
    return is_session_id(withdrawal.session_id) and withdrawal.sample_rate_hz > 0


def _write(tapes_dir: Path, withdrawal: Withdrawal) -> None:
    path = _path(tapes_dir, withdrawal.session_id)
    if not path.parent.is_dir():
        path.parent.mkdir(mode=SHARED_FOLDER, parents=True, exist_ok=True)
        sync_folder(tapes_dir)
    draft = path.with_suffix(f".{os.getpid()}")  # recorder and app may be at it at the same time
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, READABLE_FILE)
    try:
        write_all(fd, json.dumps(asdict(withdrawal)).encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    draft.replace(path)
    sync_folder(path.parent)


def _path(tapes_dir: Path, session_id: str) -> Path:
    return tapes_dir / FOLDER_NAME / f"{session_id}.json"
