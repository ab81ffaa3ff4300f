"""Who said what: one microphone against RTTM, two microphones in a simulated room.

The folder holds the clips as FLAC and their turns in `rttm/`. Confusion is the part of the spoken time given to the
wrong one of the speakers, after the best naming of them. Ends with 1 when a bound is missed: confusion on the clips of
two constructed voices, CPU, wrong speaker in the room, and what is marked as two at once where one speaks alone.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import simpleder
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from app.asr.campplus import CampPlusPrinter
from app.asr.voiceprints import MOST_SAMPLES
from app.domain import Turn
from app.speech.seats import Seats
from app.speech.telling_apart import Voices
from app.speech.turns import joined
from models import locate
from tacet.sound_file import blocks_of
from tests.bench.room import RATE_HZ, Room, heard_in

BOUNDED, MOST_CONFUSION = "libri_dlg", 6.0
MOST_CPU_S = 2.0  # a minute of audio
MOST_WRONG = {3: 3.0, 6: 1.5, 10: 1.5}  # % by level difference in dB
MOST_FALSE = 3.0  # % of the time in which one speaks alone that is marked as two at once
LEAST_FOUND = 60.0  # % of the overlaps of a second and more that are marked
COLLAR_S, PAUSE_MS = 0.25, 1_000
STEP_S = 0.01

Reference = list[tuple[str, float, float]]  # speaker, start and end in s


@dataclass(frozen=True)
class Mono:
    clip: str
    seconds: float
    speakers: int
    guessed: int
    der: float  # %
    der_collar: float
    confusion: float
    cpu_s: float  # a minute


@dataclass(frozen=True)
class Stereo:
    clip: str
    level_db: int
    wrong: float  # % of the spoken time
    unheard: float
    cpu_s: float


@dataclass(frozen=True)
class Overlapping:
    """The clip's turns laid out anew, four of ten falling into the end of the one before."""

    clip: str
    level_db: int
    overlaps: int  # of a second and more
    found: int
    false: float  # % of the time in which one speaks alone, half a second around overlaps left out
    wrong: float  # % of that time


@dataclass
class Report:
    mono: list[Mono] = field(default_factory=list)
    stereo: list[Stereo] = field(default_factory=list)
    overlapping: list[Overlapping] = field(default_factory=list)

    def missed(self) -> list[str]:
        bounded = [row for row in self.mono if row.clip.startswith(BOUNDED)]
        return [
            *(f"{r.clip}: confusion {r.confusion:.1f} %" for r in bounded if r.confusion > MOST_CONFUSION),
            *(f"{r.clip}: {r.cpu_s:.2f} CPU s a minute" for r in self.mono if r.cpu_s > MOST_CPU_S),
            *(
                f"{r.clip}: {r.wrong:.2f} % wrong at {r.level_db} dB"
                for r in self.stereo
                if r.wrong > MOST_WRONG[r.level_db]
            ),
            *(
                f"{r.clip}: {r.false:.1f} % marked as two at once where one speaks, at {r.level_db} dB"
                for r in self.overlapping
                if r.false > MOST_FALSE
            ),
            *([f"only {self.found:.0f} % of the overlaps found"] if self.found < LEAST_FOUND else []),
        ]

    @property
    def found(self) -> float:
        there = sum(row.overlaps for row in self.overlapping)
        return 100 * sum(row.found for row in self.overlapping) / there if there else 100.0


def main() -> int:
    args = _arguments()
    report = Report()
    clips = sorted(path.stem for path in (args.data / "rttm").glob("*.rttm"))
    clips = [clip for clip in clips if not args.clip or clip in args.clip]
    printer = CampPlusPrinter(locate(args.models_dir, "campplus"))
    printer.voiceprints(bytes(2 * RATE_HZ))  # loads the detector
    columns = ("seconds", "speakers", "guess", "DER %", "collar", "conf %", "cpu/min")
    print(f"{'one microphone':22} " + " ".join(f"{column:>8}" for column in columns))
    for clip in clips:
        row = one_microphone(args.data, clip, printer)
        report.mono.append(row)
        print(
            f"{clip:22} {row.seconds:8.1f} {row.speakers:8} {row.guessed:8} {row.der:8.1f} {row.der_collar:8.1f}"
            f" {row.confusion:8.1f} {row.cpu_s:8.2f}",
            flush=True,
        )
    print(f"{'two microphones':22} {'dB':>4} {'wrong %':>8} {'unheard %':>9} cpu/min")
    for clip in (clip for clip in clips if clip.startswith(BOUNDED) and clip.endswith("near")):
        for level_db in MOST_WRONG:
            seats = two_microphones(args.data, clip, level_db)
            report.stereo.append(seats)
            print(f"{clip:22} {level_db:4} {seats.wrong:8.2f} {seats.unheard:9.1f} {seats.cpu_s:7.2f}", flush=True)
    print(f"{'two at once':22} {'dB':>4} {'overlaps':>8} {'found':>8} {'false %':>8} {'wrong %':>8}")
    for clip in (clip for clip in clips if clip.startswith(BOUNDED) and clip.endswith("near")):
        for level_db in MOST_WRONG:
            both = two_at_once(args.data, clip, level_db)
            report.overlapping.append(both)
            print(
                f"{clip:22} {level_db:4} {both.overlaps:8} {both.found:8} {both.false:8.2f} {both.wrong:8.2f}",
                flush=True,
            )
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(asdict(report), indent=1))
    missed = report.missed()
    print("\n".join(f"MISSED: {bound}" for bound in missed) or f"{len(report.mono)} clips, all within the bounds")
    return 1 if missed else 0


def one_microphone(data: Path, clip: str, printer: CampPlusPrinter) -> Mono:
    """Two speakers forced, whatever the clip holds."""
    pcm = b"".join(blocks_of(data / f"{clip}.flac", 1))
    seconds = len(pcm) / 2 / RATE_HZ
    began = time.process_time()
    voices = Voices()
    for start in range(0, len(pcm), 2 * MOST_SAMPLES):
        voices.add(printer.voiceprints(pcm[start : start + 2 * MOST_SAMPLES]), start * 500 // RATE_HZ)
    turns = joined(voices.turns(2), PAUSE_MS)
    cpu_s = time.process_time() - began
    reference = read_rttm(data / "rttm" / f"{clip}.rttm")
    return Mono(
        clip=clip,
        seconds=seconds,
        speakers=len({name for name, _, _ in reference}),
        guessed=voices.count(),
        der=100 * simpleder.DER(reference, _named(turns)) if turns else 100.0,
        der_collar=100 * simpleder.DER(reference, _named(turns), collar=COLLAR_S) if turns else 100.0,
        confusion=100 * confusion(reference, _named(turns)),
        cpu_s=cpu_s / seconds * 60,
    )


def two_microphones(data: Path, clip: str, level_db: int) -> Stereo:
    """The clip's two voices on two chairs of a simulated room."""
    samples = np.frombuffer(b"".join(blocks_of(data / f"{clip}.flac", 1)), "<i2").astype(np.float64)
    reference = read_rttm(data / "rttm" / f"{clip}.rttm")
    names = sorted({name for name, _, _ in reference})
    pcm = heard_in(Room(level_db), _apart(samples, reference, names)).tobytes()
    began = time.process_time()
    seats = Seats()
    for start in range(0, len(pcm), 4 * MOST_SAMPLES):
        seats.add(pcm[start : start + 4 * MOST_SAMPLES])
    turns = seats.told().turns
    cpu_s = time.process_time() - began
    seconds = len(samples) / RATE_HZ
    spoken = _grid([(str(names.index(name) + 1), start, end) for name, start, end in reference], ["1", "2"], seconds)
    heard = _grid(_named(turns), ["1", "2"], seconds)
    both = spoken.any(axis=0) & heard.any(axis=0)
    said = float(spoken.any(axis=0).sum())
    return Stereo(
        clip=clip,
        level_db=level_db,
        wrong=100 * float(((spoken[0] != heard[0]) & both).sum()) / said,
        unheard=100 * float((spoken.any(axis=0) & ~both).sum()) / said,
        cpu_s=cpu_s / seconds * 60,
    )


def two_at_once(data: Path, clip: str, level_db: int) -> Overlapping:
    """The clip's two voices on two chairs, falling in with each other."""
    samples = np.frombuffer(b"".join(blocks_of(data / f"{clip}.flac", 1)), "<i2").astype(np.float64)
    reference, voices = _falling_in(samples, read_rttm(data / "rttm" / f"{clip}.rttm"))
    pcm = heard_in(Room(level_db), voices).tobytes()
    seats = Seats()
    for start in range(0, len(pcm), 4 * MOST_SAMPLES):
        seats.add(pcm[start : start + 4 * MOST_SAMPLES])
    told, seconds = seats.told(), len(voices[0]) / RATE_HZ
    spoken = _grid(reference, ["1", "2"], seconds)
    marked = _grid([("both", start / 1000, end / 1000) for start, end in told.overlaps], ["both"], seconds)[0]
    heard = _grid(_named(told.turns), ["1", "2"], seconds)
    near = np.convolve(spoken.all(axis=0), np.ones(int(1 / STEP_S) + 1), "same") > 0
    alone = spoken.any(axis=0) & ~near
    long = [(first, last) for first, last in _runs(spoken.all(axis=0)) if (last - first) * STEP_S >= 1]
    return Overlapping(
        clip=clip,
        level_db=level_db,
        overlaps=len(long),
        found=sum(bool(marked[first:last].any()) for first, last in long),
        false=100 * float((marked & alone).sum() / alone.sum()),
        wrong=100 * float(((spoken[0] != heard[0]) & alone & heard.any(axis=0)).sum() / alone.sum()),
    )


def _falling_in(
    samples: NDArray[np.float64], reference: Reference, seed: int = 1
) -> tuple[Reference, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Lay the turns out anew, four of ten beginning up to 2.5 s before the one before has ended."""
    random, names = np.random.default_rng(seed), sorted({name for name, _, _ in reference})
    laid: list[tuple[str, float, float, float]] = []  # speaker, start, end, start in the clip
    for name, start, end in reference:
        at = max((one[2] for one in laid), default=0.5) + random.uniform(0.2, 1.0)
        before = laid[-1] if laid else None
        if before and before[0] != name and random.random() < 0.4:
            at = before[2] - min(random.uniform(0.6, 2.5), 0.6 * (end - start), 0.6 * (before[2] - before[1]))
        laid.append((name, at, at + end - start, start))
    voices = tuple(np.zeros(int((max(one[2] for one in laid) + 1) * RATE_HZ)) for _ in range(2))
    for name, start, end, source in laid:
        said = samples[int(source * RATE_HZ) : int((source + end - start) * RATE_HZ)]
        voices[names.index(name)][int(start * RATE_HZ) : int(start * RATE_HZ) + len(said)] += said
    return [(str(names.index(name) + 1), start, end) for name, start, end, _ in laid], (voices[0], voices[1])


def _runs(holds: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate([[0], holds.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def confusion(reference: Reference, heard: Reference) -> float:
    """The part of the reference's speech that is given to somebody else (NIST's speaker error), 0..1."""
    seconds = max(end for _, _, end in [*reference, *heard])
    theirs = _grid(reference, sorted({name for name, _, _ in reference}), seconds)
    ours = _grid(heard, sorted({name for name, _, _ in heard}), seconds)
    shared = theirs.astype(np.int64) @ ours.astype(np.int64).T
    rows, columns = linear_sum_assignment(-shared)
    given = np.minimum(theirs.sum(axis=0), ours.sum(axis=0)).sum()
    return float(given - shared[rows, columns].sum()) / float(theirs.sum())


def read_rttm(path: Path) -> Reference:
    rows = (line.split() for line in path.read_text().splitlines() if line.startswith("SPEAKER"))
    return [(row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows]


def _apart(samples: NDArray[np.float64], reference: Reference, names: Sequence[str]) -> tuple[NDArray[np.float64], ...]:
    voices = (np.zeros_like(samples), np.zeros_like(samples))
    for name, start, end in reference:
        turn = slice(int(start * RATE_HZ), int(end * RATE_HZ))
        voices[names.index(name)][turn] = samples[turn]
    return voices


def _grid(turns: Reference, names: Sequence[str], seconds: float) -> NDArray[np.bool_]:
    grid = np.zeros((len(names), int(seconds / STEP_S) + 1), bool)
    for name, start, end in turns:
        grid[names.index(name), round(start / STEP_S) : round(end / STEP_S)] = True
    return grid


def _named(turns: Sequence[Turn]) -> Reference:
    return [(turn.speaker, turn.start_ms / 1000, turn.end_ms / 1000) for turn in turns]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-speakers", description=__doc__)
    given = os.environ.get("TACET_DATA")
    parser.add_argument("--data", type=Path, default=given and Path(given), metavar="DIR", help="or TACET_DATA")
    parser.add_argument("--clip", action="append", metavar="ID", help="only this clip; may be repeated")
    models = Path(os.environ.get("TACET_MODELS_DIR") or "build/models")
    parser.add_argument("--models-dir", type=Path, default=models, metavar="DIR")
    parser.add_argument("--json", type=Path, default=Path("build/bench-speakers.json"), metavar="FILE")
    args = parser.parse_args()
    if args.data is None or not (args.data / "rttm").is_dir():
        parser.error("name a folder with clips and rttm/: make bench-speakers DATA=DIR")
    return args


if __name__ == "__main__":
    sys.exit(main())
