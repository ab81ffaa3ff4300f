"""Where somebody speaks: silero VAD, which faster-whisper brings. `fast_voice_detector.py` has it on OpenVINO."""

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

from app.asr.voices import STEP_SAMPLES, Probabilities


def voice_probabilities(audio: NDArray[np.float32]) -> Probabilities:
    """Give a probability for every 32 ms of mono sound at 16 kHz, -1..1."""
    padded = np.pad(audio, (0, STEP_SAMPLES - len(audio) % STEP_SAMPLES))
    probabilities: Probabilities = get_vad_model()(padded).reshape(-1)
    return probabilities
