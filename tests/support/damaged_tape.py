"""A finished tape that can be damaged in every way, and put back."""

import shutil
from pathlib import Path

from support.tapes import events_of, open_tape, session_key

from firmware.tape import Record, TapeReader, TapeRefused

MAX_RECORD_BYTES = 9 + 9 + 100 + 16  # of one second at 50 samples a second
HEADER_BYTES = 76 + 96  # header and slot


class Tape:
    """A finished tape in memory, to be put back after each damage."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = session_key(folder)
        self.files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "reserve"}
        self.segments = sorted(name for name in self.files if name != "head")
        self.events = events_of(folder)
        self.was_closed = open_tape(folder).closed

    def put(self, files: dict[str, bytes]) -> None:
        shutil.rmtree(self.folder)
        self.folder.mkdir()
        for name, content in files.items():
            (self.folder / name).write_bytes(content)

    def with_file(self, name: str, content: bytes) -> dict[str, bytes]:
        return self.files | {name: content}

    def read(self) -> tuple[TapeReader, list[Record]] | None:
        """What a reader makes of the folder as it is now; None when it refuses."""
        try:
            reader = TapeReader(self.folder, self.key)
            return reader, list(reader.events())
        except TapeRefused:
            return None


def boundaries(segment: bytes) -> list[int]:
    """Where the records of a segment begin, and its end."""
    places = [HEADER_BYTES]
    while places[-1] < len(segment):
        places.append(places[-1] + 9 + int.from_bytes(segment[places[-1] : places[-1] + 4]))
    return places


def shows_a_missing_end(tape: Tape, least_lost: int = 1) -> bool:
    """Whether the tape reads as one that lost a last piece no longer than a record, and says so."""
    outcome = tape.read()
    if outcome is None:
        return False
    reader, events = outcome
    assert events == tape.events[: len(events)]
    assert not reader.closed
    assert reader.damage
    assert len(tape.events) - len(events) >= least_lost
    return True
