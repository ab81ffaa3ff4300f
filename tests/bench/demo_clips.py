"""Every clip through the whole box (`tacet demo`), beside plain faster-whisper on the same clip, model and machine.

Plain is faster-whisper's sequential mode as it comes: beam 5, no voice filter. A clip passes when every sample that
the microphone gave is sealed, and the word error rate is at most 2 points above plain's. The folder holds
`manifest.json`, a list of clips with `id`, `file`, `seconds` and `reference`; clips without a reference are left out.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from faster_whisper import WhisperModel

from tacet.__main__ import default_models_dir
from tests.support.words import word_error_rate

MOST_POINTS_ABOVE = 2.0


@dataclass(frozen=True)
class Row:
    clip: str
    seconds: float
    words: int
    samples_in: int
    samples_sealed: int
    plain_wer: float
    box_wer: float
    plain_s: float
    box_s: float

    @property
    def passes(self) -> bool:
        return self.samples_in == self.samples_sealed and 100 * (self.box_wer - self.plain_wer) <= MOST_POINTS_ABOVE

    def __str__(self) -> str:
        sealed = "all" if self.samples_in == self.samples_sealed else f"{self.samples_sealed - self.samples_in:+d}"
        return (
            f"{self.clip:22} {self.seconds:7.1f} {sealed:>8} {100 * self.plain_wer:8.1f} {100 * self.box_wer:8.1f} "
            f"{100 * (self.box_wer - self.plain_wer):+7.1f} {self.plain_s:8.1f} {self.box_s:8.1f}  "
            f"{'' if self.passes else 'MISSED'}"
        )


def main() -> int:
    args = _arguments()
    clips = [clip for clip in json.loads((args.data / "manifest.json").read_text()) if clip["reference"]]
    if args.clip:
        clips = [clip for clip in clips if clip["id"] in args.clip]
    cores = os.cpu_count() or 1
    folder = default_models_dir() / args.model
    model = WhisperModel(str(folder), compute_type="int8", cpu_threads=cores)
    print("clip                   seconds   sealed  plain %    box %  points  plain s    box s")
    rows = []
    for clip in clips:
        rows.append(_measure(clip, args, model))
        print(rows[-1], flush=True)
    if args.json:
        args.json.write_text(json.dumps([vars(row) | {"passes": row.passes} for row in rows], indent=1))
    return _sum_up(rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    given = os.environ.get("TACET_DATA")
    parser.add_argument("--data", type=Path, default=given and Path(given), metavar="DIR", help="or TACET_DATA")
    parser.add_argument("--speed", type=float, default=10.0, help="how fast the clip is played to the box (default 10)")
    parser.add_argument("--model", default="base")
    parser.add_argument("--clip", action="append", metavar="ID", help="only this clip; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON, too")
    args = parser.parse_args()
    if args.data is None or not (args.data / "manifest.json").exists():
        parser.error("name a folder with a manifest.json: make bench DATA=DIR")
    return args


def _measure(clip: dict[str, str], args: argparse.Namespace, model: WhisperModel) -> Row:
    sound = args.data / clip["file"]
    began = time.monotonic()
    found, _ = model.transcribe(str(sound))
    plain = " ".join(segment.text for segment in found)
    plain_s, began = time.monotonic() - began, time.monotonic()
    command = [sys.executable, "-m", "tacet", "demo", "--audio", str(sound), "--speed", f"{args.speed:g}", "--json"]
    answer = subprocess.run([*command, "--model", args.model], capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"{clip['id']}: {answer.stderr.strip()}")
    box = json.loads(answer.stdout)
    return Row(
        clip=clip["id"],
        seconds=float(clip["seconds"]),
        words=len(clip["reference"].split()),
        samples_in=box["samples_in"],
        samples_sealed=box["samples_sealed"],
        plain_wer=word_error_rate(clip["reference"], plain),
        box_wer=word_error_rate(clip["reference"], " ".join(line["text"] for line in box["transcript"])),
        plain_s=plain_s,
        box_s=time.monotonic() - began,
    )


def _sum_up(rows: list[Row]) -> int:
    words = sum(row.words for row in rows)
    plain, box = (sum(getattr(row, name) * row.words for row in rows) / words for name in ("plain_wer", "box_wer"))
    missed = [row.clip for row in rows if not row.passes]
    print(
        f"{len(rows)} clips, {sum(row.seconds for row in rows):.0f} s, {words} words: plain {100 * plain:.1f} %, "
        f"box {100 * box:.1f} %; {'all within the bound' if not missed else 'MISSED: ' + ', '.join(missed)}"
    )
    return 1 if missed or not rows else 0


if __name__ == "__main__":
    raise SystemExit(main())
