"""Sound in which nobody speaks: silence, room noise, breath, clatter, half a minute each in turn. Always the same."""

from collections.abc import Iterator
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
TURN_S = 30

Sound = NDArray[np.float64]


def no_speech(seconds: int) -> Iterator[bytes]:
    """Give s16le mono at 16 kHz, a second at a time."""
    chance = np.random.default_rng(7)
    for start, make in zip(range(0, seconds, TURN_S), cycle((_silence, _room, _breath, _clatter)), strict=False):
        turn = make(chance)[: (seconds - start) * RATE_HZ].astype("<i2").tobytes()
        yield from (turn[place : place + 2 * RATE_HZ] for place in range(0, len(turn), 2 * RATE_HZ))


def _silence(_: np.random.Generator) -> Sound:
    return np.zeros(TURN_S * RATE_HZ)


def _room(chance: np.random.Generator) -> Sound:
    noise = np.convolve(chance.normal(0, 60, TURN_S * RATE_HZ), np.ones(8) / 8, mode="same")
    hum = 25 * np.sin(2 * np.pi * 50 * np.arange(len(noise)) / RATE_HZ)
    return np.asarray(noise + hum)


def _breath(chance: np.random.Generator) -> Sound:
    seconds = np.arange(TURN_S * RATE_HZ) / RATE_HZ
    rise = np.clip(np.sin(2 * np.pi * seconds / 3.7), 0, None) ** 2
    return np.asarray(_room(chance) + rise * chance.normal(0, 500, len(seconds)))


def _clatter(chance: np.random.Generator) -> Sound:
    sound = _room(chance)
    for start in chance.integers(0, len(sound) - RATE_HZ // 2, 40):
        length = int(chance.integers(RATE_HZ // 50, RATE_HZ // 4))
        fall = np.exp(-np.arange(length) / (length / 5))
        ring = np.sin(2 * np.pi * chance.uniform(200, 3_000) * np.arange(length) / RATE_HZ)
        sound[start : start + length] += fall * (3_000 * ring + chance.normal(0, 3_000, length))
    return sound
