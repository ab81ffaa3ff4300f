"""A ZIP file in pieces, each as large as what was put in: nothing waits in memory or on the disk for the whole."""

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, cast


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    pieces: Iterable[bytes]
    shrinks: bool = True  # False: not worth compressing


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """Give the file's bytes in order."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as file:
        for member in members:
            entry = zipfile.ZipInfo(member.name)
            entry.compress_type = zipfile.ZIP_DEFLATED if member.shrinks else zipfile.ZIP_STORED
            with file.open(entry, "w", force_zip64=True) as inside:
                for piece in member.pieces:
                    inside.write(piece)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()


class _Sink:
    """Where the bytes fall until they are taken. Cannot be sought in, so sizes follow each member."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken
