"""`tacet demo`: the whole box without a browser or a finger, on any sound file."""

import argparse
import asyncio
import contextlib
import json
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.errors import TacetError
from firmware.status import BoxState, BoxStatus, RecorderClient
from models import locate
from tacet.demo_therapist import Therapist
from tacet.processes import box_services, running
from tacet.settings import check_settings, write_settings
from tacet.sound_file import channels_of
from tacet.thumb import Thumb

STARTS_WITHIN_S = 30.0
BLOCK_TIMEOUT_MS = 5_000  # a busy machine that plays a file many times as fast may falter; a real box may not


@dataclass(slots=True)
class Timings:
    """Seconds of wall time, each phase from the end of the one before."""

    start_s: float = 0.0
    record_s: float = 0.0
    transcribe_after_stop_s: float = 0.0
    total_s: float = 0.0
    _began: float = field(default_factory=time.monotonic, repr=False)

    def lap(self) -> float:
        """Give the seconds since the last lap."""
        passed = time.monotonic() - self._began - self.total_s
        self.total_s += passed
        return passed

    def rounded(self) -> dict[str, float]:
        phases = ("start_s", "record_s", "transcribe_after_stop_s", "total_s")
        return {phase: round(getattr(self, phase), 2) for phase in phases}


def run_demo(args: argparse.Namespace) -> int:
    """Record args.audio from a simulated press to a simulated hold and print what was heard."""
    channels = args.channels or min(2, channels_of(args.audio))
    locate(args.models_dir, args.model)
    if not 0 < args.speed <= 100:  # noqa: PLR2004  the microphone's own limit
        raise TacetError(f"--speed {args.speed:g} is not possible: name a number over 0 and up to 100.")
    with tempfile.TemporaryDirectory(prefix="tacet-demo-") as folder:
        result = asyncio.run(_demo(args, Path(folder), channels))
    print(json.dumps(result, ensure_ascii=False) if args.json else _to_read(result))
    return 0


async def _demo(args: argparse.Namespace, folder: Path, channels: int) -> dict[str, Any]:
    run_dir, port = folder / "run", free_port()
    run_dir.mkdir(mode=0o700)
    written = configuration(args, folder, port, channels)
    check_settings(written, "tacet demo")
    write_settings(folder / "tacet.toml", written)
    timings = Timings()
    async with running(box_services(folder / "tacet.toml")), Therapist(port, folder / "data") as therapist:
        await therapist.set_up(STARTS_WITHIN_S)
        recorder = RecorderClient(run_dir / "recorder.sock")
        await reach(recorder, BoxState.READY)
        timings.start_s = timings.lap()
        last = await _record(recorder, Thumb(run_dir / "panel.sock"))
        timings.record_s = timings.lap()
        session = await _wait_for_words(therapist)
        timings.transcribe_after_stop_s = timings.lap()
    return {
        "samples_in": last.samples_in,
        "samples_sealed": session["samples"],
        "duration_s": round(session["samples"] / session["sample_rate_hz"], 3),
        "transcript": session["transcript"],
        "not_understood": session["not_understood"],
        "timings": timings.rounded(),
    }


def configuration(args: argparse.Namespace, folder: Path, port: int, channels: int) -> dict[str, Any]:
    """Settings of a box whose microphone is args.audio, played args.speed times as fast; heard by args.model."""
    recorder = {
        "panel": "simulated",
        "microphone": "file",
        "audio_file": args.audio.resolve(),
        "speed": args.speed,
        "at_end": "end",
        "channels": channels,
        "min_free_hours": 0.1,
        "block_timeout_ms": BLOCK_TIMEOUT_MS,
    }
    return {
        "data_dir": folder / "data",
        "run_dir": folder / "run",
        "models_dir": args.models_dir.resolve(),
        "recorder": recorder,
        "app": {"host": "127.0.0.1", "port": port, "announce": False},
        "asr": {"model": args.model},
    }


async def _record(recorder: RecorderClient, thumb: Thumb) -> BoxStatus:
    """Press, wait until the file has ended, hold; give the last status that counted the recording."""
    await thumb.press()
    last: BoxStatus | None = None
    async with contextlib.aclosing(recorder.watch()) as statuses:
        async for status in statuses:
            if status is None:
                continue
            if status.state is BoxState.FAULT:
                raise TacetError(f"The recording was interrupted. {' '.join(status.reasons)}")
            if status.state is BoxState.RECORDING:
                last = status
                if status.microphone_ended:
                    break
    await thumb.hold()
    stopped = await reach(recorder, BoxState.READY, BoxState.NOT_READY)
    assert last is not None
    return stopped if stopped.samples_in >= last.samples_in else last


async def reach(recorder: RecorderClient, *states: BoxState) -> BoxStatus:
    """Wait until the recorder is in one of these states; raise TacetError when it takes too long."""
    reasons: tuple[str, ...] = ("It does not answer.",)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STARTS_WITHIN_S), contextlib.aclosing(recorder.watch()) as statuses:
            async for status in statuses:
                if status is not None and status.state in states:
                    return status
                reasons = status.reasons if status else reasons
    raise TacetError(f"The recorder did not get {' or '.join(states).replace('_', ' ')}. {' '.join(reasons)}")


async def _wait_for_words(therapist: Therapist) -> dict[str, Any]:
    """Wait for the whole transcript and show how far it is."""
    with tqdm(total=100, unit="%", desc="Transcribing", file=sys.stderr, disable=None, leave=False) as bar:
        while True:
            session = await therapist.session()
            if session["problem"]:
                raise TacetError(session["problem"])
            if session["finished"]:
                return session
            heard_ms = session["transcript"][-1]["end_ms"] if session["transcript"] else 0
            bar.update(100 * heard_ms // max(1, session["duration_ms"]) - bar.n)
            await asyncio.sleep(0.2)


def _to_read(result: dict[str, Any]) -> str:
    lines = []
    for line in result["transcript"]:
        seconds = line["start_ms"] // 1000
        voice = f"{line['voice']}: " if line["voice"] else ""
        lines.append(f"{seconds // 60:3d}:{seconds % 60:02d}  {voice}{line['text']}")
    kept = f"{result['samples_sealed']:,} of {result['samples_in']:,} samples sealed, {result['duration_s']:g} s."
    missed = len(result["not_understood"])
    unheard = f"Somebody speaks and no words were understood: {missed} times." if missed else ""
    return "\n".join([*lines, "", *filter(None, [unheard]), kept])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
