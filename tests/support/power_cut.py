"""A model of what a power cut leaves: everything synced, and any part of what was written since.

`Disk.watching` notes what the code under test does to one folder, through `os`; `states` then cuts the power after any
number of these steps. Names that were made or removed since the folder's last fsync may or may not be there; bytes that
were written since the file's last sync may be missing, cut, zero or missing in sectors. After SQLite's crash VFS.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

SECTOR_BYTES = 16  # small, as the tapes of these tests are


@dataclass(frozen=True)
class Step:
    kind: str  # create, write, overwrite, truncate, sync, unlink, sync_folder, acknowledge
    name: str = ""
    content: bytes = field(default=b"", repr=False)
    size: int = 0  # of a truncated file; where an overwritten part begins


@dataclass
class Disk:
    """The steps of one run."""

    folder: Path
    steps: list[Step] = field(default_factory=list)

    def acknowledge(self) -> None:
        self.steps.append(Step("acknowledge"))

    def without(self, kind: str) -> "Disk":
        return Disk(self.folder, [step for step in self.steps if step.kind != kind])

    @contextmanager
    def watching(self) -> Iterator[None]:
        real_open, real_write, real_pwrite, real_unlink = os.open, os.write, os.pwrite, os.unlink

        def watched_open(path: str | Path, flags: int, mode: int = 0o777) -> int:
            fd = real_open(path, flags, mode)
            if flags & os.O_CREAT:
                self.steps.append(Step("create", Path(path).name))
            return fd

        def watched_write(fd: int, content: bytes | memoryview) -> int:
            written = real_write(fd, content)
            self.steps.append(Step("write", self._name(fd), bytes(content[:written])))
            return written

        def watched_pwrite(fd: int, content: bytes, offset: int) -> int:
            written = real_pwrite(fd, content, offset)
            self.steps.append(Step("overwrite", self._name(fd), content[:written], offset))
            return written

        def watched_unlink(path: str | Path) -> None:
            real_unlink(path)
            self.steps.append(Step("unlink", Path(path).name))

        with (
            patch.multiple(os, open=watched_open, write=watched_write, pwrite=watched_pwrite, unlink=watched_unlink),
            patch.multiple(os, fdatasync=self._watched_sync(os.fdatasync), fsync=self._watched_sync(os.fsync)),
            patch.object(os, "ftruncate", self._watched_truncate),
        ):
            yield

    def _watched_sync(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(fd: int) -> None:
            real(fd)
            name = self._name(fd)
            self.steps.append(Step("sync_folder") if name == self.folder.name else Step("sync", name))

        return sync

    def _watched_truncate(self, fd: int, size: int) -> None:
        os.truncate(f"/proc/self/fd/{fd}", size)
        self.steps.append(Step("truncate", self._name(fd), size=size))

    @staticmethod
    def _name(fd: int) -> str:
        return Path(f"/proc/self/fd/{fd}").readlink().name


@dataclass
class _Content:
    synced: bytes = b""
    written: bytes = b""


def after_cut(steps: list[Step], choice: random.Random) -> tuple[dict[str, bytes], int]:
    """What a folder may hold when the power goes after these steps, and how many acknowledgements were given."""
    files: dict[str, _Content] = {}
    names: set[str] = set()
    synced_names: set[str] = set()
    acknowledged = 0
    for step in steps:
        match step.kind:
            case "create":
                files[step.name] = _Content()
                names.add(step.name)
            case "write":
                files[step.name].written += step.content
            case "overwrite":
                content = files[step.name]
                end = step.size + len(step.content)
                content.written = content.written[: step.size] + step.content + content.written[end:]
            case "truncate":
                files[step.name].written = files[step.name].written[: step.size]
            case "sync":
                files[step.name].synced = files[step.name].written
            case "unlink":
                names.discard(step.name)
            case "sync_folder":
                synced_names = set(names)
            case _:
                acknowledged += 1
    left = (names & synced_names) | {name for name in sorted(names ^ synced_names) if choice.random() < 0.5}
    return {name: _torn(files[name], choice) for name in sorted(left)}, acknowledged


def _torn(content: _Content, choice: random.Random) -> bytes:
    """Synced bytes stand; of the rest (what was appended, cut off or overwritten since) any part."""
    kept = min(len(content.synced), len(content.written))
    standing = _overwritten(content.synced[:kept], content.written[:kept], choice)
    longest = max(content.synced, content.written, key=len)
    rest = longest[kept:]
    place = choice.randint(0, len(rest))
    match choice.randrange(4):
        case 0:
            rest = b""
        case 1:
            rest = rest[:place]
        case 2:
            rest = rest[:place] + bytes(len(rest) - place)
        case _:
            sectors = [rest[at : at + SECTOR_BYTES] for at in range(0, len(rest), SECTOR_BYTES)]
            rest = b"".join(sector if choice.random() < 0.5 else bytes(len(sector)) for sector in sectors)
    return standing + rest


def _overwritten(before: bytes, after: bytes, choice: random.Random) -> bytes:
    """Sector by sector the old or the new bytes, or, where they differ, zeros."""
    if before == after:
        return before
    sectors = []
    for at in range(0, len(before), SECTOR_BYTES):
        old, new = before[at : at + SECTOR_BYTES], after[at : at + SECTOR_BYTES]
        sectors.append(old if old == new else choice.choice((old, new, bytes(len(old)))))
    return b"".join(sectors)
