"""Copies a running box without keys and without stopping it.

Never within the app's own process: file locks belong to a process, so closing a file here would let go of SQLite's.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from app.vault.copies import SUFFIX as BEFORE
from firmware.tape.birth import RESERVE_NAME
from tacet.backup.repository import NOTHING, BackupFailed, Entry, Repository, Snapshot

# A new box has a number, keys, a certificate, a disk, a speed and versions of its own, and joins a pool anew; sockets,
# models and how backups go are no data; the set-up code dies with the first account.
LEFT_OUT = frozenset({"identity", "tls", "pool", "pool-invited", "run", "models", "backup", "update", "selftest"})
PASSING = ("-shm", ".new", "setup-code", ".creating", BEFORE)
ASIDE = RESERVE_NAME  # in a tape that is being written: nothing but room
PROCESS_NOTES = "process"  # in a vault's folder: psychotherapy notes, copied only when asked for
HALF_DONE = (".half-made-", ".restoring-")
DATABASE_SUFFIX = ".db"
# Source: https://sqlite.org/walformat.html, "WAL locks": whoever writes or checkpoints holds these bytes of the -shm.
WRITE_LOCK_AT, LOCKS = 120, 2

Progress = Callable[[int, int], None]


def back_up(
    data_dir: Path,
    repository: Repository,
    now: datetime | None = None,
    told: Progress | None = None,
    *,
    with_process_notes: bool = False,
) -> Snapshot:
    """Copy all that the box keeps, process notes only when asked for; the snapshot is there on return, not before.

    Raises:
        BackupFailed: There is nothing to back up, or another backup is under way.
        OSError: A storage refused.
    """
    with repository.writing():
        paths = sorted(_files(data_dir, with_process_notes=with_process_notes))
        if not paths:
            raise BackupFailed(f"There is nothing of a box in {data_dir}. Name its folder with --data.")
        entries: list[Entry] = []
        for number, path in enumerate(paths):
            if told:
                told(number, len(paths))
            with suppress(FileNotFoundError):  # erased on the way
                entries += _copy(path, data_dir, repository)
        if told:
            told(len(paths), len(paths))
        return repository.finish(entries, now or datetime.now(UTC))


def _files(data_dir: Path, *, with_process_notes: bool) -> Iterator[Path]:
    """Files, and folders with nothing in them; what vanishes on the way is left out."""
    for folder, below, names in os.walk(data_dir):
        at_top = Path(folder) == data_dir
        below[:] = [one for one in below if not (at_top and one in LEFT_OUT) and not one.startswith(HALF_DONE)]
        if not with_process_notes and Path(folder).parent == data_dir / "vaults":
            below[:] = [one for one in below if one != PROCESS_NOTES]
        for name in names:
            path = Path(folder) / name
            passing = name == ASIDE or name.endswith((*PASSING, f"{DATABASE_SUFFIX}-wal"))
            if path.is_file() and not path.is_symlink() and not passing:
                yield path
        if not below and not names and not at_top:
            yield Path(folder)


def _copy(path: Path, data_dir: Path, repository: Repository) -> list[Entry]:
    name = path.relative_to(data_dir).as_posix()
    if path.is_dir():
        return [Entry(f"{name}/", 0, NOTHING)]
    if path.suffix != DATABASE_SUFFIX:
        return [repository.store(path, name)]
    log = path.with_name(f"{path.name}-wal")
    with _held_still(path):
        entries = [repository.store(path, name)]
        with suppress(FileNotFoundError):  # a closed database has none
            entries.append(repository.store(log, f"{name}-wal"))
        return entries


@contextmanager
def _held_still(database: Path) -> Iterator[None]:
    """Keep everybody from writing and checkpointing for as long as a copy takes; they wait, nobody fails.

    A closed database has no -shm, and nobody who writes.
    """
    try:
        descriptor = os.open(database.with_name(f"{database.name}-shm"), os.O_RDWR)
    except FileNotFoundError:
        yield
        return
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX, LOCKS, WRITE_LOCK_AT)
        yield
    finally:
        os.close(descriptor)
