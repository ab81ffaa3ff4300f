"""Forks processes that write tapes, kills each at a random moment and reads what it left.

    python -m faults.nursery TAPES_DIR KILLS SEED

A program of its own, since it forks. Prints one JSON line: kills, records acknowledged, of these lost, tapes that were
refused or held what nobody had recorded.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from support.tapes import SESSION_ID, new_tape, noise, open_tape

from firmware.tape import ConsentEvent, TapeError

RATE_HZ = 50
MOST_RECORDS = 12
LONGEST_LIFE_S = 0.01


def write_until_killed(tapes_dir: Path, say_fd: int) -> None:
    writer = new_tape(tapes_dir, rate_hz=RATE_HZ, segment_s=3)
    writer.append_consent(ConsentEvent.GIVEN)
    number = 0
    while True:
        writer.append_audio(noise(RATE_HZ, number))
        os.write(say_fd, b".")
        number += 1
        if number % 5 == 0:
            writer.append_consent(ConsentEvent.PAUSED)
            writer.append_consent(ConsentEvent.RESUMED)


def kill_one(tapes_dir: Path, records: int, life_s: float) -> int:
    """Kills so long after so many records were acknowledged; returns how many were in the end."""
    hear_fd, say_fd = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear_fd)
        write_until_killed(tapes_dir, say_fd)
    os.close(say_fd)
    acknowledged = len(os.read(hear_fd, 1)) if records else 0
    while 0 < acknowledged < records:
        acknowledged += len(os.read(hear_fd, records))
    time.sleep(life_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(hear_fd, "rb") as heard:
        return acknowledged + len(heard.read())


def lost(tapes_dir: Path, acknowledged: int) -> tuple[int, bool]:
    """Acknowledged records that are gone, and whether the tape is refused or says what was not recorded."""
    folder = tapes_dir / SESSION_ID
    if not folder.exists():
        return acknowledged, False
    try:
        reader = open_tape(folder)
        reader.verify()
        sound = reader.read_pcm(0, reader.samples)
    except TapeError:
        return acknowledged, True
    records = reader.samples // RATE_HZ
    expected = b"".join(noise(RATE_HZ, number) for number in range(records))
    return max(0, acknowledged - records), sound != expected or records > acknowledged + 1


def main(tapes_dir: Path, kills: int, seed: int) -> None:
    choice = random.Random(seed)
    totals = {"kills": 0, "acknowledged": 0, "lost": 0, "wrong": 0}
    for number in range(kills):
        folder = tapes_dir / str(number)
        acknowledged = kill_one(folder, choice.randint(0, MOST_RECORDS), choice.uniform(0, LONGEST_LIFE_S))
        gone, wrong = lost(folder, acknowledged)
        totals["kills"] += 1
        totals["acknowledged"] += acknowledged
        totals["lost"] += gone
        totals["wrong"] += wrong
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(totals))  # noqa: T201  the answer to the bench


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
