"""The copy of a database from before a newer program changed its tables, so that the program before can go on with it.

vault.db-0012.before   as the program wrote it that knew twelve migrations; ciphertext under the same key

It goes after two weeks, and at once when something is erased: what is erased stands nowhere any more.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from app.durable import erase_private, sync_folder

SUFFIX = ".before"  # a backup leaves it out
KEPT_S = 14 * 24 * 3600.0


def copy_of(path: Path, version: int) -> Path:
    return path.with_name(f"{path.name}-{version:04}{SUFFIX}")


def drop_copies(path: Path, *, older_than_s: float = 0.0) -> None:
    """Raises OSError where the storage refused: then something that was to be erased may still be there."""
    for copy in list(_copies(path)):
        if time.time() - copy.stat().st_mtime >= older_than_s:
            erase_private(copy)


def put_back(path: Path, version: int) -> Path | None:
    """Let the database of this version stand in its place again, for a box that went back to the program before.

    Nothing may have it open. Gives where what the newer program wrote is kept; None where there is no copy.
    """
    copy = copy_of(path, version)
    if not copy.exists():
        return None
    aside = path.with_name(f"newer-{time.time_ns() // 1_000_000}.db")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    copy.rename(path)
    sync_folder(path.parent)
    return aside


def _copies(path: Path) -> Iterator[Path]:
    return path.parent.glob(f"{path.name}-*{SUFFIX}")
