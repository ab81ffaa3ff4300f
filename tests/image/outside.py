"""The disk of a box without power, looked at from outside. Nothing here changes it: a layer above takes the repairs."""

import hashlib
import os
import select
import signal
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image.disks import read_from_boot
from image.moments import layer_above

SECTOR: Final = 512
ENTRY: Final = struct.Struct("<16s16sQQQ72s")
ENVIRONMENT_BYTES: Final = 1024
ENVIRONMENT_HEAD: Final = "# GRUB Environment Block\n"
GRUB_BEGINS_WITH: Final = {"A_OK": "1", "B_OK": "0", "A_TRY": "0", "B_TRY": "0", "ORDER": "A B"}  # see grub.cfg
NOT_MENDED: Final = 4  # of e2fsck's answers the least bad one that is bad


@dataclass(frozen=True, slots=True)
class Partition:
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Disk:
    """What `opened` gives: the disk as one file, its data partition as another, and where the partitions lie."""

    file: Path
    data: Path  # alone, since e2fsck loses its way on a part of a file
    partitions: dict[str, Partition]

    def mend(self) -> int:
        """What the initrd does before it mounts the data partition. 0: clean, 1: mended, from 4 on: not mended."""
        return subprocess.run(
            ["e2fsck", "-p", str(self.data)], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ).returncode

    def take_out(self, folder: str, into: Path) -> None:
        """Copy a folder of the data partition."""
        into.mkdir(parents=True, exist_ok=True)
        command = ["debugfs", "-R", f"rdump {folder} {into}", str(self.data)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def digest(self, name: str, size: int | None = None) -> str:
        """Of a partition's first `size` bytes."""
        part = self.partitions[name]
        left, digest = size or part.size, hashlib.sha256()
        with self.file.open("rb") as content:
            content.seek(part.start)
            while left > 0:
                block = content.read(min(left, 1 << 22))
                digest.update(block)
                left -= len(block)
        return digest.hexdigest()

    def environment(self) -> dict[str, str]:
        """What GRUB reads of its notes; nothing where they are torn."""
        return grub_environment(read_from_boot(self.file, "grubenv"))


@contextmanager
def opened(disk: Path) -> Iterator[Disk]:
    """The disk and its data partition as raw files, by way of FUSE: nothing is copied."""
    layer = layer_above(disk, disk.with_name(f"{disk.stem}-outside.qcow2"))
    view, data, pid = (layer.with_suffix(suffix) for suffix in (".raw", ".data", ".pid"))
    view.touch()
    data.touch()
    found = partitions(_beginning(layer))
    command = ["qemu-storage-daemon", "--daemonize", "--pidfile", str(pid)]
    command += ["--blockdev", f"driver=file,node-name=file,filename={layer}"]
    command += ["--blockdev", "driver=qcow2,node-name=disk,file=file"]
    part = found["tacet-data"]
    command += ["--blockdev", f"driver=raw,node-name=data,file=disk,offset={part.start},size={part.size}"]
    command += ["--export", f"type=fuse,id=view,node-name=disk,mountpoint={view}"]
    command += ["--export", f"type=fuse,id=data,node-name=data,mountpoint={data},writable=on"]
    subprocess.run(command, check=True)
    daemon = int(pid.read_text())
    try:
        yield Disk(view, data, found)
    finally:
        _end(daemon)
        layer.unlink()


def _beginning(layer: Path) -> Path:
    """The first megabyte, with the disk's table."""
    beginning = layer.with_suffix(".beginning")
    command = ["qemu-img", "dd", "-f", "qcow2", "-O", "raw", "bs=1M", "count=1", f"if={layer}", f"of={beginning}"]
    subprocess.run(command, check=True)
    return beginning


def partitions(disk: Path) -> dict[str, Partition]:
    """By name, from the disk's GPT."""
    with disk.open("rb") as content:
        content.seek(SECTOR)
        head = content.read(92)
        table, count, size = struct.unpack_from("<QII", head, 72)
        content.seek(table * SECTOR)
        entries = [content.read(size) for _ in range(count)]
    found = {}
    for entry in entries:
        kind, _, first, last, _, name = ENTRY.unpack_from(entry)
        if any(kind):
            found[name.decode("utf-16-le").rstrip("\0")] = Partition(first * SECTOR, (last + 1 - first) * SECTOR)
    return found


def grub_environment(content: bytes) -> dict[str, str]:
    text = content.decode("ascii", errors="replace")
    if len(content) != ENVIRONMENT_BYTES or not text.startswith(ENVIRONMENT_HEAD):
        return {}
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def slot_that_starts(environment: Mapping[str, str]) -> str:
    """Which of the two systems image-build/boot/grub.cfg starts next."""
    noted = GRUB_BEGINS_WITH | dict(environment)
    for slot in noted["ORDER"].split():
        if noted[f"{slot}_OK"] == "1" and noted[f"{slot}_TRY"] in {"0", "1", "2"}:
            return slot
    return "A" if noted["A_OK"] == "1" else "B"


def _end(daemon: int) -> None:
    """Until the daemon is gone, and its view with it."""
    watched = os.pidfd_open(daemon)
    try:
        signal.pidfd_send_signal(watched, signal.SIGTERM)
        select.select([watched], [], [], 60)
    finally:
        os.close(watched)
