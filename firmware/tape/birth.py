"""How a tape comes into being: in one step, with its complete head, locked by its writer."""

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from firmware.tape.durable import ERASABLE_FILE, SHARED_FOLDER, sync_folder, write_all
from firmware.tape.head import HEAD_NAME

RESERVE_NAME = "reserve"
RESERVE_BYTES = 65536  # a fault, a consent event and the close, each in a segment of its own, with room to spare
_UNBORN_SUFFIX = ".unborn"


def give_birth(tapes_dir: Path, session_id: str, head: bytes) -> int:
    """Makes `tapes_dir/session_id` and returns the descriptor that holds the writer's lock on its head.

    The folder is filled and synced under another name and then renamed, so that no process ever sees a tape without its
    head or without its writer's lock. Only the recorder calls this, and it makes one tape at a time.

    Raises:
        OSError: there is no new tape, and nothing is left of it (or the next call removes it).
    """
    tapes_dir.mkdir(mode=SHARED_FOLDER, parents=True, exist_ok=True)
    _remove_unborn(tapes_dir)
    unborn = tapes_dir / f".{session_id}{_UNBORN_SUFFIX}"
    unborn.mkdir(mode=SHARED_FOLDER)
    try:
        fd = _write_locked(unborn / HEAD_NAME, head)
        try:
            _set_space_aside(unborn / RESERVE_NAME)
            sync_folder(unborn)
            unborn.rename(tapes_dir / session_id)
            sync_folder(tapes_dir)
        except OSError:
            os.close(fd)
            raise
    except OSError:
        shutil.rmtree(unborn, ignore_errors=True)
        raise
    return fd


def _write_locked(path: Path, content: bytes) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, ERASABLE_FILE)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        write_all(fd, content)
        os.fsync(fd)
    except OSError:
        os.close(fd)
        raise
    return fd


def _set_space_aside(path: Path) -> None:
    """Space that a full disk gives back, so that a tape can still be closed properly."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, RESERVE_BYTES)
        os.fsync(fd)
    finally:
        os.close(fd)


def give_back_space(folder: Path) -> None:
    with suppress(OSError):
        (folder / RESERVE_NAME).unlink(missing_ok=True)
        sync_folder(folder)


def _remove_unborn(tapes_dir: Path) -> None:
    for leftover in tapes_dir.glob(f".*{_UNBORN_SUFFIX}"):
        shutil.rmtree(leftover, ignore_errors=True)
