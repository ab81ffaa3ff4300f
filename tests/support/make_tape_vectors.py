"""Prints `tests/unit/tape_vectors.json` anew, for a new version of the format: keys and salts are random.

PYTHONPATH=tests python -m support.make_tape_vectors > tests/unit/tape_vectors.json
"""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from support.tape_by_the_spec import read_whole_tape
from support.tapes import (
    OTHER_SESSION_ID,
    PRIVATE_KEY,
    RECIPIENT,
    SESSION_ID,
    STARTED_AT_MS,
    new_tape,
    noise,
    open_tape,
    record_session,
)

from firmware.tape import ConsentEvent, TapeWriter


def everything(tapes_dir: Path) -> TapeWriter:
    writer = new_tape(tapes_dir, SESSION_ID)
    writer.append_appointment(OTHER_SESSION_ID)
    record_session(writer)
    return writer


def withdrawn(tapes_dir: Path) -> TapeWriter:
    writer = new_tape(tapes_dir, OTHER_SESSION_ID, rate_hz=40, channels=2, segment_s=2)
    writer.append_consent(ConsentEvent.GIVEN)
    for seed in range(3):
        writer.append_audio(noise(40, seed, channels=2))
    writer.append_consent(ConsentEvent.WITHDRAWN)
    writer.abandon()
    return writer


def end_erased(tapes_dir: Path) -> TapeWriter:
    writer = new_tape(tapes_dir, "1" * 32)
    writer.append_consent(ConsentEvent.GIVEN)
    for seed in range(4):
        writer.append_audio(noise(50, seed))
    writer.append_consent(ConsentEvent.PAUSED)
    writer.erase_last(75, at_ms=STARTED_AT_MS, clock_trusted=True)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(noise(10, 5))
    writer.close()
    return writer


def empty(tapes_dir: Path) -> TapeWriter:
    writer = new_tape(tapes_dir, "0" * 32)
    writer.close()
    return writer


TAPES = (
    ("one channel, everything", "all that can happen but erasing, closed", everything),
    ("two channels, withdrawn and not closed", "segments end by length; the close record is missing", withdrawn),
    ("the end erased", "the last two of four seconds were erased while paused, and the session went on", end_erased),
    ("empty", "only a close record", empty),
)


def vector(name: str, about: str, folder: Path) -> dict[str, Any]:
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "reserve"}
    tape = read_whole_tape(files, PRIVATE_KEY)
    head = {key: value for key, value in asdict(tape).items() if key not in {"session_key", "segments"}}
    return {
        "name": name,
        "about": about,
        "recipient_private_key": PRIVATE_KEY.hex(),
        "recipient_public_key": RECIPIENT.public_key.hex(),
        "head": head,
        "session_key": tape.session_key.hex(),
        "closed": open_tape(folder).closed,
        "segments": [
            [{"type": record.type, "position": record.position, "payload": record.payload.hex()} for record in segment]
            for segment in tape.segments
        ],
        "files": {name: content.hex() for name, content in files.items()},
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        tapes = [vector(name, about, make(Path(place)).folder) for name, about, make in TAPES]
    print(json.dumps({"format": "tacet tape v2", "tapes": tapes}, indent=1))  # noqa: T201  the file


if __name__ == "__main__":
    main()
