"""Make the demo session's recording, and say what is spoken in it when."""

import wave
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from tacet.demo_session.room import PlacedTurn, Progress, place, record
from tacet.demo_session.script import Speaker, read_script
from tacet.demo_session.voices import SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class SpokenTurn:
    """A turn as it stands in the recording, from its first sound to its last."""

    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int


def synthesise(target: Path, progress: Progress) -> None:
    """Write the demo session to `target`: WAV, 16 kHz, two channels, 16 bit; the same bytes every time.

    The file appears whole or not at all. `progress` is called after each turn.

    Raises:
        SynthesiserError: flite is missing or broken; show its sentence.
        OSError: `target` cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    recording = record(place(read_script(), progress))
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as unfinished:
        _write_wav(Path(unfinished) / target.name, recording).replace(target)


def reference() -> tuple[SpokenTurn, ...]:
    """What is said in the recording, in order. Speaks everything once more, some seconds. Raises SynthesiserError."""
    return tuple(_spoken(placed) for placed in place(read_script(), _no_progress))


def _spoken(placed: PlacedTurn) -> SpokenTurn:
    first, last = placed.sounds[0], placed.sounds[-1]
    return SpokenTurn(placed.turn.speaker, placed.turn.text, _ms(first.start_sample), _ms(last.end_sample))


def _write_wav(path: Path, recording: NDArray[np.int16]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(recording.shape[1])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(recording.astype("<i2").tobytes())
    return path


def _ms(samples: int) -> int:
    return samples * 1000 // SAMPLE_RATE_HZ


def _no_progress(_spoken_turns: int, _turns: int) -> None:
    pass
