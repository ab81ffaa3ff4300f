"""The tape among processes: killed at any moment, disk full, watched while it is written."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.canary import files_with_canary
from support.tapes import SESSION_ID, noise, open_tape

from firmware.tape import CloseRecord, FaultRecord, TapeError, TapeReader, is_being_written

SUPPORT = Path(__file__).parents[1]
RATE_HZ = 50
KILLS = 5  # of processes that were started for it; `faults.nursery` forks and kills many more


@contextmanager
def scribe(
    tapes_dir: Path, *, rate_hz: int = RATE_HZ, records: int = 100_000, limit_bytes: int = 0
) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "support.scribe",
        str(tapes_dir),
        SESSION_ID,
        str(rate_hz),
        str(records),
        str(limit_bytes),
    ]
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged(process: subprocess.Popen[str]) -> list[str]:
    """The rest of what a process said before it ended; a last line that was cut says nothing."""
    assert process.stdout is not None
    return [line.strip() for line in process.stdout if line.endswith("\n")]


def first_acknowledged(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def sound_of(records: int) -> bytes:
    return b"".join(noise(RATE_HZ, number) for number in range(records))


def test_kill__at_random_moments__loses_no_acknowledged_record(tmp_path: Path) -> None:
    choice = random.Random(20)
    records = 0
    for number in range(KILLS):
        with scribe(tmp_path / str(number)) as process:
            assert first_acknowledged(process) == "0"
            time.sleep(choice.uniform(0, 0.03))
            process.send_signal(signal.SIGKILL)
            count = 1 + len(acknowledged(process))
        reader = open_tape(tmp_path / str(number) / SESSION_ID)
        assert count <= reader.samples / RATE_HZ <= count + 1
        assert reader.read_pcm(0, reader.samples) == sound_of(reader.samples // RATE_HZ)
        reader.verify()
        assert not reader.closed
        assert not reader.growing
        assert reader.damage is not None
        records += count
    assert records > 2 * KILLS


def test_kill__while_a_tape_is_made__leaves_no_tape_without_a_head(tmp_path: Path) -> None:
    choice = random.Random(5)
    for _ in range(8):
        with scribe(tmp_path):
            time.sleep(choice.uniform(0.05, 0.3))
        for folder in tmp_path.iterdir():
            if not folder.name.startswith("."):
                assert open_tape(folder).samples >= 0
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()


def test_kill__raw_bytes_afterwards__hold_no_sound(tmp_path: Path) -> None:
    with scribe(tmp_path) as process:
        assert first_acknowledged(process) == "0"
        process.kill()
        acknowledged(process)
    assert files_with_canary(tmp_path, noise(RATE_HZ, 0)[:32]) == []


def test_lock__process_that_writes__is_seen_until_it_is_killed(tmp_path: Path) -> None:
    with scribe(tmp_path) as process:
        assert first_acknowledged(process) == "0"
        assert is_being_written(tmp_path / SESSION_ID)
        assert is_being_written(tmp_path / SESSION_ID)
        process.kill()
        process.wait()
        assert not is_being_written(tmp_path / SESSION_ID)


def test_lock__process_that_only_looks__does_not_look_like_a_writer(tmp_path: Path) -> None:
    with scribe(tmp_path, records=1) as process:
        assert acknowledged(process) == ["0", "closed"]
    look = "import sys, pathlib, firmware.tape; print(firmware.tape.is_being_written(pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", look, str(tmp_path / SESSION_ID)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_reader__follows_another_process__until_it_closes(tmp_path: Path) -> None:
    records = 200
    with scribe(tmp_path, records=records) as process:
        assert first_acknowledged(process) == "0"
        reader = open_tape(tmp_path / SESSION_ID)
        heard = b""
        while True:
            heard += reader.read_pcm(len(heard) // 2, reader.samples - len(heard) // 2)
            if not reader.growing:
                break
            assert reader.damage is None
            reader.refresh()
        assert acknowledged(process)[-1] == "closed"
    assert heard == sound_of(records)
    assert reader.closed


def test_full_disk__while_recording__tape_is_sealed_and_what_was_recorded_readable(tmp_path: Path) -> None:
    with scribe(tmp_path, rate_hz=16000, records=5, limit_bytes=80_000) as process:
        assert acknowledged(process) == ["0", "1", "full", "closed"]
    reader = open_tape(tmp_path / SESSION_ID)
    assert reader.closed
    assert reader.damage is None
    assert reader.read_pcm(0, 32000) == noise(16000, 0) + noise(16000, 1)
    assert list(reader.events())[-2:] == [FaultRecord(32000, "disk_full"), CloseRecord(32000, 32000, 0)]


def test_reader__disk_that_cannot_be_read__says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scribe(tmp_path, records=1) as process:
        acknowledged(process)
    reader: TapeReader = open_tape(tmp_path / SESSION_ID)

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(TapeError, match="check the disk"):
        reader.read_pcm(0, 5)
