"""The demo session's sound and words, as set-up has made them."""

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.speech.attribution import mixed_down
from tacet.demo_session.script import Speaker, read_script

CHECKOUT = Path(__file__).resolve().parents[2]
DEMO_SESSION = CHECKOUT / "build/demo-session.wav"
MODELS_DIR = CHECKOUT / "build/models"
RATE_HZ = 16_000
CHANNELS = 2


def demo_pcm(start_s: float = 0.0, end_s: float = 1e6) -> bytes:
    """Interleaved s16le at 16 kHz, two channels."""
    if not DEMO_SESSION.exists():
        pytest.fail(f"{DEMO_SESSION} is not there; `make setup` makes it")
    with wave.open(str(DEMO_SESSION)) as file:
        file.setpos(int(start_s * RATE_HZ))
        return file.readframes(min(file.getnframes(), int(end_s * RATE_HZ)) - int(start_s * RATE_HZ))


def demo_heard(start_s: float = 0.0, end_s: float = 1e6) -> NDArray[np.float32]:
    """Mono at 16 kHz between -1 and 1, as the transcriber hears it."""
    return np.frombuffer(mixed_down(demo_pcm(start_s, end_s), CHANNELS), "<i2").astype(np.float32) / np.float32(32768)


def demo_excerpt(path: Path, end_s: float) -> Path:
    """Writes the demo session's beginning as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(CHANNELS)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(demo_pcm(0, end_s))
    return path


def demo_words(speaker: Speaker | None = None) -> str:
    """All that is said, or what one of the two says."""
    return " ".join(turn.text for turn in read_script() if speaker in (None, turn.speaker))
