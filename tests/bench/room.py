"""A room with two microphones, simulated: who sits where, how the walls answer, how much the air hums. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Room:
    """Two chairs, each nearer one of two microphones.

    `level_db` is how much quieter a voice's direct sound is in the farther microphone. The reverberation is as
    loud in both (that is what makes it reverberation), `direct_to_reverberant_db` under the nearer one's direct sound.
    """

    level_db: float
    reverberation_s: float = 0.4
    direct_to_reverberant_db: float = 6.0
    signal_to_noise_db: float = 15.0
    delay_samples: tuple[int, int] = (17, 23)  # of the farther microphone, a chair: 0.36 and 0.49 m more way


def heard_in(room: Room, voices: tuple[Sound, Sound], seed: int = 1) -> NDArray[np.int16]:
    """Give what the two microphones hear of two dry voices of equal length, shape (samples, 2)."""
    random = np.random.default_rng(seed)
    heard = np.zeros((len(voices[0]), 2))
    for chair, voice in enumerate(voices):
        for microphone in (0, 1):
            near = chair == microphone
            heard[:, microphone] += _through(_answer(room, random, near=near, delay=room.delay_samples[chair]), voice)
    loud = np.sqrt((heard**2).mean())
    heard += random.normal(0, loud * 10 ** (-room.signal_to_noise_db / 20), heard.shape)
    return (heard * (8000 / np.abs(heard).max())).astype(np.int16)


def _answer(room: Room, random: np.random.Generator, *, near: bool, delay: int) -> Sound:
    """Impulse response: direct sound, then noise that decays by 60 dB in the reverberation time."""
    samples = int(room.reverberation_s * RATE_HZ)
    tail = random.normal(0, 1, samples) * 10 ** (-3 * np.arange(samples) / samples)
    tail[: RATE_HZ // 500] = 0  # the first wall is some steps away
    tail *= 10 ** (-room.direct_to_reverberant_db / 20) / np.linalg.norm(tail)
    tail[0 if near else delay] = 1.0 if near else 10 ** (-room.level_db / 20)
    return tail


def _through(answer: Sound, voice: Sound) -> Sound:
    samples = len(voice) + len(answer)
    spectrum = np.fft.rfft(voice, samples) * np.fft.rfft(answer, samples)
    return np.fft.irfft(spectrum, samples)[: len(voice)]
