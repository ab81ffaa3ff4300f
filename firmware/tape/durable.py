import errno
import os
from pathlib import Path

from firmware.tape.errors import TapeError, TapeFailed, TapeFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_all(fd: int, content: bytes) -> None:
    """`os.write` until nothing is left; a disk that fills up takes a part first and refuses the rest."""
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def sync_folder(folder: Path) -> None:
    """Makes names that were added to or removed from the folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def disk_error(error: OSError) -> TapeError:
    """The tape's error for what the disk said."""
    if error.errno in _FULL:
        return TapeFull()
    return TapeFailed("The disk did not take the recording. What was recorded before is safe; check the disk.")
