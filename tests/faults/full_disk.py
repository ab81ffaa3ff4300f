"""A storage that fills up in the middle of a session: a small file system of its own, in memory."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.status import BoxState, BoxStatus
from firmware.tape import FaultRecord

RATE_HZ = 16_000
FAULT_WITHIN_S = 2.0
_DISK_BYTES = 800_000
_NEEDED_HOURS = 0.004  # 460 kB


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """Raises CalledProcessError without the right to mount."""
    disk = folder / "data"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tacet", str(disk)], check=True)  # noqa: S607  wherever Debian keeps it
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)  # noqa: S607  same


def full_disk_is_told(scale: Scale, progress: Progress) -> Figure:
    rounds = scale.of(5, 1)
    slowest_s = 0.0
    wrong: set[str] = set()
    for number in range(rounds):
        with scratch_folder() as folder, _small_disk(folder):
            fault_s, problems = _fill(folder)
        slowest_s = max(slowest_s, fault_s)
        wrong |= problems
        progress(f"filled {number + 1} of {rounds} times")
    words = f"{rounds} disks filled; fault light at most {slowest_s:.2f} s after the last second that fitted"
    words += (
        f"; wrong: {', '.join(sorted(wrong))}" if wrong else "; tape closed, all of it readable, next start refused"
    )
    return Figure(words, kept=not wrong and slowest_s <= FAULT_WITHIN_S)


def _fill(folder: Path) -> tuple[float, set[str]]:
    sound = noise(RATE_HZ * 60)
    room = write_wav(folder / "room.wav", sound)
    with RecorderProcess(folder, microphone="file", audio_file=room, speed=2, min_free_hours=_NEEDED_HOURS) as box:
        box.prepare()
        box.press()
        fault_s = _time_from_last_sealed_to_fault_light(box)
        tape = box.read_tape()
        problems = set()
        if not tape.closed or tape.damage:
            problems.add("tape not closed")
        if not sound.startswith(tape.read_pcm(0, tape.samples - tape.gap_samples)) or not tape.samples:
            problems.add("sound before not readable")
        if "tape_full" not in [record.code for record in tape.occurrences() if isinstance(record, FaultRecord)]:
            problems.add("fault not on the tape")
        box.press()
        status = box.wait_for_state(BoxState.NOT_READY)
        if not any("room for" in reason for reason in status.reasons):
            problems.add("reason not told")
        box.press()
        time.sleep(0.5)
        if len(box.tapes) != 1 or box.status.state is not BoxState.NOT_READY:
            problems.add("next start not refused")
    return fault_s, problems


def _says_it_is_full(status: BoxStatus) -> bool:
    """And not that the microphone is silent, as it may seem on a machine that is too busy to play a file."""
    return status.light.red == "double_blink" and any("storage is full" in reason for reason in status.reasons)


def _time_from_last_sealed_to_fault_light(box: RecorderProcess) -> float:
    sealed, last_sealed_s = 0, time.monotonic()
    deadline_s = last_sealed_s + 60
    while not _says_it_is_full(box.status):
        assert time.monotonic() < deadline_s, "the disk never filled up"
        if box.status.samples_sealed > sealed:
            sealed, last_sealed_s = box.status.samples_sealed, time.monotonic()
        time.sleep(0.005)
    return time.monotonic() - last_sealed_s
