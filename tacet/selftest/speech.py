"""How fast this device hears, in a process of its own: it can be ended within a moment when a session begins."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.asr.settings import AsrSettings
from app.finding import Finding, Verdict
from app.speech.listening import listen
from models import locate
from tacet.sound_file import blocks_of, seconds_of

RUNS: Final = 2  # the first may still be beside the box's own start
PATIENCE_S: Final = 600.0
_LOOKS_EVERY_S: Final = 0.5
KEEPS_UP: Final = 1.5  # times as fast as spoken: the words of a session are there when it ends

# What a second of sound costs, as layers times squared width of Whisper's encoder, where nearly all of the work is.
# Source: "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), table 1; turbo has large's encoder.
COSTS: Mapping[str, float] = MappingProxyType({
    "tiny.en": 4 * 384**2,
    "base": 6 * 512**2,
    "small": 12 * 768**2,
    "small.en": 12 * 768**2,
    "large-v3-turbo": 32 * 1280**2,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Speed:
    """Figures alone; what was said is not among them."""

    spoken_s: float
    took_s: float  # the quickest of RUNS
    words: int

    @property
    def times(self) -> float:
        return self.spoken_s / max(self.took_s, 1e-6)


def hear_for_speed(asr: AsrSettings, sound: Path) -> Speed:
    """Hear it as the box hears a session. To be called in a process that ends afterwards."""
    from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  a second of imports

    folder = locate(asr.models_dir, asr.model)
    transcriber = WhisperTranscriber(folder, asr.model, asr.threads, asr.device)
    took_s, words = list[float](), 0
    for _ in range(RUNS):
        began_s = time.monotonic()
        heard = list(listen(blocks_of(sound, 1), 1, transcriber, transcriber.at_once))
        took_s.append(time.monotonic() - began_s)
        words = sum(len(segment.words) for part in heard for segment in part.segments)
    return Speed(seconds_of(sound) or 0.0, min(took_s), words)


def measure_speech(command: list[str], model: str, make_way: Callable[[], None], patience_s: float) -> Finding:
    """Run `command`, which prints a Speed, and judge it; `make_way` raises to end it at once."""
    deadline_s = time.monotonic() + patience_s
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            while child.poll() is None and time.monotonic() < deadline_s:
                make_way()
                time.sleep(_LOOKS_EVERY_S)
        finally:
            child.kill()
        told = child.stdout.read() if child.stdout and child.wait() == 0 else b""
    if told:
        return judge_speech(Speed(**json.loads(told)), model)
    if child.returncode < 0:
        said = f"Half a minute of speech was not heard within {patience_s / 60:.0f} minutes."
        return Finding("speech speed", Verdict.BROKEN, said, _TOO_SLOW)
    said = "The speech model could not be run."
    return Finding("speech speed", Verdict.BROKEN, said, "Look with: tacet transcribe FILE")


_TOO_SLOW: Final = "Let a stronger machine of the clinic hear for this box (docs/pool.md), or use a faster device."


def judge_speech(speed: Speed, model: str) -> Finding:
    """Pure."""
    if not speed.words:
        said = f"{model} found no word in {speed.spoken_s:.0f} seconds of clear speech."
        return Finding("speech speed", Verdict.BROKEN, said, "Fetch the model again: tacet models fetch " + model)
    said = f"{model} hears {speed.times:.1f} times as fast as people speak."
    verdict = Verdict.FINE if speed.times >= KEEPS_UP else Verdict.ATTENTION
    remedy = "" if verdict is Verdict.FINE else f"Words come after the session. {_TOO_SLOW}"
    return Finding("speech speed", verdict, f"{said} {affords(speed.times, model)}".rstrip(), remedy)


def affords(times: float, model: str) -> str:
    """Which of the other models would keep up, worked out from the measured one. Pure; "" where that is not known."""
    if model not in COSTS:
        return ""
    expected = {name: times * COSTS[model] / cost for name, cost in COSTS.items() if name != model}
    can = [name for name, speed in expected.items() if speed >= KEEPS_UP]
    cannot = [name for name, speed in expected.items() if speed < KEEPS_UP]
    parts = [
        f"{', '.join(can)} would keep up too" if can else "",
        f"{', '.join(cannot)} would not" if cannot else "",
    ]
    return f"By reckoning, {'; '.join(part for part in parts if part)}."


def child_command(config: Path, sound: Path) -> list[str]:
    return [
        sys.executable,
        "-I",
        "-m",
        "tacet",
        "selftest",
        "--config",
        str(config),
        "--speech",
        str(sound),
        "--only-speech",
    ]
