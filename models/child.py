"""A helper process that downloads into a folder: watched by what arrives, ended when nothing does."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from models.errors import SourceFailed
from models.verify import Advance

LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class Ended:
    exit_code: int
    said: str  # the end of what it wrote, both streams


def run_watched(  # noqa: PLR0913  one call, each argument named by its caller
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    stall_s: float,
    advance: Advance,
) -> Ended:
    """Run a program that fills `folder`, report the growth, and return when it ends.

    The program is started without a shell and never outlives this call. Its standard input stays open, and empty, as
    long as we live: a program that reads it learns that we were killed.

    Raises:
        SourceFailed: the folder did not grow for `stall_s`; the program was ended.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _watch(child, folder, stall_s, advance)
        finally:
            if child.poll() is None:
                child.kill()
            child.communicate()
    return Ended(child.returncode, log.read_bytes()[-4096:].decode(errors="replace"))


def _watch(child: subprocess.Popen[bytes], folder: Path, stall_s: float, advance: Advance) -> None:
    seen_bytes = 0
    last_growth = time.monotonic()
    while True:
        try:
            child.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            now_bytes = bytes_in(folder)
            if now_bytes > seen_bytes:
                advance(now_bytes - seen_bytes)
                seen_bytes, last_growth = now_bytes, time.monotonic()
            elif time.monotonic() - last_growth > stall_s:
                raise SourceFailed(f"sent nothing for {stall_s:.0f} seconds") from None
        else:
            advance(max(bytes_in(folder) - seen_bytes, 0))
            return


def bytes_in(folder: Path) -> int:
    """The size of all files below; files and folders that come and go while we look count as nothing."""
    total = 0
    for below, _, names in os.walk(folder):  # unlike Path.rglob it passes over a folder that went away
        for name in names:
            with suppress(OSError):
                total += Path(below, name).stat().st_size
    return total
