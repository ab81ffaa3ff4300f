"""Signals that tests record and look for again."""

import wave
from pathlib import Path

import numpy as np


def noise(samples: int, channels: int = 1, *, seed: int = 1, peak: int = 12_000) -> bytes:
    """Interleaved s16le that equals no shifted part of itself, so that one place in it is found exactly."""
    frames = np.random.default_rng(seed).integers(-peak, peak, (samples, channels), dtype=np.int16)
    return frames.astype("<i2").tobytes()


def write_wav(path: Path, pcm: bytes, sample_rate_hz: int = 16_000, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(pcm)
    return path
