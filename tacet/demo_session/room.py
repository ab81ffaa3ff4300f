"""The room: who stands where on the timeline, how loud, and what each of two microphones hears of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tacet.demo_session.script import Speaker, Turn
from tacet.demo_session.voices import SAMPLE_RATE_HZ, speak

LEAD_IN_S = 1.5  # the room before the first word
BREATH_S = 0.45  # between two utterances of one turn
SPEECH_DBFS = -24.0  # mean power of a voice on its own microphone
BLEED_DB = -12.0  # of a voice on the other person's microphone
BLEED_DELAY_SAMPLES = 40  # 2.5 ms: the other microphone is 0.85 m further away
NOISE_DBFS = -63.0
NOISE_SEED = 20_240_111

CHANNEL = {Speaker.THERAPIST: 0, Speaker.CLIENT: 1}

Sound = NDArray[np.float32]
Progress = Callable[[int, int], None]  # turns spoken, turns in all


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSound:
    speaker: Speaker
    start_sample: int
    sound: Sound

    @property
    def end_sample(self) -> int:
        return self.start_sample + len(self.sound)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTurn:
    turn: Turn
    sounds: tuple[PlacedSound, ...]  # one an utterance, in order
    next_sample: int  # where the following turn starts


def place(turns: Sequence[Turn], progress: Progress) -> tuple[PlacedTurn, ...]:
    """Speak every turn and lay them one after another. Raises SynthesiserError."""
    placed: list[PlacedTurn] = []
    cursor = _samples(LEAD_IN_S)
    for count, turn in enumerate(turns, start=1):
        placed.append(_place_turn(turn, cursor))
        cursor = placed[-1].next_sample
        progress(count, len(turns))
    return tuple(placed)


def _place_turn(turn: Turn, start_sample: int) -> PlacedTurn:
    sounds: list[PlacedSound] = []
    cursor = start_sample
    for utterance in turn.utterances:
        sounds.append(PlacedSound(turn.speaker, cursor, speak(turn.speaker, utterance)))
        cursor = sounds[-1].end_sample + _samples(BREATH_S)
    return PlacedTurn(turn, tuple(sounds), sounds[-1].end_sample + _samples(turn.pause_s))


def record(placed: Sequence[PlacedTurn]) -> NDArray[np.int16]:
    """What two microphones hear, shape (samples, 2): channel 0 nearer the therapist, 1 nearer the client."""
    room = _noise(placed[-1].next_sample)
    for speaker, near in CHANNEL.items():
        voice = _voice_track([sound for turn in placed for sound in turn.sounds if sound.speaker is speaker], len(room))
        room[:, near] += voice
        room[BLEED_DELAY_SAMPLES:, 1 - near] += voice[:-BLEED_DELAY_SAMPLES] * _gain(BLEED_DB)
    return np.clip(np.rint(room * 32767), -32768, 32767).astype(np.int16)


def _voice_track(sounds: Sequence[PlacedSound], samples: int) -> Sound:
    """One voice alone on the timeline, with one gain for all of it, so that a murmur stays a murmur."""
    track = np.zeros(samples, np.float32)
    for placed in sounds:
        track[placed.start_sample : placed.end_sample] = placed.sound
    level = np.float32(np.sqrt(np.mean(np.concatenate([placed.sound for placed in sounds]) ** 2)))
    return track * (_gain(SPEECH_DBFS) / level)


def _noise(samples: int) -> Sound:
    """Quiet room: independent noise on both channels, power falling with frequency, the same in every run."""
    white = np.random.default_rng(NOISE_SEED).standard_normal((samples, 2), dtype=np.float32)
    spectrum = np.fft.rfft(white, axis=0)
    frequency_hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)[:, np.newaxis]
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency_hz, 40.0)), samples, axis=0)
    return (pink * (_gain(NOISE_DBFS) / np.std(pink))).astype(np.float32)


def _gain(level_db: float) -> np.float32:
    return np.float32(10 ** (level_db / 20))


def _samples(duration_s: float) -> int:
    return round(duration_s * SAMPLE_RATE_HZ)
