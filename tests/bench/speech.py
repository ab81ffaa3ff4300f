"""This core beside faster-whisper, sequential (its default, beam 5) and batched (8, beam 5), interleaved clip by clip.

Then how often a word shown as doubtful is wrong, what words to expect are worth, 20 minutes without speech, and 5, 30
and 120 minutes of a session. All systems may use all cores. The folder holds `manifest.json`, a list of clips with
`id`, `file`, `seconds` and `reference`; clips without a reference are left out. Ends with 1 when a bound is missed.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

from tests.bench.doubt import Calibration, measure
from tests.bench.speech_systems import SYSTEMS
from tests.bench.vocabulary import Effect
from tests.bench.vocabulary import measure as measure_vocabulary

DROPPED_WORDS = 5  # in a row, about 2 s of speech: the references have no times
WALL_OF_SEQUENTIAL, WALL_OF_BATCHED = 0.25, 0.5
MOST_POINTS_WORSE = 3.0
SILENCE_S = 20 * 60
PARTS = ("clips", "doubt", "vocabulary", "silence", "length")
MOST_MB, MOST_GROWTH = 600, 1.05


@dataclass(frozen=True)
class Measured:
    """One clip heard by one system."""

    system: str
    clip: str
    loudness: float  # of the file's own
    seconds: float
    words: int
    errors: int
    dropped: int  # reference words in long deleted stretches
    wall_s: float
    cpu_s: float
    peak_mb: float

    @property
    def wer(self) -> float:
        return 100 * self.errors / self.words


@dataclass
class Report:
    clips: list[Measured] = field(default_factory=list)
    doubt: list[Calibration] = field(default_factory=list)
    vocabulary: list[Effect] = field(default_factory=list)
    words_in_silence: int | None = None
    lengths: list[dict[str, float]] = field(default_factory=list)

    def total(self, system: str, what: str, clip: str | None = None) -> float:
        rows = (row for row in self.clips if row.system == system and clip in (None, row.clip))
        return float(sum(getattr(row, what) for row in rows))

    def wer(self, system: str, clip: str | None = None) -> float:
        return 100 * self.total(system, "errors", clip) / self.total(system, "words", clip)


class System:
    """A speech system in its own process, which loads its model once."""

    def __init__(self, name: str, model: str) -> None:
        command = [sys.executable, "-m", "tests.bench.speech_systems", name, model]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = name
        self._answer()

    def hear(self, job: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        print(json.dumps(job), file=self._process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended by itself")
        answer: dict[str, Any] = json.loads(line)
        return answer


def main() -> int:
    args = _arguments()
    clips = [clip for clip in json.loads((args.data / "manifest.json").read_text()) if clip["reference"]]
    clips = [clip for clip in clips if not args.clip or clip["id"] in args.clip]
    report = Report()
    if "clips" in args.part:
        _hear_clips(clips, args, report)
    if "doubt" in args.part:
        report.doubt = measure(clips, args.data, args.model)
    if "vocabulary" in args.part:
        report.vocabulary = measure_vocabulary(clips, args.data, args.model)
    if "silence" in args.part:
        report.words_in_silence = len(_once({"silence_s": SILENCE_S}, args.model)["text"].split())
        print(f"{SILENCE_S // 60} minutes without speech: {report.words_in_silence} words")
    if "length" in args.part:
        _hear_lengths([str(args.data / clip["file"]) for clip in clips], args, report)
    missed = _missed(report)
    if args.json:
        written = asdict(report) | {"missed": missed}
        args.json.write_text(json.dumps(written, indent=1))
    _sum_up(report)
    print("\n".join(f"MISSED: {bound}" for bound in missed) or "all within the bounds")
    return 1 if missed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-speech", description=__doc__)
    given = os.environ.get("TACET_DATA")
    parser.add_argument("--data", type=Path, default=given and Path(given), metavar="DIR", help="or TACET_DATA")
    parser.add_argument("--model", default="base")
    parser.add_argument("--clip", action="append", metavar="ID", help="only this clip; may be repeated")
    parser.add_argument(
        "--loudness",
        nargs="+",
        type=float,
        default=[1.0, 0.9, 0.8, 0.7, 0.6],
        metavar="FACTOR",
        help="hear each clip as often, so loud (default %(default)s): what two of them differ in is chance",
    )
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--minutes", nargs="+", type=int, default=[5, 30, 120], help="of the part `length`")
    parser.add_argument("--talking", type=float, default=1.0, help="of the part `length`: how much of it is speech")
    parser.add_argument("--json", type=Path, default=Path("build/bench-speech.json"), metavar="FILE")
    args = parser.parse_args()
    if args.data is None or not (args.data / "manifest.json").exists():
        parser.error("name a folder with a manifest.json: make bench-speech DATA=DIR")
    return args


def _hear_clips(clips: list[dict[str, Any]], args: argparse.Namespace, report: Report) -> None:
    systems = [System(name, args.model) for name in SYSTEMS]
    print(f"{'clip':22} {'seconds':>7}  " + "  ".join(f"{name:>10} WER % wall/s  cpu/s" for name in SYSTEMS))
    for turn, (loudness, clip) in enumerate(product(args.loudness, clips)):
        turned = systems[turn % 3 :] + systems[: turn % 3]  # nobody is always first
        rows = {system.name: _measured(system, clip, loudness, args.data) for system in turned}
        report.clips += rows.values()
        name = clip["id"] if loudness == 1 else f"{clip['id']} x{loudness:g}"
        print(f"{name:22} {clip['seconds']:7.1f}  " + "  ".join(_cells(rows[one]) for one in SYSTEMS), flush=True)
    for system in systems:
        system.end()


def _measured(system: System, clip: dict[str, Any], loudness: float, folder: Path) -> Measured:
    answer = system.hear({"file": str(folder / clip["file"]), "loudness": loudness})
    normal = EnglishTextNormalizer()
    compared = jiwer.process_words(normal(clip["reference"]), normal(answer["text"]) or "-")
    gone = [part.ref_end_idx - part.ref_start_idx for part in compared.alignments[0] if part.type == "delete"]
    return Measured(
        system=system.name,
        clip=clip["id"],
        loudness=loudness,
        seconds=clip["seconds"],
        words=compared.hits + compared.substitutions + compared.deletions,
        errors=compared.substitutions + compared.deletions + compared.insertions,
        dropped=sum(count for count in gone if count >= DROPPED_WORDS),
        wall_s=answer["wall_s"],
        cpu_s=answer["cpu_s"],
        peak_mb=answer["peak_mb"],
    )


def _cells(row: Measured) -> str:
    return f"{'':>10} {row.wer:5.1f} {row.wall_s / row.seconds:6.3f} {row.cpu_s / row.seconds:6.3f}"


def _once(job: dict[str, Any], model: str) -> dict[str, Any]:
    """A fresh process for each length, as peak memory never falls."""
    system = System("core", model)
    answer = system.hear(job)
    system.end()
    return answer


def _hear_lengths(files: list[str], args: argparse.Namespace, report: Report) -> None:
    for minutes in args.minutes:
        answer = _once({"minutes": minutes, "files": files, "talking": args.talking}, args.model)
        row = {"minutes": float(minutes)} | {name: answer[name] for name in ("wall_s", "cpu_s", "peak_mb")}
        report.lengths.append(row)
        print(f"{minutes} min: {row['peak_mb']:.0f} MB, {row['wall_s'] / minutes / 60:.3f} s a second", flush=True)


def _missed(report: Report) -> list[str]:
    return [*_missed_clips(report), *_missed_rest(report)]


def _missed_clips(report: Report) -> list[str]:
    if not report.clips:
        return []
    wall = {name: report.total(name, "wall_s") for name in SYSTEMS}
    points = {
        clip: report.wer("core", clip) - report.wer("sequential", clip)
        for clip in dict.fromkeys(row.clip for row in report.clips)
    }
    worse = [f"{clip} {more:+.1f}" for clip, more in points.items() if more > MOST_POINTS_WORSE]
    checks = {
        "wall time of sequential": wall["core"] <= WALL_OF_SEQUENTIAL * wall["sequential"],
        "wall time of batched": wall["core"] <= WALL_OF_BATCHED * wall["batched"],
        "total WER no higher than sequential's": report.wer("core") <= report.wer("sequential"),
        "no more dropped words than sequential": report.total("core", "dropped")
        <= report.total("sequential", "dropped"),
        f"no clip {MOST_POINTS_WORSE:g} points worse: {', '.join(worse)}": not worse,
    }
    return [bound for bound, held in checks.items() if not held]


def _missed_rest(report: Report) -> list[str]:
    missed = ["no words without speech"] if report.words_in_silence else []
    peaks = [row["peak_mb"] for row in report.lengths]
    if peaks and (max(peaks) > MOST_MB or peaks[-1] > MOST_GROWTH * peaks[0]):
        missed.append(f"memory under {MOST_MB} MB and flat")
    return missed


def _sum_up(report: Report) -> None:
    if not report.clips:
        return
    for name in SYSTEMS:
        seconds, dropped = report.total(name, "seconds"), report.total(name, "dropped")
        print(
            f"{name:10} WER {report.wer(name):5.2f} %  wall {report.total(name, 'wall_s') / seconds:.4f}"
            f"  cpu {report.total(name, 'cpu_s') / seconds:.4f} s a second  dropped {dropped:.0f} words"
        )
    for name in SYSTEMS[1:]:
        wall, cpu = (report.total("core", what) / report.total(name, what) for what in ("wall_s", "cpu_s"))
        print(f"core / {name}: wall {wall:.2f}, CPU {cpu:.2f}")


if __name__ == "__main__":
    raise SystemExit(main())
