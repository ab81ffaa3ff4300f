"""The disks of a machine under test: a copy of the image, its boot partition's file, and one with the test's own."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

BOOT_STARTS_AT: Final = "1M"  # see image-build/genimage.cfg
DISK_BYTES: Final = 10 * 1024**3  # the data partition takes what the image leaves
GUEST: Final = Path(__file__).parent / "guest"


def flashed(image: Path, to: Path, tacet_toml: str) -> Path:
    """Write the image onto a new disk, as `dd` does, and put the one file onto its boot partition."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(image), str(to)], check=True)
    with to.open("r+b") as disk:
        disk.truncate(DISK_BYTES)
    put_on_boot(to, "tacet.toml", tacet_toml)
    return to


def put_on_boot(disk: Path, name: str, text: str) -> None:
    """Replace a file on the boot partition, as clinic IT's computer does."""
    where = f"{disk}@@{BOOT_STARTS_AT}"
    subprocess.run(["mcopy", "-o", "-i", where, "-", f"::{name}"], input=text.encode(), check=True)


def read_from_boot(disk: Path, name: str) -> bytes:
    return subprocess.run(
        ["mcopy", "-n", "-i", f"{disk}@@{BOOT_STARTS_AT}", f"::{name}", "-"], capture_output=True, check=True
    ).stdout


def test_disk(disk: Path, files: Iterable[Path]) -> Path:
    """A read-only disk with the agent, the probes and `files`, stored as they are."""
    content = disk.with_suffix(".content")
    content.mkdir()
    for path in [*GUEST.glob("*.py"), *files]:
        try:
            (content / path.name).hardlink_to(path)
        except OSError:  # on another disk
            shutil.copy(path, content)
    command = ["mksquashfs", str(content), str(disk), "-quiet", "-no-progress", "-noD", "-noF"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(content)
    return disk
