"""Every expectation here is counted in samples: see the module's docstring for the definition."""

import numpy as np
import pytest
import soxr
from support.sound import noise

from firmware.resampling import Resampler

TAPE_HZ = 16_000


class Tape:
    """Takes what a resampler delivers, with zeros where it declares a loss."""

    def __init__(self, channels: int = 1) -> None:
        self.channels = channels
        self.sound = b""
        self.gaps: list[tuple[int, int]] = []
        self.marks: list[int] = []

    @property
    def samples(self) -> int:
        return len(self.sound) // 2 // self.channels

    def __call__(self, block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:
        if missing_samples:
            self.gaps.append((self.samples, missing_samples))
            self.sound += bytes(missing_samples * 2 * self.channels)
        if overflowed:
            self.marks.append(self.samples)
        self.sound += block

    @property
    def values(self) -> np.ndarray:
        return np.frombuffer(self.sound, dtype="<i2").astype(float).reshape(-1, self.channels)


def feed(resampler: Resampler, pcm: bytes, block_bytes: int) -> None:
    for start in range(0, len(pcm), block_bytes):
        resampler(pcm[start : start + block_bytes], overflowed=False)


def due(device_samples: int, rate_hz: int) -> int:
    return int(device_samples * TAPE_HZ / rate_hz + 0.5)


def clicks(samples: int, at: list[int]) -> bytes:
    sound = np.zeros(samples, dtype="<i2")
    sound[at] = 20_000
    return sound.tobytes()


@pytest.mark.parametrize("rate_hz", [48_000, 44_100])
@pytest.mark.parametrize("samples", [0, 1, 2, 3, 47, 2_400, 48_000, 100_003])
def test_resampler__any_length__comes_out_to_the_sample(rate_hz: int, samples: int) -> None:
    tape = Tape()
    resampler = Resampler(tape, rate_hz, TAPE_HZ, 1)
    feed(resampler, noise(samples), 2_400 * 2)
    resampler.finish()
    assert tape.samples == due(samples, rate_hz)
    assert tape.gaps == []


@pytest.mark.parametrize("rate_hz", [48_000, 44_100])
@pytest.mark.parametrize("channels", [1, 2])
def test_resampler__in_blocks__is_what_one_piece_would_be(rate_hz: int, channels: int) -> None:
    signal = noise(rate_hz * 3 + 17, channels)
    tape = Tape(channels)
    resampler = Resampler(tape, rate_hz, TAPE_HZ, channels)
    feed(resampler, signal, rate_hz // 20 * 2 * channels)
    resampler.finish()
    whole = soxr.resample(np.frombuffer(signal, dtype="<i2").reshape(-1, channels), rate_hz, TAPE_HZ, "HQ")
    assert np.abs(tape.values - whole).max() <= 2  # soxr dithers when it rounds to 16 bits


@pytest.mark.parametrize("rate_hz", [48_000, 44_100])
def test_resampler__click_in_the_room__stands_at_its_place_on_the_tape(rate_hz: int) -> None:
    at = [rate_hz // 10, rate_hz + 7, 3 * rate_hz - 5]
    tape = Tape()
    resampler = Resampler(tape, rate_hz, TAPE_HZ, 1)
    feed(resampler, clicks(rate_hz * 3, at), 2_205 * 2)
    resampler.finish()
    for click in at:
        expected = click * TAPE_HZ / rate_hz
        near = tape.values[max(0, int(expected) - 500) : int(expected) + 500, 0]
        found = max(0, int(expected) - 500) + int(np.argmax(np.abs(near)))
        assert abs(found - expected) <= 1


@pytest.mark.parametrize("rate_hz", [48_000, 44_100])
def test_resampler__losses__leave_every_later_sound_at_its_place(rate_hz: int) -> None:
    tape = Tape()
    resampler = Resampler(tape, rate_hz, TAPE_HZ, 1)
    position, clicked = 0, []
    for lost in (1, 7, 100, 12_345, 44_101):
        sound = clicks(5_003, [2_500])
        clicked.append(position + lost + 2_500)
        resampler(sound, overflowed=False, missing_samples=lost)
        position += lost + 5_003
    resampler.finish()
    assert tape.samples == due(position, rate_hz)
    assert sum(samples for _, samples in tape.gaps) == pytest.approx(56_554 * TAPE_HZ / rate_hz, abs=5)
    for click in clicked:
        expected = click * TAPE_HZ / rate_hz
        near = tape.values[int(expected) - 100 : int(expected) + 100, 0]
        assert abs(int(expected) - 100 + int(np.argmax(np.abs(near))) - expected) <= 1


def test_resampler__loss_declared__stands_after_all_that_was_heard_before() -> None:
    tape = Tape()
    resampler = Resampler(tape, 48_000, TAPE_HZ, 1)
    feed(resampler, noise(9_000), 4_800)
    resampler(noise(3_000), overflowed=False, missing_samples=600)
    resampler.finish()
    assert tape.gaps == [(3_000, 200)]
    assert tape.samples == 4_200


def test_resampler__loss_of_unknown_length__is_marked_where_it_was() -> None:
    tape = Tape()
    resampler = Resampler(tape, 48_000, TAPE_HZ, 1)
    feed(resampler, noise(9_000), 4_800)
    resampler(b"", overflowed=True)
    feed(resampler, noise(3_000), 4_800)
    resampler.finish()
    assert (tape.marks, tape.gaps, tape.samples) == ([3_000], [], 4_000)


def test_resampler__ten_minutes_of_losses__never_drifts() -> None:
    """A third of a sample lost in rounding at every loss would be 40 samples here."""
    tape = Tape()
    resampler = Resampler(tape, 44_100, TAPE_HZ, 1)
    for _ in range(120):
        resampler(noise(2_205 + 1), overflowed=False, missing_samples=11)
    resampler.finish()
    assert tape.samples == due(120 * 2_217, 44_100)
