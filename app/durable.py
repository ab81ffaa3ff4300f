"""Files that are there whole or not at all, and that only the box's own user can read."""

import os
from contextlib import suppress
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_private_folder(folder: Path) -> None:
    """Make the folder and its parents, with mode 0700 where they are new."""
    for missing in [one for one in (folder, *folder.parents) if not one.exists()][::-1]:
        with suppress(FileExistsError):  # another thread was quicker
            missing.mkdir(mode=PRIVATE_FOLDER)
            sync_folder(missing.parent)


def write_private(path: Path, content: bytes) -> None:
    """Put the content in place with mode 0600: after a kill or a power cut the old or the new one is there, whole.

    One writer a path at a time; what a killed writer left behind is overwritten by the next.

    Raises:
        OSError: The storage refused, most often because it is full. The old content stands.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        _write_through(draft, content)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    sync_folder(path.parent)


def erase_private(path: Path) -> None:
    """Overwrite the file once, then remove it; nothing happens when it is not there.

    On flash the old block may survive until the storage reuses it.
    """
    with suppress(FileNotFoundError):
        size_bytes = path.stat().st_size
        descriptor = os.open(path, os.O_WRONLY)
        try:
            _write_all(descriptor, bytes(size_bytes))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        path.unlink()
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_through(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    try:
        os.fchmod(descriptor, PRIVATE_FILE)
        _write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
