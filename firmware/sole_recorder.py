"""One recorder a box: two would share a microphone and a button."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware.errors import FirmwareError


class RecorderAlreadyRuns(FirmwareError):
    """Another process records into the same folder. This one must end."""


@contextmanager
def sole_recorder(lock_path: Path) -> Iterator[None]:
    """Holds the lock; the system lets go of it when the process dies, however it dies. Raises RecorderAlreadyRuns."""
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise RecorderAlreadyRuns(
            f"Another recorder is already running on {lock_path.parent}. Stop it first, or choose another data_dir."
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)
