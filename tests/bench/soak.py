"""A long recording through a real PortAudio and PulseAudio, both cores busy with real transcription: is all there?

Samples in = sealed + declared gaps, exactly. At 16 kHz the tape must hold the signal bit for bit; at 48 kHz, which the
recorder takes to 16 kHz itself, it must be the signal resampled in one piece: no shift, correlation 0.999 in every
second. What lies in a gap is not compared; gaps are told. The recorder's CPU and memory must stay as they began.

    python -m tests.bench.soak --minutes 30 --rate 16000
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.room_sound import CHUNK_S, TAPE_HZ, chunk, compare
from support.asr import AsrProcess
from support.demo_sound import demo_pcm
from support.pulse import PulseMicrophone
from support.recorder_process import RecorderProcess

from app.asr.client import SocketTranscriber
from app.asr.transcriber import TranscriberAway, Window
from firmware.tape import GapRecord, MarkRecord, TapeReader

if TYPE_CHECKING:
    import subprocess

ASR_NICE = 10  # as systemd/units/tacet-asr.service has it
MOST_GROWTH_MB = 8.0  # of recorder and capture process together, after the first minute
PLAYER_AHEAD_MS = 10_000  # a player that is starved would tear holes into what the room sounds like
MOST_GROWTH_PERCENT = 1.0  # of a core, from the first quarter to the last, both processes together
LEAST_COMPARED = 0.98  # of the seconds that were played
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
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(ours, ASR_NICE))
        self._asr.start()
        if os.geteuid() == 0:  # nobody else may go back
            os.setpriority(os.PRIO_PROCESS, 0, ours)
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
        for number in range(round(seconds) // CHUNK_S):
            file.write(chunk(number, rate_hz))
    print(f"{seconds / 60:g} min at {rate_hz} Hz, tape at {TAPE_HZ} Hz, {os.cpu_count()} cores\n{HEADING}", flush=True)
    with (
        PulseMicrophone(folder / "pa", rate_hz) as server,
        Transcription(folder) as transcription,
        RecorderProcess(folder, environment=os.environ | server.environment, native_rate=rate_hz != TAPE_HZ) as box,
    ):
        box.prepare()
        box.press()
        box.wait_for(lambda status: status.samples_sealed)
        moments = _watch(box, server._player(str(signal), PLAYER_AHEAD_MS), seconds)
        box.command(command="stop")
        done = box.wait_for(lambda status: status.session_id is None, 60)
        faults = {reason for status in box.statuses for reason in status.reasons if status.session_id}
        tape = box.read_tape()
        compared, misses = _compare(tape, rate_hz, round(seconds) // CHUNK_S * CHUNK_S)
    if not done.samples_in == done.samples_sealed + done.gap_samples == tape.samples:
        misses.append("samples are not accounted for")
    grown, flat = _growth(moments)
    misses += grown
    verdict = "MISSED: " + "; ".join([*misses, *faults]) if misses else "kept"
    counts = f"{done.samples_in} in = {done.samples_sealed} sealed + {done.gap_samples} in {_gaps_told(tape)}"
    print(f"{verdict}: {counts}; {compared}; {flat}; {transcription.windows} windows transcribed meanwhile")
    return 1 if misses else 0


def _growth(moments: Sequence[Moment]) -> tuple[list[str], str]:
    """What has not stayed as it began, and what both processes took."""
    last = moments[-1]
    growth_mb = max(moment.rss_mb for moment in moments) - moments[1].rss_mb
    parts = [_percent(pair, "recorder") + _percent(pair, "capture") for pair in pairwise(moments)]
    misses = [f"memory grew by {growth_mb:.1f} MB"] if growth_mb > MOST_GROWTH_MB else []
    if parts[-1] - parts[0] > MOST_GROWTH_PERCENT:
        misses.append(f"CPU grew from {parts[0]:.1f} to {parts[-1]:.1f} %")
    return misses, (
        f"recorder {_percent(moments, 'recorder'):.1f} % of a core and {last.recorder.rss_mb:.0f} MB, "
        f"capture {_percent(moments, 'capture'):.1f} % and {last.capture.rss_mb:.0f} MB, together "
        f"{growth_mb:+.1f} MB since the first minute and {min(parts):.1f} to {max(parts):.1f} % in each part"
    )


def _percent(moments: Sequence[Moment], process: str) -> float:
    first, last = moments[0], moments[-1]
    used_s = getattr(last, process).cpu_s - getattr(first, process).cpu_s
    return 100 * max(0.0, used_s) / (last.at_s - first.at_s)  # a capture process that began anew counts from 0


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
    box.wait_for(lambda status: status.samples_sealed + status.gap_samples >= played + 3 * TAPE_HZ)
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


def _compare(tape: TapeReader, rate_hz: int, seconds: int) -> tuple[str, list[str]]:
    """How much could be compared with the room, in words, and what is wrong."""
    misses = [f"the tape is damaged: {tape.damage}"] if tape.damage else []
    sound = np.frombuffer(tape.read_pcm(0, tape.samples), dtype="<i2")
    likeness = compare(sound, _gaps(tape), seconds, rate_hz)
    if likeness.wrong:
        misses.append(f"{len(likeness.wrong)} seconds differ, first at {likeness.wrong[0]} s")
    if len(likeness.compared) < LEAST_COMPARED * seconds:
        misses.append("too little of the sound was found again")
    exact = "bit for bit" if rate_hz == TAPE_HZ else "as resampled in one piece"
    alike = len(likeness.compared) - len(likeness.wrong)
    return f"{alike} of {len(likeness.compared)} s compared are {exact} what was played", misses


def _gaps(tape: TapeReader) -> list[tuple[int, int]]:
    """Where sound is missing; a mark says that it is and not how much."""
    found = [(r.sample, r.samples) for r in tape.occurrences() if isinstance(r, GapRecord)]
    return sorted(found + [(r.sample, 0) for r in tape.occurrences() if isinstance(r, MarkRecord)])


def _gaps_told(tape: TapeReader) -> str:
    lengths = [samples for _, samples in _gaps(tape) if samples]
    return f"{len(lengths)} gaps ({', '.join(f'{samples / TAPE_HZ:.2f} s' for samples in lengths) or 'none'})"


if __name__ == "__main__":
    raise SystemExit(main())
