"""Where backups lie: a folder on a USB stick or a clinic's server. Content is kept once."""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath

from app.durable import PRIVATE_FILE, make_private_folder, sync_folder, write_private
from app.errors import TacetError
from app.version import version

CHUNK_BYTES = 1 << 20
MOST_LETTERS = 63
NOTHING = sha256().hexdigest()
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


class BackupFailed(TacetError):
    """Says what stood in the way; nothing of an earlier backup was lost."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as it stood in the box, or a folder with nothing in it."""

    path: str  # below data_dir, with slashes; a folder's ends in one
    size: int
    digest: str  # SHA-256

    @property
    def is_folder(self) -> bool:
        return self.path.endswith("/")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All files of one time."""

    name: str  # its time, UTC
    entries: tuple[Entry, ...]
    box: str = ""  # whose, by its name on the network; "" where it was not said
    version: str = ""  # of the program that made it

    @property
    def at(self) -> datetime:
        return datetime.strptime(self.name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


class Repository:
    """One writer at a time; whoever reads needs nothing but the folder."""

    def __init__(self, folder: Path, box: str = "") -> None:
        """`box` is the name of the one that new backups are of."""
        self._box = box
        self._folder = folder
        self._objects = folder / "objects"
        self._snapshots = folder / "snapshots"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the repository while writing to it.

        Raises:
            BackupFailed: Somebody else does.
        """
        for folder in (self._folder, self._objects, self._snapshots):
            make_private_folder(folder)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupFailed("Another backup to this place is under way. Wait until it has ended.") from None
            yield
        finally:
            os.close(descriptor)

    def store(self, source: Path, path: str) -> Entry:
        """Keep a file's content; what is there already is not kept twice."""
        digest, size, draft = sha256(), 0, self._objects / ".draft"
        with source.open("rb") as reading, draft.open("wb") as writing:
            while chunk := reading.read(CHUNK_BYTES):
                digest.update(chunk)
                writing.write(chunk)
                size += len(chunk)
            writing.flush()
            os.fsync(writing.fileno())
        entry = Entry(path, size, digest.hexdigest())
        place = self._place(entry.digest)
        if place.is_file() and place.stat().st_size == size:
            draft.unlink()
        else:
            make_private_folder(place.parent)
            draft.rename(place)
            sync_folder(place.parent)
        return entry

    def finish(self, entries: list[Entry], now: datetime) -> Snapshot:
        """Let the snapshot appear, whole."""
        name, number = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}", 1
        taken = {one.stem for one in self._snapshots.glob("*.json")}
        unique = name
        while unique in taken:
            number += 1
            unique = f"{name}-{number}"
        snapshot = Snapshot(unique, tuple(sorted(entries, key=lambda entry: entry.path)), self._box, version())
        listed = [asdict(entry) for entry in snapshot.entries]
        whose = {"box": snapshot.box, "version": snapshot.version}
        kept = {"format": 1, **whose, "entries": listed, "digest": _digest_of(snapshot.entries)}
        write_private(self._snapshots / f"{snapshot.name}.json", json.dumps(kept, indent=0).encode())
        return snapshot

    def snapshots(self) -> list[str]:
        """Names, oldest first."""
        if not self._snapshots.is_dir():
            return []
        return sorted(one.stem for one in self._snapshots.glob("*.json") if _NAME.fullmatch(one.stem))

    def read(self, name: str | None = None) -> Snapshot:
        """A snapshot, the newest where none is named.

        Raises:
            BackupFailed: It is not there, or damaged.
        """
        names = self.snapshots()
        if not names or (name is not None and name not in names):
            raise BackupFailed(f"There is no such backup in {self._folder}. `tacet backup --list` shows what is there.")
        chosen = name or names[-1]
        try:
            kept = json.loads((self._snapshots / f"{chosen}.json").read_bytes())
            entries = tuple(Entry(str(one["path"]), int(one["size"]), str(one["digest"])) for one in kept["entries"])
            whole = kept["digest"] == _digest_of(entries) and all(_is_safe(entry) for entry in entries)
            whose = _said(kept, "box"), _said(kept, "version")
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            whole = False
        if not whole:
            raise BackupFailed(f"The backup {chosen} is damaged. Name an earlier one with --snapshot.")
        return Snapshot(chosen, entries, *whose)

    def fetch(self, entry: Entry, place: Path, mode: int = PRIVATE_FILE) -> None:
        """Write an entry's content, checked, durable.

        Raises:
            BackupFailed: It is missing or damaged.
        """
        if entry.is_folder:
            make_private_folder(place)
            return
        digest = sha256()
        make_private_folder(place.parent)
        with suppress(FileNotFoundError), self._place(entry.digest).open("rb") as reading:
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
            with os.fdopen(descriptor, "wb") as writing:
                os.fchmod(descriptor, mode)
                while chunk := reading.read(CHUNK_BYTES):
                    digest.update(chunk)
                    writing.write(chunk)
                writing.flush()
                os.fsync(writing.fileno())
        if digest.hexdigest() != entry.digest:
            raise BackupFailed(f"A file of the backup is missing or damaged ({entry.path}). Take an earlier one.")

    def forget_before(self, horizon: timedelta, now: datetime) -> int:
        """Drop snapshots beyond the horizon, but for the newest, and every content that no other holds.

        Returns:
            How many snapshots went. A kill on the way leaves content behind that the next call drops.
        """
        names, dropped = self.snapshots(), 0
        for name in names[:-1]:
            if now - Snapshot(name, ()).at > horizon:
                (self._snapshots / f"{name}.json").unlink()
                dropped += 1
        sync_folder(self._snapshots)
        needed = {entry.digest for name in self.snapshots() for entry in self.read(name).entries}
        for place in list(self._objects.glob("*/*")):
            if place.name not in needed:
                place.unlink()
        return dropped

    def _place(self, digest: str) -> Path:
        return self._objects / digest[:2] / digest


def _digest_of(entries: tuple[Entry, ...]) -> str:
    return sha256(json.dumps([asdict(entry) for entry in entries]).encode()).hexdigest()


def _said(kept: dict[str, object], name: str) -> str:
    """What a line of text says, which anybody may have written; it is shown on pages."""
    text = str(kept.get(name, ""))[:MOST_LETTERS]
    return text if text.isprintable() else ""


def _is_safe(entry: Entry) -> bool:
    """Whoever writes on a stick can write this list, and a digest that fits it: it may name nothing outside."""
    path = PurePosixPath(entry.path)
    inside = bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in entry.path
    return bool(_DIGEST.fullmatch(entry.digest)) and inside
