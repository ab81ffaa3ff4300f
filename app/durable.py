"""Files that are there whole or not at all; most of them only the box's own user can read."""

import os
from contextlib import suppress
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
READABLE_FILE = 0o644


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
    _put(path, content, PRIVATE_FILE)


def write_readable(path: Path, content: bytes) -> None:
    """The same with mode 0644, for what another of the box's users reads. Raises OSError."""
    _put(path, content, READABLE_FILE)


def _put(path: Path, content: bytes, mode: int) -> None:
    draft = path.with_name(f".{path.name}.new")
    try:
        _write_through(draft, content, mode)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    sync_folder(path.parent)


def erase_private(path: Path) -> None:
    """Overwrite the file once, then remove it; nothing happens when it is not there."""
    with suppress(FileNotFoundError):
        overwrite(path, bytes(path.stat().st_size))
        path.unlink()
        sync_folder(path.parent)


def overwrite(path: Path, content: bytes) -> None:
    """Write over what is there, in the same blocks, and make it durable.

    On flash the old ones may survive until the storage reuses them. Raises OSError.
    """
    descriptor = os.open(path, os.O_WRONLY)
    try:
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the names in the folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_through(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.fchmod(descriptor, mode)
        write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    """Write until nothing is left, as the kernel may take less at a time. Raises OSError."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
