"""The only file that runs CAM++. One call hears one sound; nothing is kept between calls."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from app.asr.fbank import STEP_SAMPLES, fbank
from app.asr.transcriber import SAMPLE_RATE_HZ
from app.asr.voice_detector import voice_probabilities
from app.asr.voiceprints import MOST_SAMPLES, Span, Voiceprints
from app.asr.voices import STEP_SAMPLES as DETECTOR_SAMPLES
from app.asr.voices import Probabilities

PRINT_MS, STEP_MS = 1_500, 1_000  # long enough to know a voice, short enough for a turn; each costs 20 ms of CPU
SHORTEST_MS = 300  # less is noise to the model
BEGINS, ENDS = 0.3, 0.15
JOINED_MS, LEAST_MS = 200, 200
BATCH = 8
LOUD, MOST_GAIN = 0.2, 20.0
EMBEDDING = 192
FRAME_MS = 1000 * STEP_SAMPLES // SAMPLE_RATE_HZ

Audio = NDArray[np.float32]


class CampPlusPrinter:
    """Knows voices by CAM++ on one core. Handles speech and voiceprints in clear; one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Load the model, a third of a second; `folder` must have been verified."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / "campplus.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def voiceprints(self, pcm: bytes) -> Voiceprints:
        """Give the prints of a sound of at most 30 s."""
        audio: Audio = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        if len(audio) > MOST_SAMPLES:
            message = f"a sound for voiceprints holds up to {MOST_SAMPLES} samples, not {len(audio)}"
            raise ValueError(message)
        features = fbank(audio)
        if not len(features):
            return Voiceprints((), (), np.zeros((0, EMBEDDING), np.float32))
        speech = spoken(voice_probabilities(audio * _gain(audio)))
        spans = tuple(span for stretch in speech for span in printed(stretch))
        return Voiceprints(tuple(speech), spans, self._prints(features, spans))

    def _prints(self, features: Audio, spans: Sequence[Span]) -> Audio:
        """Make a print of each span; those of one length go through the model together."""
        same_length: defaultdict[int, list[int]] = defaultdict(list)
        cuts = [_cut(span, len(features)) for span in spans]
        for number, (first, last) in enumerate(cuts):
            same_length[last - first].append(number)
        prints = np.zeros((len(spans), EMBEDDING), np.float32)
        for numbers in same_length.values():
            for start in range(0, len(numbers), BATCH):
                batch = numbers[start : start + BATCH]
                stacked = np.stack([features[slice(*cuts[number])] for number in batch])
                (made,) = self._session.run(None, {"features": stacked - stacked.mean(axis=1, keepdims=True)})
                prints[batch] = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
        return prints


def spoken(probabilities: Probabilities) -> list[Span]:
    """Give the stretches in which somebody speaks, short breaks joined and clicks left out."""
    stretches: list[Span] = []
    started: int | None = None
    for step, probability in enumerate([*probabilities, 0.0]):
        at_ms = step * DETECTOR_SAMPLES * 1000 // SAMPLE_RATE_HZ
        if started is None and probability >= BEGINS:
            started = at_ms
        elif started is not None and probability < ENDS:
            if stretches and started - stretches[-1][1] < JOINED_MS:
                started = stretches.pop()[0]
            stretches.append((started, at_ms))
            started = None
    return [(start_ms, end_ms) for start_ms, end_ms in stretches if end_ms - start_ms >= LEAST_MS]


def printed(stretch: Span) -> list[Span]:
    """Lay spans over a stretch, evenly, no further apart than a second."""
    start_ms, end_ms = stretch
    room_ms = end_ms - start_ms - PRINT_MS
    if room_ms <= 0:
        return [stretch]
    steps = -(-room_ms // STEP_MS)
    return [(start_ms + room_ms * n // steps, start_ms + room_ms * n // steps + PRINT_MS) for n in range(steps + 1)]


def _cut(span: Span, frames: int) -> tuple[int, int]:
    """First frame, and the one after the last; a tenth of a second more or less makes lengths alike."""
    length = max(SHORTEST_MS, round((span[1] - span[0]) / 100) * 100) // FRAME_MS
    first = max(0, min(span[0] // FRAME_MS, frames - length))
    return first, min(frames, first + length)


def _gain(audio: Audio) -> float:
    """How much louder a quiet room has to be for the detector."""
    loud = float(np.percentile(np.abs(audio), 99))
    return min(max(LOUD / max(loud, 1e-6), 1.0), MOST_GAIN)
