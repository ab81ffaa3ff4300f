"""Everything about a pool that can die dies, while boxes record and are heard: is a word lost, or a sample?

Every box is a real pipeline on a real vault; a thread seals its tape second by second meanwhile, as the recorder does.
Workers are killed or frozen, the scheduler is killed, the network between pool and boxes is cut (network namespaces;
needs root), each while a window is being heard. Where the pool is away a box hears by itself. Ends with 1 unless every
session is complete and equal to what one process heard of the same sound, every sealed sample is there, none was sealed
late because of the pool, no box waited longer for a window than it may, and no canary of sound or words is on a disk of
the pool.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.canary import files_with_canary
from support.demo_sound import MODELS_DIR, demo_pcm
from support.pool import Pool, Process
from support.vaults import PASSPHRASE

from app.asr.client import SocketTranscriber
from app.asr.taking_over import TakingOver
from app.asr.transcriber import SAMPLE_RATE_HZ, Heard, Transcriber, TranscriberAway, Window
from app.asr.whisper import WhisperTranscriber
from app.domain import Segment, SessionState
from app.pipeline import Pipeline
from app.pool.connection import CONNECTS_WITHIN_S, PATIENCE_S, SILENT_FOR_S, PoolConnection
from app.pool.errors import PoolAway, PoolError
from app.pool.membership import Membership
from app.speech.attribution import mixed_down
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vaults
from firmware.tape import ConsentEvent, Recipient, TapeReader, TapeWriter, read_head

CHANNELS = 1
WITHIN_S = 1_800.0
CUT_S = 8.0  # longer than a box bears silence
FROZEN_S = 15.0  # longer than the scheduler bears a worker's
MOST_WAIT_S = PATIENCE_S + SILENT_FOR_S + CONNECTS_WITHIN_S + 2.0  # what a box may do, and some for a busy machine
LATE_S = 2.0  # a second of sound that is sealed later than this was held up


class OneAtATime:
    """The box's own ears; several boxes share them here, to save memory."""

    at_once = 1

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._turn = Lock()
        self.windows = 0

    def hear(self, window: Window) -> Heard:
        with self._turn:
            self.windows += 1
            return self._transcriber.hear(window)


class Nobody:
    at_once = 1

    def hear(self, window: Window) -> Heard:  # noqa: ARG002  the port has it
        raise TranscriberAway


class Counted:
    """The pool as a box sees it."""

    at_once = 1

    def __init__(self, pool: Transcriber) -> None:
        self._pool = pool
        self.windows = 0
        self.waited = list[tuple[float, float]]()  # from and until when, where it was then known that the pool is away

    @property
    def away(self) -> int:
        return len(self.waited)

    @property
    def longest_s(self) -> float:
        return max((until_s - from_s for from_s, until_s in self.waited), default=0.0)

    def hear(self, window: Window) -> Heard:
        began_s = time.monotonic()
        try:
            heard = self._pool.hear(window)
        except Exception:
            self.waited.append((began_s, time.monotonic()))
            raise
        self.windows += 1
        return heard


@dataclass
class Box:
    """One box: records session after session and hears them."""

    folder: Path
    sound: bytes = field(repr=False)
    pool: Counted
    own: Transcriber
    sealed: int = 0
    slowest_seal_s: float = 0.0
    sessions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.vaults = Vaults(self.folder / "vaults", cost=CHEAP_COST)
        self.vault, _ = self.vaults.create("Dr. Ada Example", PASSPHRASE)
        self.pipeline = Pipeline(self.folder / "tapes", self.vaults, TakingOver(self.pool, self.own))
        (self.folder / "tapes").mkdir()
        self._stopping = threading.Event()
        self._hearing = threading.Thread(target=self.pipeline.run, args=(self._stopping,))

    def start(self) -> None:
        self._hearing.start()

    def record(self, speed: float) -> None:
        """Seal one session, second by second."""
        session = f"{random.getrandbits(128):032x}"
        recipient = Recipient(self.vault.account.public_key)
        facts = {"sample_rate_hz": SAMPLE_RATE_HZ, "channels": CHANNELS, "started_at_ms": 0, "segment_s": 300}
        writer = TapeWriter.create(self.folder / "tapes", session, recipient, clock_trusted=True, **facts)
        writer.append_consent(ConsentEvent.GIVEN)
        second = SAMPLE_RATE_HZ * 2 * CHANNELS
        for at in range(0, len(self.sound), second):
            began_s = time.monotonic()
            writer.append_audio(self.sound[at : at + second])
            took_s = time.monotonic() - began_s
            self.slowest_seal_s = max(self.slowest_seal_s, took_s)
            self.sealed += len(self.sound[at : at + second]) // 2
            time.sleep(max(0.0, 1 / speed - took_s))
        writer.close()
        self.sessions.append(session)

    def done(self) -> bool:
        rows = [self.vault.sessions.get(one) for one in self.sessions]
        return all(row is not None and row.state is SessionState.DRAFTED for row in rows)

    def segments(self) -> list[tuple[Segment, ...]]:
        return [tuple(self.vault.sessions.content(one).segments) for one in self.sessions]

    def samples(self) -> int:
        """On the tapes, as a reader finds them."""
        found = 0
        for folder in (self.folder / "tapes").iterdir():
            reader = TapeReader(folder, self.vault.open_tape_key(read_head(folder)))
            found += reader.samples
        return found

    def end(self) -> None:
        self._stopping.set()
        self.pipeline.stop()
        self._hearing.join(120)
        self.vaults.lock_all()


class Monkey:
    """Kills and cuts, each while a window is in the pool."""

    def __init__(
        self, pool: Pool, scheduler: Process, workers: list[Process], cut: "Callable[[str], None] | None"
    ) -> None:
        self._pool, self._scheduler, self._workers, self._cut = pool, scheduler, workers, cut
        self.done = {"worker": 0, "frozen": 0, "scheduler": 0, "network": 0}
        self.at_work = dict(self.done)
        self.began = list[tuple[str, float]]()

    def run(self, plan: list[str]) -> None:
        for number, kind in enumerate(plan):
            self.at_work[kind] += self._wait_for_work()
            began_s = time.monotonic()
            self.began.append((kind, began_s))
            one = self._workers[number % len(self._workers)]
            if kind == "worker":
                one.kill()
                one.start("offered to the pool")
            elif kind == "frozen":
                one.freeze()
                time.sleep(FROZEN_S)
                one.thaw()
            elif kind == "scheduler":
                self._scheduler.kill()
                self._scheduler.start("serves boxes")
            elif self._cut is not None:
                self._cut("down")
                time.sleep(CUT_S)
                self._cut("up")
            self.done[kind] += 1
            print(f"{number + 1:3} of {len(plan)}: {kind}, {time.monotonic() - began_s:.0f} s", flush=True)

    def known_after_s(self, boxes: "Sequence[Box]") -> dict[str, float]:
        """By kind, how long after it the last box knew, of those that were waiting then."""
        found = dict.fromkeys(self.done, 0.0)
        for kind, at_s in self.began:
            waited = [until_s - at_s for box in boxes for from_s, until_s in box.pool.waited if from_s < at_s < until_s]
            found[kind] = max([found[kind], *waited])
        return found

    def _wait_for_work(self) -> bool:
        """Until a window is in the pool for a moment; not for ever."""
        until_s = time.monotonic() + 120
        while time.monotonic() < until_s:
            if self._queued():
                time.sleep(random.uniform(0, 1.5))
                return True
            time.sleep(0.05)
        return False

    def _queued(self) -> int:
        with contextlib.closing(PoolConnection(Membership(self._pool.folder / "scheduler"), None)) as connection:
            try:
                queued: int = connection.ask({"ask": "status"}, b"")["queued"]
            except (PoolAway, PoolError):
                return 0
            return queued


@contextlib.contextmanager
def namespace() -> Iterator[tuple[str, Callable[[str], None]]]:
    """A network of its own for the pool, joined to this one by a cable that can be pulled."""
    name, here, there = f"tacetpool{os.getpid()}", f"tph{os.getpid() % 100000}", f"tpt{os.getpid() % 100000}"
    net = f"10.213.{os.getpid() % 250}"
    run = _ip
    run("netns", "add", name)
    try:
        run("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        run("addr", "add", f"{net}.1/24", "dev", here)
        run("link", "set", here, "up")
        run("-n", name, "addr", "add", f"{net}.2/24", "dev", there)
        run("-n", name, "link", "set", there, "up")
        run("-n", name, "link", "set", "lo", "up")
        yield f"{net}.2", lambda state: run("-n", name, "link", "set", there, state)
    finally:
        run("netns", "del", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["/usr/sbin/ip", *arguments], check=True, timeout=60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pool_faults", description=__doc__)
    parser.add_argument("--workers", type=int, default=20, metavar="N", help="kills of a worker (default 20)")
    parser.add_argument("--frozen", type=int, default=3, metavar="N", help="workers stopped for a while (default 3)")
    parser.add_argument("--schedulers", type=int, default=5, metavar="N", help="kills of the scheduler (default 5)")
    parser.add_argument("--cuts", type=int, default=3, metavar="N", help="of the network (default 3)")
    parser.add_argument("--boxes", type=int, default=2, metavar="N", help="default 2")
    parser.add_argument("--seconds", type=float, default=70.0, help="of sound a session (default 70)")
    parser.add_argument("--speed", type=float, default=1.0, help="times as fast as real (default 1)")
    args = parser.parse_args()
    plan = (
        ["worker"] * args.workers + ["frozen"] * args.frozen + ["scheduler"] * args.schedulers + ["network"] * args.cuts
    )
    random.Random(7).shuffle(plan)
    with tempfile.TemporaryDirectory(prefix="tacet-pool-faults-") as name, contextlib.ExitStack() as stack:
        host, cut = stack.enter_context(namespace()) if args.cuts else ("127.0.0.1", None)
        own = OneAtATime(WhisperTranscriber(MODELS_DIR / "base", "base", threads=1))
        return Bench(Path(name), args, own, mixed_down(demo_pcm(0, args.seconds), 2)).run(plan, host, cut)


@dataclass
class Bench:
    """A pool, boxes that record and are heard, and who breaks what."""

    folder: Path
    args: argparse.Namespace
    own: OneAtATime
    sound: bytes = field(repr=False)
    boxes: list[Box] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """Where the pool's processes could leave something."""
        return self.folder / "pool-home"

    def run(self, plan: list[str], host: str, cut: "Callable[[str], None] | None") -> int:
        reference = self._reference()
        inside = ("/usr/sbin/ip", "netns", "exec", f"tacetpool{os.getpid()}") if cut else ()
        self.home.mkdir()
        places = {name: str(self.home) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
        with Pool(self.folder / "pool", host, inside=inside) as pool:
            scheduler = pool.scheduler(**places)
            workers = [pool.worker(f"worker-{number}", **places) for number in range(2)]
            monkey = Monkey(pool, scheduler, workers, cut)
            for number in range(self.args.boxes):
                link = SocketTranscriber(pool.link(f"room-{number}"))
                self.boxes.append(self._box(f"box-{number}", Counted(link)))
            self.own.windows = 0
            self._record_while(lambda: monkey.run(plan))
            _wait_for(self.boxes)
            return self._report(monkey, reference, pool)

    def _box(self, name: str, pool: Counted) -> Box:
        (self.folder / name).mkdir()
        return Box(self.folder / name, self.sound, pool, self.own)

    def _reference(self) -> tuple[Segment, ...]:
        """The same sound heard by one process on one box."""
        box = self._box("reference", Counted(Nobody()))
        box.record(speed=10_000)
        box.start()
        _wait_for([box])
        (found,) = box.segments()
        box.end()
        return found

    def _record_while(self, breaking: Callable[[], None]) -> None:
        over = threading.Event()

        def keep_recording(box: Box) -> None:
            while not over.is_set():
                box.record(self.args.speed)

        recording = [threading.Thread(target=keep_recording, args=(box,)) for box in self.boxes]
        for box, one in zip(self.boxes, recording, strict=True):
            box.start()
            one.start()
        try:
            breaking()
        finally:
            over.set()
            for one in recording:
                one.join()

    def _canaries(self, reference: tuple[Segment, ...]) -> list[bytes]:
        words = [word.text.encode() for word in reference[0].words]
        sounds = [self.sound[at : at + 64] for at in range(200_000, len(self.sound) - 64, 400_000)]
        return [one for one in sounds if len(set(one)) > 16] + [b" ".join(words)[:40]]  # no silence

    def _report(self, monkey: Monkey, reference: tuple[Segment, ...], pool: Pool) -> int:
        found = [segments for box in self.boxes for segments in box.segments()]
        equal = sum(one == reference for one in found)
        sealed, there = sum(box.sealed for box in self.boxes), sum(box.samples() for box in self.boxes)
        slowest_s = max(box.slowest_seal_s for box in self.boxes)
        by_pool, away = sum(box.pool.windows for box in self.boxes), sum(box.pool.away for box in self.boxes)
        longest_s = max(box.pool.longest_s for box in self.boxes)
        canaries = self._canaries(reference)
        places = (self.home, pool.folder)
        hits = [path for needle in canaries for place in places for path in files_with_canary(place, needle)]
        complete = all(box.done() for box in self.boxes)
        for box in self.boxes:
            box.end()
        print(f"\nkilled or cut: {monkey.done}, of them while a window was in the pool: {monkey.at_work}")
        print(f"windows heard by the pool {by_pool}, by boxes themselves {self.own.windows}")
        known = ", ".join(f"{kind} {known_s:.1f} s" for kind, known_s in monkey.known_after_s(self.boxes).items())
        print(f"away {away} times, a box waited at most {longest_s:.1f} s for a window; load {os.getloadavg()[0]:.1f}")
        print(f"who waited when it happened knew after at most: {known}")
        print(f"sealed {sealed} samples, on the tapes {there}; the slowest second in {slowest_s * 1000:.0f} ms")
        print(f"{len(canaries)} canaries of sound and words, found on the pool's disk: {len(hits)}")
        held = {
            "every session complete": complete,
            "every transcript equal": equal == len(found) and bool(reference),
            "no sample lost": sealed == there,
            f"no second sealed later than {LATE_S:g} s": slowest_s < LATE_S,
            f"no box waited longer than {MOST_WAIT_S:g} s": longest_s <= MOST_WAIT_S,
            "nothing on the pool's disk": not hits,
            "the pool heard, and boxes took over": by_pool > 0 and self.own.windows > 0,
        }
        missed = [bound for bound, kept in held.items() if not kept]
        print(
            f"{len(found)} sessions, {equal} equal to the local one ({len(reference)} segments each); "
            + (f"MISSED: {'; '.join(missed)}" if missed else "all kept")
        )
        return 1 if missed else 0


def _wait_for(boxes: Sequence[Box]) -> None:
    until_s = time.monotonic() + WITHIN_S
    while not all(box.done() for box in boxes) and time.monotonic() < until_s:
        time.sleep(0.5)


if __name__ == "__main__":
    raise SystemExit(main())
