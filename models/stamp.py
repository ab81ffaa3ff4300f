"""The note, beside a model's files, that all of them were verified: it makes the second start fast."""

import json
import os
from contextlib import suppress
from pathlib import Path

from models.manifest import Model

STAMP_NAME = ".verified.json"


def _state(folder: Path, model: Model) -> dict[str, object]:
    """What a stamp says of the files as they are now.

    The inode is in it so that a stamp that was copied along with its files to another disk counts for nothing there.
    Raises OSError when a file is absent.
    """
    files = {}
    for file in model.files:
        found = (folder / file.name).stat()
        files[file.name] = [found.st_size, found.st_mtime_ns, found.st_ino]
    return {"pins": model.digest, "files": files}


def is_stamped(folder: Path, model: Model) -> bool:
    """Whether the files were verified against these very pins and not touched since. Reads no content."""
    try:
        return bool(json.loads((folder / STAMP_NAME).read_text(encoding="utf-8")) == _state(folder, model))
    except (OSError, ValueError):
        return False


def write_stamp(folder: Path, model: Model) -> None:
    """Note that the files were just verified. Atomic and durable. Raises OSError, for instance on a read-only disk."""
    temporary = folder / f"{STAMP_NAME}.{os.getpid()}"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(_state(folder, model), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / STAMP_NAME)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def drop_stamp(folder: Path) -> None:
    """Take the note back, so that files found wrong are never vouched for again. A folder we cannot write is let be."""
    with suppress(OSError):
        (folder / STAMP_NAME).unlink(missing_ok=True)
