"""One speech system in a process of its own: reads jobs as JSON lines, answers with words and what they cost.

A job is {"file": PATH, "loudness": FACTOR} or, for the length and the silence parts, {"minutes": N, "files": [...],
"talking": 0..1} or {"silence_s": N}.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from app.speech.listening import listen
from tacet.__main__ import default_models_dir
from tacet.sound_file import blocks_of
from tests.bench.no_speech import no_speech

SYSTEMS = ("core", "sequential", "batched")
MINUTE_BYTES = 60 * 16_000 * 2

Hear = Callable[[dict[str, Any]], str]


def main() -> int:
    name, model = sys.argv[1:]
    hear = _core(model) if name == "core" else _peer(name, model)
    print(json.dumps({"ready": name}), flush=True)
    for line in sys.stdin:
        began, spent = time.monotonic(), _cpu_s()
        text = hear(json.loads(line))
        answer = {"text": text, "wall_s": time.monotonic() - began, "cpu_s": _cpu_s() - spent, "peak_mb": _peak_mb()}
        print(json.dumps(answer), flush=True)
    return 0


def _core(model: str) -> Hear:
    from app.asr.whisper import WhisperTranscriber  # noqa: PLC0415  a process loads what it measures, nothing else

    transcriber = WhisperTranscriber(default_models_dir() / model, model, threads=0)

    def hear(job: dict[str, Any]) -> str:
        return " ".join(
            segment.text
            for part in listen(_blocks(job), 1, transcriber, transcriber.at_once)
            for segment in part.segments
        )

    return hear


def _peer(name: str, model: str) -> Hear:
    import os  # noqa: PLC0415  same

    from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio  # noqa: PLC0415  same

    loaded = WhisperModel(str(default_models_dir() / model), compute_type="int8", cpu_threads=os.cpu_count() or 1)
    batched = BatchedInferencePipeline(loaded)

    def hear(job: dict[str, Any]) -> str:
        sound = job["file"] if job["loudness"] == 1 else decode_audio(job["file"]) * np.float32(job["loudness"])
        if name == "sequential":
            found, _ = loaded.transcribe(sound)
        else:
            found, _ = batched.transcribe(sound, batch_size=8)
        return " ".join(segment.text for segment in found)

    return hear


def _blocks(job: dict[str, Any]) -> Iterator[bytes]:
    if "silence_s" in job:
        yield from no_speech(job["silence_s"])
    elif "minutes" in job:
        left = job["minutes"] * MINUTE_BYTES
        for block in _talking_and_resting(job["files"], rest_s=round(60 / job["talking"]) - 60):
            yield block[:left]
            left -= len(block)
            if left <= 0:
                return
    else:
        for block in blocks_of(Path(job["file"]), 1):
            yield block if job["loudness"] == 1 else _louder(block, job["loudness"])


def _louder(block: bytes, factor: float) -> bytes:
    return np.rint(np.frombuffer(block, "<i2") * factor).clip(-32768, 32767).astype("<i2").tobytes()


def _talking_and_resting(files: list[str], rest_s: int) -> Iterator[bytes]:
    """Give a minute of speech, then a rest without any, and so on."""
    talked = 0
    for block in (block for file in cycle(files) for block in blocks_of(Path(file), 1)):
        yield block
        talked += len(block)
        if rest_s and talked >= MINUTE_BYTES:
            talked = 0
            yield from no_speech(rest_s)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
