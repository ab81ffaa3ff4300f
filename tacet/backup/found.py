"""Finds backups on USB sticks, and in the folder that tacet.toml names."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.restore_state import Offer
from tacet.backup.onto_box import recordings_in, vaults_in, wanted
from tacet.backup.repository import BackupFailed, Repository, Snapshot

NEWEST = 5  # of each place: an earlier one is for where the newest is damaged
LARGEST_LIST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    folder: Path
    snapshot: Snapshot
    offer: Offer


class Sticks:
    """Looks again and again; a list that was read once is not read again while it stays the same."""

    def __init__(self, sticks_dir: Path, named: Path | None) -> None:
        self._sticks_dir = sticks_dir
        self._named = named
        self._read: dict[tuple[Path, int, int], Found | None] = {}

    def look(self) -> tuple[Found, ...]:
        """Every backup that holds somebody's vault, newest first. What cannot be read is passed over."""
        seen = {key: self._read[key] if key in self._read else _found(key[0]) for key in self._lists()}
        self._read = seen
        found = (one for one in seen.values() if one is not None)
        return tuple(sorted(found, key=lambda one: one.snapshot.at, reverse=True))

    def _lists(self) -> Iterator[tuple[Path, int, int]]:
        for folder in self._folders():
            with suppress(OSError):
                for path in sorted((folder / "snapshots").glob("*.json"))[-NEWEST:]:
                    kept = path.stat()
                    if kept.st_size <= LARGEST_LIST_BYTES:
                        yield path, kept.st_size, kept.st_mtime_ns

    def _folders(self) -> set[Path]:
        """A stick itself or a folder on it."""
        with suppress(OSError):
            named = {self._named} if self._named else set()
            return named | {one.parent for deep in ("*", "*/*") for one in self._sticks_dir.glob(f"{deep}/snapshots")}
        return set()


def _found(path: Path) -> Found | None:
    folder = path.parents[1]
    try:
        snapshot = Repository(folder).read(path.stem)
    except BackupFailed:
        return None
    entries = wanted(snapshot)
    if not vaults_in(entries):
        return None
    offer = Offer(
        offer_id=hashlib.sha256(str(path).encode()).hexdigest()[:16],
        box=snapshot.box,
        made_at_ms=int(snapshot.at.timestamp() * 1000),
        vaults=vaults_in(entries),
        recordings=recordings_in(entries),
        size_bytes=sum(entry.size for entry in entries),
        place=str(folder),
    )
    return Found(folder, snapshot, offer)
