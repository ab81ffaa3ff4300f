"""Who sits where: two microphones, one nearer each chair. Pure; takes sound in block by block, keeps no sound.

What tells two seats apart is how much louder a voice is in one microphone than in the other, and how much later it
comes. Both are measured every 50 ms in the band of the voice: power with the noise floor taken off, and the generalised
cross-correlation with phase transform (GCC-PHAT). Two classes are found in the level (two-means), refined with the
delay, which still tells where the level hardly does, and followed through time (Viterbi).

Source: Knapp and Carter, "The generalized correlation method for estimation of time delay", IEEE ASSP 24(4), 1976.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.asr.transcriber import SAMPLE_RATE_HZ
from app.domain import Turn
from app.speech.overlaps import Span, overlaps
from app.speech.turns import FRAME_MS, followed, turns_of

FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
SPECTRUM_SAMPLES = 2048  # two frames, padded: the delay must not wrap around
VOICE_BAND_HZ = (300, 3_800)
LONGEST_DELAY_SAMPLES = 64  # 4 ms: microphones up to 1.4 m apart
SMOOTHED_FRAMES = 13
FLOOR_PERCENTILE = 10
CLEARLY = 4.0  # 6 dB over the noise: somebody speaks for certain
DEAD = 1e-4  # a channel 40 dB under the other, or silent, hears nothing
LOUD_PART = 0.1  # 10 dB under the loud frames
ROUNDS = 4
SWITCH_COST = 4.0  # in nats, a change of speaker within speech
SURE_NATS = 1.0  # a turn decided by less a frame is marked as unsure
NEAREST = 0.6  # how alike the delays of two classes may be, and
NARROWEST_DB = 1.5  # how near their levels, before they are one person

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seat:
    """What one chair sounds like in this room; no voice can be recognised by it."""

    level_db: float  # first microphone over second
    delays: tuple[float, ...]  # mean GCC-PHAT by lag


@dataclass(frozen=True, slots=True)
class Seating:
    """Who spoke when, speaker "1" being the one nearer the first microphone, and when two spoke at once."""

    turns: tuple[Turn, ...] = ()
    overlaps: tuple[Span, ...] = ()
    seats: tuple[Seat, ...] = ()  # of speakers "1" and "2"; one where only one can be told


class Seats:
    """Collects the two channels' measures of a session. One thread; about 20 MB an hour."""

    def __init__(self) -> None:
        self._power: list[Values] = []
        self._delay: list[NDArray[np.float16]] = []
        self._rest: NDArray[np.int16] = np.zeros((0, 2), np.int16)

    def add(self, pcm: bytes) -> None:
        """Take interleaved s16le of two channels, the next of the session."""
        samples = np.concatenate([self._rest, np.frombuffer(pcm, "<i2").reshape(-1, 2)])
        frames = max(0, len(samples) // FRAME_SAMPLES - 1)
        if frames:
            power, delay = _measured(samples[: (frames + 1) * FRAME_SAMPLES].astype(np.float64))
            self._power.append(power)
            self._delay.append(delay)
        self._rest = samples[frames * FRAME_SAMPLES :]

    @property
    def dead_channel(self) -> int | None:
        """0 or 1 where that microphone heard nothing of what the other one did."""
        if not self._power:
            return None
        loud = np.percentile(np.concatenate(self._power), 95, axis=0)
        quieter = int(np.argmin(loud))
        return quieter if loud[quieter] <= DEAD * max(loud[1 - quieter], 1.0) else None

    def told(self) -> Seating:
        """Tell who spoke when."""
        if not self._power:
            return Seating()
        power, delay = self._sound()
        speech = _speech(power)
        if not speech.any():
            return Seating()
        level = _level_db(power)
        seats = _two_seats(level, delay, speech)
        scores = _scores(level, delay, seats, speech)
        path = followed(scores, speech, SWITCH_COST)
        sure = np.abs(scores[:, 0] - scores[:, -1]) >= SURE_NATS
        both = overlaps(_way(delay, *seats), speech & _loud(power)) if len(seats) > 1 else ()
        return Seating(tuple(turns_of(path, speech, sure)), both, tuple(seats))

    @property
    def spoken_s(self) -> float:
        """For how long somebody clearly spoke."""
        if not self._power:
            return 0.0
        loud = np.concatenate(self._power).sum(axis=1)
        clear = loud > max(CLEARLY * float(np.percentile(loud, FLOOR_PERCENTILE)), 0.05 * float(loud.max()))
        return float(clear.sum()) * FRAME_MS / 1000

    def seat(self) -> Seat | None:
        """Describe the one seat from which all that was added was said; None where nobody spoke."""
        if not self._power or not self.spoken_s:
            return None
        power, delay = self._sound()
        speech = _speech(power)
        return _seat(_level_db(power), delay, speech) if speech.sum() >= 1000 // FRAME_MS else None

    def _sound(self) -> tuple[Values, Values]:
        power, delay = np.concatenate(self._power), np.concatenate(self._delay).astype(np.float64)
        power = np.maximum(power - np.percentile(power, FLOOR_PERCENTILE, axis=0), 0.0)
        weight = power.sum(axis=1, keepdims=True)
        weight = np.sqrt(weight / max(float(weight.max()), 1e-12))
        return _smooth(power), _smooth(delay * weight) / np.maximum(_smooth(weight), 1e-6)


def _measured(samples: Values) -> tuple[Values, NDArray[np.float16]]:
    """Give power, shape (frames, 2), and correlation by lag, shape (frames, lags): 100 ms long, 50 ms apart."""
    framed = np.lib.stride_tricks.sliding_window_view(samples, 2 * FRAME_SAMPLES, axis=0)[::FRAME_SAMPLES]
    spectrum = np.fft.rfft(framed * np.hanning(2 * FRAME_SAMPLES), SPECTRUM_SAMPLES, axis=2)
    hertz = np.fft.rfftfreq(SPECTRUM_SAMPLES, 1 / SAMPLE_RATE_HZ)
    spectrum[:, :, (hertz < VOICE_BAND_HZ[0]) | (hertz > VOICE_BAND_HZ[1])] = 0
    power = (np.abs(spectrum) ** 2).sum(axis=2) / SPECTRUM_SAMPLES
    cross = spectrum[:, 0] * np.conj(spectrum[:, 1])
    cross /= np.maximum(np.abs(cross), 1e-9)
    correlation = np.fft.irfft(cross, axis=1) * SPECTRUM_SAMPLES / 2 / max(1, int((cross[0] != 0).sum()))
    lags = np.concatenate(
        [correlation[:, -LONGEST_DELAY_SAMPLES:], correlation[:, : LONGEST_DELAY_SAMPLES + 1]], axis=1
    )
    return power, lags.astype(np.float16)


def _smooth(values: Values) -> Values:
    kernel = np.hanning(SMOOTHED_FRAMES + 2)[1:-1]
    padded = np.pad(values, ((SMOOTHED_FRAMES // 2, SMOOTHED_FRAMES // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED_FRAMES, axis=0)
    smoothed: Values = windows @ (kernel / kernel.sum())
    return smoothed


def _speech(power: Values) -> NDArray[np.bool_]:
    loud = power.sum(axis=1)
    return np.asarray(loud > max(float(np.percentile(loud, 95)) * 1e-2, 1e-9))


def _loud(power: Values) -> NDArray[np.bool_]:
    """Whether a frame is a voice's own sound: what a wall gives back in a pause comes from nowhere in particular."""
    loud = power.sum(axis=1)
    return np.asarray(loud > LOUD_PART * float(np.percentile(loud, 95)))


def _level_db(power: Values) -> Values:
    least = max(float(power.max()) * 1e-6, 1e-12)
    level: Values = 10 * np.log10((power[:, 0] + least) / (power[:, 1] + least))
    return level


def _seat(level: Values, delay: Values, frames: NDArray[np.bool_]) -> Seat:
    return Seat(float(np.median(level[frames])), tuple(float(value) for value in delay[frames].mean(axis=0)))


def _two_seats(level: Values, delay: Values, speech: NDArray[np.bool_]) -> list[Seat]:
    """Two-means in the level, then both measures together; one seat where only one can be told."""
    heard = level[speech]
    low, high = np.percentile(heard, (10, 90))
    for _ in range(20):
        nearer_high = np.abs(heard - high) < np.abs(heard - low)
        if nearer_high.all() or not nearer_high.any():
            return [_seat(level, delay, speech)]
        low, high = heard[~nearer_high].mean(), heard[nearer_high].mean()
    first = speech & (level >= (low + high) / 2)
    seats = [_seat(level, delay, first), _seat(level, delay, speech & ~first)]
    for _ in range(ROUNDS):
        scores = _scores(level, delay, seats, speech)
        path = followed(scores, speech, SWITCH_COST)
        parts = [speech & (path == seat) for seat in (0, 1)]
        if not all(part.any() for part in parts):
            return [_seat(level, delay, speech)]
        seats = [_seat(level, delay, part) for part in parts]
    seats.sort(key=lambda seat: -seat.level_db)
    return [_seat(level, delay, speech)] if _are_one(*seats) else seats


def _are_one(first: Seat, second: Seat) -> bool:
    one, other = (np.array(seat.delays) - np.mean(seat.delays) for seat in (first, second))
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    alike = float(one @ other) / lengths if lengths else 1.0
    return first.level_db - second.level_db < NARROWEST_DB and alike > NEAREST


def _way(delay: Values, first: Seat, second: Seat) -> Values:
    """How far the sound of each frame lies from the first seat (0) to the second (1), by its delay."""
    across = np.array(second.delays) - np.array(first.delays)
    return np.asarray((delay - np.array(first.delays)) @ across / max(float(across @ across), 1e-12))


def _scores(level: Values, delay: Values, seats: Sequence[Seat], speech: NDArray[np.bool_]) -> Values:
    """Log likelihood of each seat, shape (frames, seats): measures are normal around their seat's, and independent."""
    if len(seats) == 1:
        return np.zeros((len(level), 1))
    by_level = _distances(level[:, None], np.array([[seat.level_db] for seat in seats]))
    across = np.array(seats[0].delays) - np.array(seats[1].delays)
    across /= max(float(np.linalg.norm(across)), 1e-9)
    by_delay = _distances(
        (delay @ across)[:, None], np.array([[float(np.array(seat.delays) @ across)] for seat in seats])
    )
    scores = np.zeros((len(level), len(seats)))
    for distances in (by_level, by_delay):
        nearest = distances[speech].min(axis=1)
        spread = max(float(np.mean(nearest)), 1e-12)
        scores -= np.minimum(distances / spread, 9.0) / 2
    return scores


def _distances(values: Values, centres: Values) -> Values:
    """Squared, shape (frames, centres)."""
    return np.asarray(((values[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
