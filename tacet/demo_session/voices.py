"""The two voices: Debian's `flite`, which speaks offline and says the same thing every time.

Measured with Whisper base (int8, beam 5) on the script, each voice speaking all turns alone: slt 1.1-1.4 % WER,
rms 1.1-2.5 %, awb 1.6 %, espeak-ng 4.1-4.5 %. slt and rms also differ most from each other.
"""

import subprocess
import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from app.errors import TacetError
from tacet.demo_session.script import Speaker, Utterance

SAMPLE_RATE_HZ = 16_000  # what both voices are recorded at: nothing is resampled
SPEECH_TIMEOUT_S = 60
SILENCE = 0.003  # of full scale; flite's own pauses are digital silence with a little ring

VOICES = {
    Speaker.THERAPIST: ("slt", "1.05"),  # voice, stretch of its durations
    Speaker.CLIENT: ("rms", "0.95"),
}


class SynthesiserError(TacetError):
    """No speech came, so there is no demo session."""


def speak(speaker: Speaker, utterance: Utterance) -> NDArray[np.float32]:
    """Say one utterance: mono float32 in -1..1 at 16 kHz, without silence before or after. Deterministic.

    Raises:
        SynthesiserError: flite is not installed or failed; the caller shows the sentence.
    """
    with TemporaryDirectory(prefix="tacet-voice-") as folder:
        spoken = Path(folder) / "spoken.wav"
        _run_flite(speaker, utterance, spoken)
        return _trimmed(_read_wav(spoken))


def _run_flite(speaker: Speaker, utterance: Utterance, target: Path) -> None:
    voice, stretch = VOICES[speaker]
    words = ["-p", utterance.phones] if utterance.phones else ["-t", utterance.text]
    command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", *words, "-o", str(target)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=SPEECH_TIMEOUT_S)
    except FileNotFoundError:
        raise SynthesiserError(
            "The demo session needs the speech synthesiser flite. Install it with: sudo apt-get install flite"
        ) from None
    except subprocess.SubprocessError:
        raise SynthesiserError(
            "The speech synthesiser flite stopped with an error. "
            "Install it again with: sudo apt-get install --reinstall flite"
        ) from None


def _read_wav(path: Path) -> NDArray[np.float32]:
    try:
        with wave.open(str(path), "rb") as spoken:
            layout = (spoken.getframerate(), spoken.getnchannels(), spoken.getsampwidth())
            pcm = np.frombuffer(spoken.readframes(spoken.getnframes()), np.dtype("<i2"))
    except (OSError, wave.Error, EOFError):
        layout, pcm = None, np.empty(0, np.dtype("<i2"))
    if layout != (SAMPLE_RATE_HZ, 1, 2) or not pcm.size:
        raise SynthesiserError("The speech synthesiser flite gave no usable sound. Install Debian's own package flite.")
    return pcm.astype(np.float32) / np.float32(32768)


def _trimmed(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    loud = np.flatnonzero(np.abs(sound) > SILENCE)
    return sound[loud[0] : loud[-1] + 1] if loud.size else sound
