"""A long recording through a real PortAudio and PulseAudio, both cores busy with real transcription: is all there?

At 16 kHz the tape must hold the signal bit for bit; at 48 kHz, which the recorder takes to 16 kHz itself, it must be
the signal resampled in one piece: same length, no shift, correlation 0.999. Samples in = sealed + gaps, exactly.

    python -m tests.bench.soak --minutes 30 --rate 16000
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import soxr

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.asr import AsrProcess
from support.demo_sound import demo_pcm
from support.pulse import PulseMicrophone
from support.recorder_process import RecorderProcess
from support.sound import noise

from app.asr.client import SocketTranscriber
from app.asr.transcriber import TranscriberAway, Window
from firmware.tape import TapeReader

if TYPE_CHECKING:
    import subprocess

TAPE_HZ = 16_000
CHUNK_S = 10
EDGE_SAMPLES = 1_600  # of a chunk that is resampled by itself, not compared
LEAST_CORRELATION = 0.999
MOST_GROWTH_MB = 8.0  # of recorder and capture process together, after the first minute
PLAYER_AHEAD_MS = 10_000  # a player that is starved would tear holes into what the room sounds like
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Of one process, since it began."""

    cpu_s: float
    rss_mb: float

    @classmethod
    def of(cls, pid: int) -> "Usage":
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            rss_kb = next(
                line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line[:5] == "VmRSS"
            )
        except (OSError, StopIteration):
            return cls(0.0, 0.0)
        return cls((int(fields[11]) + int(fields[12])) / _TICKS_PER_S, int(rss_kb) / 1024)


@dataclass(frozen=True)
class Moment:
    at_s: float
    samples_in: int
    sealed: int
    gaps: int
    recorder: Usage
    capture: Usage
    cores_busy_s: float

    @property
    def rss_mb(self) -> float:
        return self.recorder.rss_mb + self.capture.rss_mb

    def row(self, before: "Moment") -> str:
        passed_s = self.at_s - before.at_s
        recorder = 100 * (self.recorder.cpu_s - before.recorder.cpu_s) / passed_s
        capture = 100 * (self.capture.cpu_s - before.capture.cpu_s) / passed_s
        busy = 100 * (self.cores_busy_s - before.cores_busy_s) / passed_s / (os.cpu_count() or 1)
        return (
            f"{self.at_s / 60:7.1f} {self.samples_in:11d} {self.sealed:11d} {self.gaps:7d} {recorder:9.1f} "
            f"{self.recorder.rss_mb:9.1f} {capture:9.1f} {self.capture.rss_mb:9.1f} {busy:9.0f}"
        )


HEADING = (
    "minutes  samples in      sealed    gaps recorder%  its MB  capture%    its MB    cores%\n"
    "------- ----------- ----------- ------- --------- --------- --------- --------- ---------"
)


class Transcription:
    """A real asr that is never without work."""

    def __init__(self, folder: Path) -> None:
        self._asr = AsrProcess(folder)
        self.windows = 0
        self._ended = threading.Event()
        self._feeder = threading.Thread(target=self._feed, daemon=True)

    def __enter__(self) -> Self:
        self._asr.start()
        self._feeder.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._asr.kill()
        self._feeder.join(10)

    def _feed(self) -> None:
        transcriber = SocketTranscriber(self._asr.socket_path)
        mono = np.frombuffer(demo_pcm(0, 150), dtype="<i2")[::2]
        windows = [part.tobytes() for part in np.split(mono, 5)]
        while not self._ended.is_set():
            try:
                transcriber.hear(Window(pcm=windows[self.windows % len(windows)], final=True))
                self.windows += 1
            except TranscriberAway:
                self._ended.wait(0.5)


def main() -> int:
    args = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="soak", dir=args.folder))
    try:
        return _soak(folder, args.minutes * 60, args.rate)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=16_000, choices=(16_000, 44_100, 48_000), help="the microphone's")
    parser.add_argument("--folder", type=Path, default=None, help="where to work; needs a short path")
    return parser.parse_args()


def _soak(folder: Path, seconds: float, rate_hz: int) -> int:
    signal = folder / "signal.raw"
    with signal.open("wb") as file:
        for chunk in range(round(seconds) // CHUNK_S):
            file.write(noise(CHUNK_S * rate_hz, seed=chunk))
    print(f"{seconds / 60:g} min at {rate_hz} Hz, tape at {TAPE_HZ} Hz, {os.cpu_count()} cores\n{HEADING}", flush=True)
    with (
        PulseMicrophone(folder / "pa", rate_hz) as server,
        Transcription(folder) as transcription,
        RecorderProcess(folder, environment=os.environ | server.environment, native_rate=rate_hz != TAPE_HZ) as box,
    ):
        box.prepare()
        box.press()
        box.wait_for(lambda status: status.samples_sealed, 30)
        moments = _watch(box, server._player(str(signal), PLAYER_AHEAD_MS), seconds)
        box.command(command="stop")
        done = box.wait_for(lambda status: status.session_id is None, 60)
        faults = {reason for status in box.statuses for reason in status.reasons if status.session_id}
        misses = _misses(moments, box.read_tape(), rate_hz, seconds)
    if not done.samples_in == done.samples_sealed + done.gap_samples == box.read_tape().samples:
        misses.append("samples are not accounted for")
    growth_mb = max(moment.rss_mb for moment in moments) - moments[1].rss_mb
    if growth_mb > MOST_GROWTH_MB:
        misses.append(f"memory grew by {growth_mb:.1f} MB")
    last = moments[-1]
    print(
        f"{'MISSED: ' + '; '.join([*misses, *faults]) if misses else 'kept'}: {done.samples_in} in = "
        f"{done.samples_sealed} sealed + {done.gap_samples} in gaps; recorder {_percent(moments, 'recorder'):.1f} % of "
        f"a core and {last.recorder.rss_mb:.0f} MB, capture {_percent(moments, 'capture'):.1f} % and "
        f"{last.capture.rss_mb:.0f} MB, {growth_mb:+.1f} MB since the first minute; {transcription.windows} windows "
        "transcribed meanwhile"
    )
    return 1 if misses else 0


def _percent(moments: list[Moment], process: str) -> float:
    first, last = moments[0], moments[-1]
    return 100 * (getattr(last, process).cpu_s - getattr(first, process).cpu_s) / (last.at_s - first.at_s)


def _watch(box: RecorderProcess, player: "subprocess.Popen[bytes]", seconds: float) -> list[Moment]:
    """A moment at the start, after a minute, in the middle and at the end, each printed, until all has been played."""
    assert box._process is not None
    recorder = box._process.pid
    began_s = time.monotonic()
    moments = [_moment(box, recorder, began_s)]
    for due_s in sorted({min(60.0, seconds / 4), seconds / 4, seconds / 2, 3 * seconds / 4, seconds - 5}):
        time.sleep(max(0.0, began_s + due_s - time.monotonic()))
        moments.append(_moment(box, recorder, began_s))
        print(moments[-1].row(moments[-2]), flush=True)
        assert box._status is not None
        del box._status.lines[1:-400]  # else the bench itself would hold all of them
    player.wait(seconds)
    played = box.status.samples_in
    box.wait_for(lambda status: status.samples_sealed >= played + 3 * TAPE_HZ or status.gap_samples, 30)
    return moments


def _moment(box: RecorderProcess, recorder: int, began_s: float) -> Moment:
    status = box.status
    child = Path(f"/proc/{recorder}/task").glob("*/children")
    children = [int(pid) for path in child for pid in path.read_text().split()]
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    busy = sum(fields[:8]) - fields[3] - fields[4]
    return Moment(
        time.monotonic() - began_s,
        status.samples_in,
        status.samples_sealed,
        status.gap_samples,
        Usage.of(recorder),
        Usage.of(children[0]) if children else Usage(0.0, 0.0),
        busy / _TICKS_PER_S,
    )


def _misses(moments: list[Moment], tape: TapeReader, rate_hz: int, seconds: float) -> list[str]:
    found = [f"the tape is damaged: {tape.damage}"] if tape.damage else []
    if moments[-1].gaps:
        found.append(f"{moments[-1].gaps} samples in gaps")
    sound = np.frombuffer(tape.read_pcm(0, tape.samples), dtype="<i2")
    chunks = round(seconds) // CHUNK_S
    wrong = _different(sound, chunks) if rate_hz == TAPE_HZ else _unlike(sound, chunks, rate_hz)
    if wrong:
        found.append(f"{len(wrong)} of {chunks} stretches of {CHUNK_S} s differ, first {wrong[0]}")
    return found


def _different(sound: np.ndarray, chunks: int) -> list[str]:
    """The stretches that are not bit for bit where the first one says they must be."""
    start = sound.tobytes().find(noise(CHUNK_S * TAPE_HZ, seed=0)[:2_000]) // 2
    wrong = [] if start >= 0 else ["the beginning is not there"]
    for chunk in range(chunks):
        at = start + chunk * CHUNK_S * TAPE_HZ
        if sound[at : at + CHUNK_S * TAPE_HZ].tobytes() != noise(CHUNK_S * TAPE_HZ, seed=chunk):
            wrong.append(f"at {chunk * CHUNK_S} s")
    return wrong


def _unlike(sound: np.ndarray, chunks: int, rate_hz: int) -> list[str]:
    """The stretches that are not the resampled signal, at the place and phase that the first one says."""
    first = np.frombuffer(noise(CHUNK_S * rate_hz, seed=0), dtype="<i2")
    phases = range(rate_hz // TAPE_HZ if rate_hz % TAPE_HZ == 0 else 1)
    starts = {phase: _place(sound[: 60 * TAPE_HZ], _resampled(first, rate_hz, phase)) for phase in phases}
    phase = max(starts, key=lambda phase: starts[phase][1])
    start = starts[phase][0]
    wrong = []
    for chunk in range(chunks):
        wanted = _resampled(np.frombuffer(noise(CHUNK_S * rate_hz, seed=chunk), dtype="<i2"), rate_hz, phase)
        at = start + chunk * CHUNK_S * TAPE_HZ
        likeness = _correlation(sound[at : at + len(wanted)], wanted)
        if likeness < LEAST_CORRELATION:
            wrong.append(f"at {chunk * CHUNK_S} s ({likeness:.4f})")
    return wrong


def _resampled(signal: np.ndarray, rate_hz: int, phase: int) -> np.ndarray:
    """Its middle at the tape's rate, `phase` samples of the device's later."""
    later = np.concatenate([np.zeros(phase, dtype=np.int16), signal])
    return soxr.resample(later, rate_hz, TAPE_HZ, "HQ")[EDGE_SAMPLES : CHUNK_S * TAPE_HZ - EDGE_SAMPLES]


def _place(sound: np.ndarray, wanted: np.ndarray) -> tuple[int, float]:
    """Where it is in the sound, and how alike."""
    size = 1 << (len(sound) + len(wanted)).bit_length()
    product = np.fft.rfft(sound.astype(float), size) * np.conj(np.fft.rfft(wanted.astype(float), size))
    at = int(np.argmax(np.fft.irfft(product, size)[: len(sound)]))
    return at, _correlation(sound[at : at + len(wanted)], wanted)


def _correlation(sound: np.ndarray, wanted: np.ndarray) -> float:
    if len(sound) < len(wanted):
        return 0.0
    heard, meant = sound.astype(float), wanted.astype(float)
    size = float(np.linalg.norm(heard) * np.linalg.norm(meant))
    return float(heard @ meant) / size if size else 0.0


if __name__ == "__main__":
    raise SystemExit(main())
