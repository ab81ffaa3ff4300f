"""Sessions that were recorded under watch, so that the power can be cut anywhere in them afterwards."""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from support.power_cut import Disk, after_cut
from support.tapes import SESSION_ID, events_of, new_tape, noise, session_key

from firmware.tape import ConsentEvent, Record, TapeReader, TapeRefused, TapeWriter

Appends = Callable[[TapeWriter], list[Callable[[], object]]]


def appends(writer: TapeWriter) -> list[Callable[[], object]]:
    return [
        partial(writer.append_consent, ConsentEvent.GIVEN),
        *[partial(writer.append_audio, noise(50, seed)) for seed in range(5)],
        partial(writer.append_gap, 12),
        partial(writer.append_audio, noise(20, 7)),
        partial(writer.append_consent, ConsentEvent.PAUSED),
        partial(writer.append_consent, ConsentEvent.RESUMED),
        partial(writer.append_audio, noise(50, 8)),
        writer.close,
    ]


class CutSession:
    """A session under watch, and what stands on its tape at the end."""

    def __init__(self, tapes_dir: Path, appends: Appends = appends) -> None:
        writer = new_tape(tapes_dir / "recorded", segment_s=2)
        disk = Disk(writer.folder)
        with disk.watching():
            for append in appends(writer):
                append()
                disk.acknowledge()
        self.disk = disk
        self.head = (writer.folder / "head").read_bytes()
        self.key = session_key(writer.folder)
        self.events = events_of(writer.folder)
        self.folder = tapes_dir / SESSION_ID
        self.folder.mkdir()

    def read_after_cut(self, disk: Disk, seed: int) -> tuple[list[Record], int]:
        """What is read after a power cut, and how many records had been acknowledged."""
        choice = random.Random(seed)
        files, acknowledged = after_cut(disk.steps[: choice.randint(0, len(disk.steps))], choice)
        for path in self.folder.iterdir():
            path.unlink()
        for name, content in (files | {"head": self.head}).items():
            (self.folder / name).write_bytes(content)
        return list(TapeReader(self.folder, self.key).events()), acknowledged

    def loses(self, disk: Disk, seed: int) -> bool:
        """Whether a cut costs an acknowledged record, or makes the tape be refused or say what was not recorded."""
        try:
            events, acknowledged = self.read_after_cut(disk, seed)
        except TapeRefused:
            return True
        return events != self.events[: len(events)] or len(events) < acknowledged
