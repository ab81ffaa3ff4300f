"""A clinic's pool against boxes that hear by themselves: the same sound, the same model, the same processors.

Four boxes have a session each to be heard, by one or two asr processes of their own or by a pool of 1 or 2 workers:
a scheduler, workers and a link a box, each a process of its own, over mutual TLS on this machine. Every model runs on
one thread. Prints throughput, how long a window waits (with a box that always has one more: the lag), and what the pool
costs in processor time above the same work without it. Ends with 1 when the words differ, or the pool of one worker
costs more than 10 % above one asr process. Processor time is compared, as wall time says little on a busy machine.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.asr import AsrProcess
from support.demo_sound import demo_pcm
from support.pool import Pool

from app.asr.client import SocketTranscriber
from app.asr.transcriber import SAMPLE_RATE_HZ, Heard, Transcriber, TranscriberAway, Window
from app.speech.attribution import mixed_down
from app.speech.listening import listen

BOXES = 4
MOST_OVERHEAD = 1.10
TICKS = os.sysconf("SC_CLK_TCK")
ApartWords = list[tuple[int, int, str]]


@dataclass
class Run:
    """One system, once."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    words: dict[int, ApartWords] = field(default_factory=dict, repr=False)


class Timed:
    """A Transcriber that notes how long each window took."""

    at_once = 1
    away = 0  # of all

    def __init__(self, transcriber: Transcriber, waits_s: list[float]) -> None:
        self._transcriber = transcriber
        self._waits_s = waits_s

    def hear(self, window: Window) -> Heard:
        began_s = time.monotonic()
        while True:
            try:
                heard = self._transcriber.hear(window)
            except TranscriberAway:  # a starved machine answers too late; a box would hear by itself now
                Timed.away += 1
            else:
                self._waits_s.append(time.monotonic() - began_s)
                return heard


@dataclass(frozen=True)
class System:
    """Where the boxes ask, which of them one after another, and which processes that costs."""

    queues: Sequence[Sequence[tuple[int, Path]]]  # a thread each: boxes and their sockets
    pids: Sequence[int]

    def run(self, sounds: Sequence[bytes]) -> Run:
        run = Run()
        threads = [threading.Thread(target=self._hear, args=(queue, sounds, run)) for queue in self.queues]
        cpu_s, began_s = self._cpu_s(), time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        run.wall_s, run.cpu_s = time.monotonic() - began_s, self._cpu_s() - cpu_s
        return run

    @staticmethod
    def _hear(queue: Sequence[tuple[int, Path]], sounds: Sequence[bytes], run: Run) -> None:
        for box, socket_path in queue:
            with contextlib.closing(SocketTranscriber(socket_path)) as client:
                heard = listen(iter([sounds[box]]), 1, Timed(client, run.waits_s))
                said = [word for part in heard for segment in part.segments for word in segment.words]
            run.words[box] = [(word.start_ms, word.end_ms, word.text) for word in said]

    def _cpu_s(self) -> float:
        return sum(_cpu_s(pid) for pid in self.pids)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-pool", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of sound a box (default 60)")
    parser.add_argument("--rounds", type=int, default=3, help="of every system, in turns (default 3)")
    args = parser.parse_args()
    sounds = [_sound(box, args.seconds) for box in range(BOXES)]
    with tempfile.TemporaryDirectory(prefix="tacet-pool-bench-") as name, contextlib.ExitStack() as stack:
        systems = {key: stack.enter_context(make(Path(name))) for key, make in SYSTEMS.items()}
        for system in systems.values():
            system.run([sound[: 10 * SAMPLE_RATE_HZ * 2] for sound in sounds])  # everything is loaded and connected
        runs: dict[str, list[Run]] = {key: [] for key in systems}
        for number in range(args.rounds):
            for key, system in systems.items():
                runs[key].append(system.run(sounds))
                print(f"round {number + 1} {key:18} {_line(runs[key][-1:], args.seconds)}", flush=True)
    return _report(runs, args.seconds)


def _sound(box: int, seconds: float) -> bytes:
    """The demo session, mixed down, from another place for each box and from its start again after its end."""
    whole = np.frombuffer(mixed_down(demo_pcm(), 2), "<i2")
    wanted = int(seconds * SAMPLE_RATE_HZ)
    start = box * len(whole) // BOXES
    return np.resize(np.roll(whole, -start), wanted).astype("<i2").tobytes()


@contextlib.contextmanager
def _own(folder: Path, count: int) -> Iterator[System]:
    """Boxes that hear by themselves, `count` of them at the same time."""
    processes = list[AsrProcess]()
    try:
        for number in range(count):
            home = folder / f"own-{count}-{number}"
            home.mkdir()
            process = AsrProcess(home, threads=1)
            process.start()
            processes.append(process)
        queues = [[(box, one.socket_path) for box in range(n, BOXES, count)] for n, one in enumerate(processes)]
        yield System(queues, [one.pid for one in processes])
    finally:
        for process in processes:
            process.stop()


@contextlib.contextmanager
def _pool(folder: Path, count: int) -> Iterator[System]:
    with Pool(folder / f"pool-{count}") as pool:
        processes = [pool.scheduler(), *(pool.worker(f"worker-{number}") for number in range(count))]
        queues = [[(box, pool.link(f"room-{box}"))] for box in range(BOXES)]
        yield System(queues, [one.pid for one in [*processes, *pool.links]])


SYSTEMS: dict[str, Callable[[Path], contextlib.AbstractContextManager[System]]] = {
    "1 own process": lambda folder: _own(folder, 1),
    "pool of 1 worker": lambda folder: _pool(folder, 1),
    "2 own processes": lambda folder: _own(folder, 2),
    "pool of 2 workers": lambda folder: _pool(folder, 2),
}


def _line(runs: Sequence[Run], seconds: float) -> str:
    sound_s = BOXES * seconds * len(runs)
    waits_s = [wait_s for run in runs for wait_s in run.waits_s]
    wall_s, cpu_s = sum(run.wall_s for run in runs), sum(run.cpu_s for run in runs)
    return (
        f"{sound_s / wall_s:6.2f} s of sound a second   CPU {cpu_s / sound_s:.4f} s a second of sound   "
        f"a window waits {median(waits_s):5.2f} s, at most {max(waits_s):5.2f} s"
    )


def _report(runs: dict[str, list[Run]], seconds: float) -> int:
    print(f"\n{BOXES} boxes, {seconds:g} s of sound each, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for key, found in runs.items():
        print(f"{key:18} {_line(found, seconds)}")
    cpu_s = {key: sum(run.cpu_s for run in found) for key, found in runs.items()}
    wall_s = {key: sum(run.wall_s for run in found) for key, found in runs.items()}
    one, two = (cpu_s[f"pool of {count}"] / cpu_s[own] for count, own in PAIRS.items())
    scaling = wall_s["pool of 1 worker"] / wall_s["pool of 2 workers"]
    expected = next(iter(runs.values()))[0].words
    same = all(run.words == expected for found in runs.values() for run in found)
    words = sum(map(len, expected.values()))
    if Timed.away:
        print(f"{Timed.away} times the pool was taken for away, and asked again")
    print(f"2 workers hear {scaling:.2f} times as much as 1 ({scaling / 2:.0%} of twice as much)")
    missed = [
        bound
        for bound, held in {
            "at most 10 % CPU above one own process": one <= MOST_OVERHEAD,
            "the same words everywhere": same and words > 0,
        }.items()
        if not held
    ]
    print(
        f"CPU above local: {one - 1:+.1%} with 1 worker, {two - 1:+.1%} with 2; {words} words, "
        f"{'the same everywhere' if same else 'NOT the same everywhere'}; "
        + (f"MISSED: {'; '.join(missed)}" if missed else "all within the bounds")
    )
    return 1 if missed else 0


PAIRS = {"1 worker": "1 own process", "2 workers": "2 own processes"}

if __name__ == "__main__":
    raise SystemExit(main())
