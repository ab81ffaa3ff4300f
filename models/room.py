"""Room on the disk: asked for before anything is written, and recognised when it ran out all the same."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import NoRoom

# Left free on purpose: the same disk may be taking a recording.
RESERVE_BYTES = 64 * 1024 * 1024

# EFBIG stands for a limit on file size (a quota's cousin), EDQUOT for a quota.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def megabytes(count: int) -> str:
    """A size as people read it."""
    return f"{count / 1e6:,.0f} MB"


def require_room(folder: Path, need_bytes: int, what: str) -> None:
    """Return only if the folder's disk has `need_bytes` and the reserve.

    Raises:
        NoRoom: says how much is wanted and how much there is.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < need_bytes + RESERVE_BYTES:
        wanted = megabytes(need_bytes + RESERVE_BYTES)
        raise NoRoom(
            f"There is no room for {what}: it needs {wanted} in {folder}, and {megabytes(free_bytes)} are free. "
            "Make room and run this again."
        )


def is_full(error: OSError) -> bool:
    return error.errno in _FULL


@contextmanager
def noticing_a_full_disk(folder: Path, what: str) -> Iterator[None]:
    """Turn "the disk is full" into a sentence; every other OSError passes through."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise NoRoom(
            f"The disk of {folder} filled up while {what} was being written. What was there before is unchanged; "
            "make room and run this again."
        ) from error
