"""Lays a backup ready beside its places in an empty box, every byte of it checked; `app.put_back` puts it there."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from app.durable import PRIVATE_FILE, PRIVATE_FOLDER, sync_folder
from app.put_back import BOX, BOXS_DATABASE, BOXS_OWN, PLACES, drop_drafts, make_draft
from firmware.tape import SHARED_FOLDER
from firmware.tape.durable import ERASABLE_FILE
from tacet.backup.copying import PASSING, Progress
from tacet.backup.repository import BackupFailed, Entry, Repository, Snapshot

# What another box may bring: its vaults, its tapes, what was withdrawn and not yet told, and its own record.
_ID = re.compile(r"[0-9a-f]{32}")
_VAULTS = re.compile(r"vaults/[0-9a-f]{32}/.+")
_TAPES = re.compile(r"tapes/([0-9a-f]{32}/.+|withdrawn/[^/]*)")
_ACCOUNT = re.compile(r"vaults/[0-9a-f]{32}/account\.json")
_TAPE = re.compile(r"tapes/([0-9a-f]{32})/.+")
_RECORD = frozenset(f"{BOX}/{name}" for name in (*BOXS_DATABASE, *BOXS_OWN))
SPARE_BYTES = 256 * 1024 * 1024  # for what the box writes meanwhile


def wanted(snapshot: Snapshot) -> tuple[Entry, ...]:
    """What of a backup belongs into another box. Whoever had the stick may have written the list."""
    return tuple(entry for entry in snapshot.entries if _is_wanted(entry.path))


def _is_wanted(path: str) -> bool:
    if path in _RECORD:
        return True
    return bool(_VAULTS.fullmatch(path) or _TAPES.fullmatch(path)) and not path.endswith(PASSING)


def vaults_in(entries: Iterable[Entry]) -> int:
    return sum(bool(_ACCOUNT.fullmatch(entry.path)) for entry in entries)


def recordings_in(entries: Iterable[Entry]) -> int:
    return len({found[1] for entry in entries if (found := _TAPE.fullmatch(entry.path))})


def in_use(data_dir: Path) -> bool:
    """Whether a vault or a tape stands there, also a damaged one, with which a backup could be mixed up."""
    return any(_ID.fullmatch(one.name) for place in PLACES for one in (data_dir / place).glob("*"))


def _refuse_a_box_in_use(data_dir: Path) -> None:
    if in_use(data_dir):
        raise BackupFailed("This box holds a vault or a recording. A backup is put back into an empty box only.")


def lay_ready(repository: Repository, snapshot: Snapshot, data_dir: Path, told: Progress) -> None:
    """Copy and check all of it. Nothing is in place afterwards, and nothing is left where it did not end well.

    Raises:
        BackupFailed: The box is in use, the disk is too small, or something of the backup is missing or damaged.
        OSError: The stick or the box's own storage refused.
    """
    _refuse_a_box_in_use(data_dir)
    entries = wanted(snapshot)
    drop_drafts(data_dir)
    _refuse_a_small_disk(sum(entry.size for entry in entries), data_dir)
    try:
        for number, entry in enumerate(entries):
            told(number, len(entries))
            _lay(repository, entry, data_dir)
        told(len(entries), len(entries))
        _refuse_a_box_in_use(data_dir)
    except BaseException:
        drop_drafts(data_dir)
        raise


def _refuse_a_small_disk(needed: int, data_dir: Path) -> None:
    free = shutil.disk_usage(data_dir).free
    if needed + SPARE_BYTES > free:
        sizes = f"{needed / 1e9:.1f} GB, and {max(0, free - SPARE_BYTES) / 1e9:.1f} GB are free here"
        raise BackupFailed(f"The backup holds {sizes}. Take a box with a larger disk.")


def _lay(repository: Repository, entry: Entry, data_dir: Path) -> None:
    """A tape is shared with the recorder, which belongs to its folder's group; all else is the app's alone."""
    place, *inner = PurePosixPath(entry.path).parts
    shared = place == "tapes"
    folder_mode, mode = (SHARED_FOLDER, ERASABLE_FILE) if shared else (PRIVATE_FOLDER, PRIVATE_FILE)
    path = make_draft(data_dir, place, folder_mode).joinpath(*inner)
    for folder in _above(path if entry.is_folder else path.parent, len(inner)):
        if not folder.exists():
            folder.mkdir(mode=folder_mode)
            sync_folder(folder.parent)
    if not entry.is_folder:
        repository.fetch(entry, path, mode)
        sync_folder(path.parent)


def _above(folder: Path, depth: int) -> list[Path]:
    """The folder and those above it, outermost first."""
    return [folder, *folder.parents][: depth + 1][::-1]
