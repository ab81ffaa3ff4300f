"""Sound that comes faster than it can be stored, disks that stall, clocks that jump: every sample is accounted for."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav
from support.tapes import new_tape, open_tape

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware import clock
from firmware.capture import Capture, SoundFormat
from firmware.status import BoxState
from firmware.tape import ConsentEvent, GapRecord, MarkRecord, TapeReader, TapeWriter

RATE_HZ = 16_000
_BLOCK_SAMPLES = RATE_HZ // 20
_PERIOD = noise(RATE_HZ * 61)  # the room's sound, again and again; no part of it equals another
_BURN = "while True: pass"

STALLING_DISK = """
import os, time
_sync, _last = os.fdatasync, time.monotonic()
def _stall(fd):
    global _last
    if time.monotonic() - _last > 5:
        time.sleep(2)
        _last = time.monotonic()
    _sync(fd)
os.fdatasync = _stall
"""
JUMPING_CLOCK = """
import time
_time_ns, _year_ns = time.time_ns, 365 * 86400 * 10**9
def _jump():
    now = _time_ns()
    return now + (now // 300_000_000 % 3 - 1) * _year_ns  # last year, now, next year, each for 0.3 s
time.time_ns = _jump
time.time = lambda: _jump() / 1e9
"""


def overflow_is_never_silent(scale: Scale, progress: Progress) -> Figure:
    """Sound is pushed as fast as it goes, past a disk that stalls for seconds, while both cores are kept busy."""
    blocks = scale.of(2 * 3600, 120) * 20
    with scratch_folder() as folder, _both_cores_busy():
        writer = new_tape(folder, rate_hz=RATE_HZ)
        writer.append_consent(ConsentEvent.GIVEN)
        capture = _capture(_StallingTape(writer))
        _pour(capture, blocks, progress)
        writer.close()
        tape = open_tape(writer.folder)
        gaps, marks = _gaps(tape), sum(isinstance(record, MarkRecord) for record in tape.occurrences())
        wrong_samples = _samples_that_differ(tape)
    unaccounted = blocks * _BLOCK_SAMPLES - capture.samples_sealed - sum(gap.samples for gap in gaps)
    unaccounted += abs(tape.samples - blocks * _BLOCK_SAMPLES)
    words = (
        f"{unaccounted} samples unaccounted for and {wrong_samples} wrong in {blocks / 20 / 3600:.2f} h of sound; "
        f"{len(gaps)} overflows declared as gaps ({sum(gap.samples for gap in gaps) / RATE_HZ:.0f} s), {marks} marked"
    )
    return Figure(words, kept=unaccounted == wrong_samples == 0 < len(gaps))


class _StallingTape:
    """The real tape on a disk that takes a long time now and then."""

    def __init__(self, tape: TapeWriter) -> None:
        self._tape = tape
        self._records = 0
        self.append_gap = tape.append_gap
        self.append_mark = tape.append_mark

    def append_audio(self, pcm: bytes) -> None:
        self._records += 1
        if self._records % 50 == 0:
            time.sleep(0.05)
        self._tape.append_audio(pcm)


def _capture(tape: _StallingTape) -> Capture:
    def ignore(*_: object) -> None:
        pass

    return Capture(tape, SoundFormat(RATE_HZ, 1), on_sealed=ignore, on_fault=ignore, clock_ms=clock.monotonic_ms)


def _pour(capture: Capture, blocks: int, progress: Progress) -> None:
    size = _BLOCK_SAMPLES * 2
    capture.start()
    for number in range(blocks):
        at = number * size % len(_PERIOD)
        capture.push(_PERIOD[at : at + size], overflowed=number % 5000 == 4999)
        if number % 100 == 0:
            time.sleep(0.004)
            progress(f"{number / 20 / 3600:.2f} h of sound")
    capture.finish()


def _gaps(tape: TapeReader) -> list[GapRecord]:
    return [record for record in tape.occurrences() if isinstance(record, GapRecord)]


def _samples_that_differ(tape: TapeReader) -> int:
    """From what was in the room at that moment; where there is a gap, from silence."""
    edges = [0]
    for gap in _gaps(tape):
        edges += [gap.sample, gap.sample + gap.samples]
    edges.append(tape.samples)
    wrong = 0
    for number, (start, end) in enumerate(pairwise(edges)):
        for at in range(start, end, RATE_HZ * 60):
            samples = min(RATE_HZ * 60, end - at)
            expected = bytes(samples * 2) if number % 2 else _room(at, samples)
            wrong += 0 if tape.read_pcm(at, samples) == expected else samples
    return wrong


def _room(start_sample: int, samples: int) -> bytes:
    at = start_sample * 2 % len(_PERIOD)
    return (_PERIOD + _PERIOD)[at : at + samples * 2]


@contextmanager
def _both_cores_busy() -> Iterator[None]:
    burners = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in range(2)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def stalls_lose_nothing(scale: Scale, progress: Progress) -> Figure:
    """A whole recorder in real time, whose disk takes 2 s for one sync out of every 7 s."""
    seconds = scale.of(60, 8)
    box, tape, states = _record(seconds, progress, prelude=STALLING_DISK, speed=1)
    stalls = seconds // 7
    gaps = len(_gaps(tape))
    words = f"{gaps} overflows and {box} samples wrong in {stalls} stalls of 2 s within {seconds} s"
    return Figure(words, kept=gaps == box == 0 < stalls and BoxState.FAULT not in states)


def clock_jumps_change_nothing(scale: Scale, progress: Progress) -> Figure:
    """The calendar's clock jumps a year back or ahead three times a second."""
    seconds = scale.of(60, 8)
    wrong, tape, states = _record(seconds, progress, prelude=JUMPING_CLOCK, speed=4)
    expected = seconds * RATE_HZ + 345
    words = f"{abs(tape.samples - expected)} samples off in {expected:,}, {wrong} wrong"
    return Figure(words, kept=tape.samples == expected and wrong == 0 and BoxState.FAULT not in states)


def _record(seconds: int, progress: Progress, *, prelude: str, speed: float) -> tuple[int, TapeReader, set[BoxState]]:
    """A file of `seconds` and a few samples from beginning to end; how many samples differ from it."""
    sound = _room(0, min(seconds, 61) * RATE_HZ) + noise(345, seed=9)
    with scratch_folder() as folder:
        room = write_wav(folder / "room.wav", sound)
        with RecorderProcess(
            folder,
            prelude=prelude,
            microphone="file",
            audio_file=room,
            at_end="end",
            speed=speed,
        ) as box:
            box.prepare()
            _press_until_taken(box)
            while not box.status.microphone_ended:
                progress(f"{box.status.samples_sealed / RATE_HZ:.0f} of {seconds} s")
                threading.Event().wait(0.1)
            box.command(command="stop")
            done = box.wait_for(lambda status: status.session_id is None)
            tape = box.read_tape()
            heard = tape.read_pcm(0, tape.samples)
            states = {status.state for status in box.statuses}
    unaccounted = abs(done.samples_in - done.samples_sealed - done.gap_samples)
    return unaccounted + (0 if heard == sound else tape.samples), tape, states


def _press_until_taken(box: RecorderProcess) -> None:
    """Press, and again where the box was not ready at that moment, as while the calendar says last year."""
    while box.wait_for(lambda status: status.state is not BoxState.NOT_READY).state is BoxState.READY:
        box.press()
        box.wait_for(lambda status: status.state is not BoxState.READY)
    box.wait_for_state(BoxState.RECORDING)
