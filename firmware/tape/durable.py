import errno
import os
from pathlib import Path

from firmware.tape.errors import TapeError, TapeFailed, TapeFull

# A tape is shared with one reader, who may erase it: the group that owns `tapes_dir` (set-group-ID; see systemd/).
SHARED_FOLDER = 0o770
ERASABLE_FILE = 0o660  # erasing overwrites it in place
READABLE_FILE = 0o640

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
