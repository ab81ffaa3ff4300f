"""Log mel energies as the speaker model was trained on them: Kaldi's, 80 bands, 25 ms every 10 ms. Pure."""

import numpy as np
from numpy.typing import NDArray

from app.asr.transcriber import SAMPLE_RATE_HZ

Values = NDArray[np.float32]

FRAME_SAMPLES, STEP_SAMPLES = 400, 160
SPECTRUM_SAMPLES = 512
MELS, LOWEST_HZ = 80, 20.0
PREEMPHASIS = 0.97
LEAST = float(np.finfo(np.float32).eps)


def fbank(audio: Values) -> Values:
    """Give shape (frames, 80) for mono sound at 16 kHz; none for less than 25 ms."""
    if len(audio) < FRAME_SAMPLES:
        return np.zeros((0, MELS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(audio, FRAME_SAMPLES)[::STEP_SAMPLES].astype(np.float32)
    frames -= frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft((frames - PREEMPHASIS * before) * _WINDOW, SPECTRUM_SAMPLES)[:, :-1]) ** 2
    energies: Values = np.log(np.maximum(power.astype(np.float32) @ _BANDS, LEAST))
    return energies


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(hertz / 700.0)


def _bands() -> Values:
    """Triangles, evenly spaced in mel. Source: Kaldi's feat/mel-computations.cc."""
    hertz = np.arange(SPECTRUM_SAMPLES // 2) * SAMPLE_RATE_HZ / SPECTRUM_SAMPLES
    edges = np.linspace(_mel(np.array(LOWEST_HZ)), _mel(np.array(SAMPLE_RATE_HZ / 2)), MELS + 2)
    rising = (_mel(hertz)[:, None] - edges[:-2]) / (edges[1] - edges[0])
    falling = (edges[2:] - _mel(hertz)[:, None]) / (edges[1] - edges[0])
    bands: Values = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return bands


_BANDS = _bands()
_WINDOW = (np.hanning(FRAME_SAMPLES) ** 0.85).astype(np.float32)  # Kaldi's "povey"
