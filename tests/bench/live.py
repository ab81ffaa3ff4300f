"""A session at real speed through a whole box: recorder, app and asr, each a process of its own, on a file's sound.

How far the transcript is behind the room (at most 30 s), how soon after the stop it is complete (10 s), whether the
recorder kept every sample, and whether the words are those of the same sound heard in one go, without a box. With
`--kills N`, asr is killed N times meanwhile, half of them at the least while it works; then only the last two count.
Ends with 1 when a bound is missed. On a busy machine the times say little; the words and the samples must hold.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
import wave
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from app.speech.listening import listen
from firmware.status import BoxState, RecorderClient
from tacet.__main__ import default_models_dir
from tacet.demo import configuration, free_port, reach
from tacet.demo_therapist import Therapist
from tacet.processes import box_services, running
from tacet.settings import write_settings
from tacet.sound_file import blocks_of
from tacet.thumb import Thumb

RATE_HZ = 16_000
MOST_BEHIND_S, COMPLETE_WITHIN_S = 30.0, 10.0
STARTS_WITHIN_S = 240.0
LOOK_EVERY_S = 0.25
BUSY_TICKS = 10  # of CPU since the last look: asr is at work


@dataclass
class Seen:
    """What the session looked like from outside."""

    behind_s: list[float] = field(default_factory=list)
    kills: int = 0
    kills_at_work: int = 0
    complete_s: float = 0.0
    samples_in: int = 0
    session: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def words(self) -> list[tuple[int, int, str]]:
        lines = self.session["transcript"]
        return [(word["start_ms"], word["end_ms"], word["word"]) for line in lines for word in line["words"]]


def main() -> int:
    args = _arguments()
    with tempfile.TemporaryDirectory(prefix="tacet-live-") as name:
        args.audio = _session_sound(args.data, args.minutes, Path(name) / "session.wav")
        expected = _heard_in_one_go(args)
        seen = asyncio.run(_record(args, Path(name)))
    return _report(args, seen, expected)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-live", description=__doc__)
    given = os.environ.get("TACET_DATA")
    parser.add_argument("--data", type=Path, default=given and Path(given), metavar="DIR", help="or TACET_DATA")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=0, metavar="N")
    parser.add_argument("--model", default="base")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the room speaks (default 1)")
    args = parser.parse_args()
    if args.data is None or not (args.data / "manifest.json").exists():
        parser.error("name a folder with a manifest.json: make bench-live DATA=DIR")
    args.models_dir = default_models_dir()
    return args


def _session_sound(data: Path, minutes: float, into: Path) -> Path:
    """Clips one after another, from the first again after the last."""
    files = [data / clip["file"] for clip in json.loads((data / "manifest.json").read_text()) if clip["reference"]]
    left = int(minutes * 60) * RATE_HZ * 2
    with wave.open(str(into), "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE_HZ)
        for block in (block for file in cycle(files) for block in blocks_of(file, 1)):
            written.writeframes(block[:left])
            left -= len(block)
            if left <= 0:
                return into
    return into


def _heard_in_one_go(args: argparse.Namespace) -> list[tuple[int, int, str]]:
    from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  the model's memory goes with this function

    transcriber = WhisperTranscriber(args.models_dir / args.model, args.model, threads=0)
    heard = listen(blocks_of(args.audio, 1), 1, transcriber)
    words = [word for part in heard for segment in part.segments for word in segment.words]
    return [(word.start_ms, word.end_ms, word.text) for word in words]


async def _record(args: argparse.Namespace, folder: Path) -> Seen:
    port, seen = free_port(), Seen()
    (folder / "run").mkdir(mode=0o700)
    write_settings(folder / "tacet.toml", configuration(args, folder, port, channels=1))
    services = box_services(folder / "tacet.toml")
    async with running(services), Therapist(port, folder / "data") as therapist:
        await therapist.set_up(STARTS_WITHIN_S)
        recorder, thumb = RecorderClient(folder / "run/recorder.sock"), Thumb(folder / "run/panel.sock")
        await reach(recorder, BoxState.READY)
        await thumb.press()
        killing = asyncio.create_task(_kill(args, seen, str(folder / "tacet.toml"))) if args.kills else None
        await _watch(recorder, therapist, seen)
        if killing:
            await killing
        await thumb.hold()
        began = time.monotonic()
        seen.session = await _finished(therapist)
        seen.complete_s = time.monotonic() - began
    return seen


async def _finished(therapist: Therapist) -> dict[str, Any]:
    while True:
        session = await therapist.session()
        if session["problem"]:
            sys.exit(session["problem"])
        if session["finished"]:
            return session
        await asyncio.sleep(LOOK_EVERY_S)


async def _watch(recorder: RecorderClient, therapist: Therapist, seen: Seen) -> None:
    """Look on until the file has been played to its end."""
    looked = 0.0
    async with contextlib.aclosing(recorder.watch()) as statuses:
        async for status in statuses:
            if status is None or status.state is not BoxState.RECORDING:
                continue
            seen.samples_in = max(seen.samples_in, status.samples_in)
            if status.microphone_ended:
                return
            if time.monotonic() - looked >= LOOK_EVERY_S:
                looked = time.monotonic()
                seen.behind_s.append(status.samples_in / RATE_HZ - await therapist.shown_ms() / 1000)
                if len(seen.behind_s) % 240 == 0:
                    print(f"{status.samples_in / RATE_HZ / 60:5.1f} min, {max(seen.behind_s):.1f} s behind", flush=True)


async def _kill(args: argparse.Namespace, seen: Seen, config: str) -> None:
    """Kill asr again and again, evenly over the session; every other time not before it is at work."""
    every_s = args.minutes * 60 / args.speed / (args.kills + 1)
    began = time.monotonic()
    for number in range(1, args.kills + 1):
        await asyncio.sleep(max(0.0, began + number * every_s - time.monotonic()))
        at_work = await _until_at_work(config, every_s / 2) if number % 2 else False
        if pid := _asr_process(config):
            os.kill(pid, signal.SIGKILL)
            seen.kills += 1
            seen.kills_at_work += at_work


async def _until_at_work(config: str, within_s: float) -> bool:
    """Wait for asr to be in the middle of something, a model's loading or a window."""
    deadline, before = time.monotonic() + within_s, None
    while time.monotonic() < deadline:
        pid = _asr_process(config)
        now = _ticks(pid) if pid else None
        if now is not None and before is not None and now - before >= BUSY_TICKS:
            return True
        before = now
        await asyncio.sleep(LOOK_EVERY_S)
    return False


def _asr_process(config: str) -> int | None:
    """Find this box's own asr, by its settings file."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"asr" in words and config.encode() in words:
                return int(process.name)
    return None


def _ticks(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return None


def _report(args: argparse.Namespace, seen: Seen, expected: list[tuple[int, int, str]]) -> int:
    behind = sorted(seen.behind_s)
    sealed = seen.session["samples"]
    whole = int(args.minutes * 60) * RATE_HZ
    missed = seen.session["not_understood"]
    print(
        f"{args.minutes:g} minutes, {len(seen.words)} words, {len(missed)} places not understood, speed {args.speed:g}"
    )
    print(f"behind the room: at most {behind[-1]:.1f} s, half of the time under {behind[len(behind) // 2]:.1f} s")
    print(f"complete {seen.complete_s:.1f} s after the stop")
    print(f"samples: {whole} played, {seen.samples_in} heard, {sealed} on the tape")
    same = seen.words == expected
    print(f"words and times as heard in one go: {'the same' if same else 'DIFFERENT'}")
    bounds = {"every sample": whole == seen.samples_in == sealed, "the same words": same}
    if args.kills:
        print(f"asr was killed {seen.kills} times, {seen.kills_at_work} of them waited for to be at work")
        bounds["kills"] = seen.kills == args.kills
    else:
        bounds[f"at most {MOST_BEHIND_S:g} s behind"] = behind[-1] <= MOST_BEHIND_S
        bounds[f"complete within {COMPLETE_WITHIN_S:g} s"] = seen.complete_s <= COMPLETE_WITHIN_S
    broken = [bound for bound, held in bounds.items() if not held]
    print("; ".join(f"MISSED: {bound}" for bound in broken) or "all within the bounds")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
