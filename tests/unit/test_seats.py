import numpy as np
import pytest
from bench.room import Room, heard_in

from app.speech.seats import Seats

RATE_HZ = 16_000
TURNS = ((0, 3), (1, 2), (0, 2), (1, 4), (0, 3))  # chair, seconds


def babble(seconds: float, seed: int) -> np.ndarray:
    """Noise with the band and the syllables of a voice, for a sound whose delay is heard as a voice's is."""
    random = np.random.default_rng(seed)
    samples = int(seconds * RATE_HZ)
    spectrum = np.fft.rfft(random.normal(0, 1, samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    spectrum *= (hertz > 200) / (1 + (hertz / 700) ** 2)
    syllables = 0.2 + np.abs(np.sin(2 * np.pi * 2.5 * np.arange(samples) / RATE_HZ + seed))
    return np.fft.irfft(spectrum, samples) * syllables


def session(level_db: float, turns: tuple[tuple[int, int], ...] = TURNS) -> bytes:
    """Two chairs take turns, half a second of room in between."""
    voices: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for number, (chair, seconds) in enumerate(turns):
        said = np.concatenate([babble(seconds, number), np.zeros(RATE_HZ // 2)])
        voices[chair].append(said)
        voices[1 - chair].append(np.zeros_like(said))
    return heard_in(Room(level_db), (np.concatenate(voices[0]), np.concatenate(voices[1]))).tobytes()


def seats_after(pcm: bytes, block_samples: int = 30 * RATE_HZ) -> Seats:
    seats = Seats()
    for start in range(0, len(pcm), 4 * block_samples):
        seats.add(pcm[start : start + 4 * block_samples])
    return seats


@pytest.mark.parametrize("level_db", [3, 6, 10])
def test_turns__two_chairs_in_a_room_with_noise__are_told_apart(level_db: float) -> None:
    turns = seats_after(session(level_db)).turns()
    at = 0.0
    for chair, seconds in TURNS:
        middle_ms = (at + seconds / 2) * 1000
        assert [turn.speaker for turn in turns if turn.start_ms <= middle_ms < turn.end_ms] == [str(chair + 1)]
        at += seconds + 0.5


def test_turns__sound_in_small_blocks__are_those_of_the_whole() -> None:
    pcm = session(6)
    assert seats_after(pcm, block_samples=1_234).turns() == seats_after(pcm).turns()


def test_turns__one_chair_speaks__name_one_speaker() -> None:
    turns = seats_after(session(6, ((1, 4), (1, 3)))).turns()
    assert len({turn.speaker for turn in turns}) == 1


def test_turns__calibrated_seats_the_other_way_round__follow_the_calibration() -> None:
    first, second = (seats_after(session(6, ((chair, 3),))).seat() for chair in (0, 1))
    assert first is not None
    assert second is not None
    seats = seats_after(session(6))
    plain, turned = seats.turns([first, second]), seats.turns([second, first])
    assert {turn.speaker for turn in plain} == {"1", "2"}
    assert [turn.speaker for turn in turned] == [{"1": "2", "2": "1"}[turn.speaker] for turn in plain]


@pytest.mark.parametrize("dead", [0, 1])
def test_dead_channel__a_microphone_hears_nothing__is_named(dead: int) -> None:
    samples = np.frombuffer(session(6), "<i2").reshape(-1, 2).copy()
    samples[:, dead] = 0
    assert seats_after(samples.tobytes()).dead_channel == dead
    assert seats_after(session(6)).dead_channel is None


@pytest.mark.parametrize("pcm", [b"", bytes(4 * 100), bytes(4 * RATE_HZ)])
def test_turns__nothing_to_hear__are_none(pcm: bytes) -> None:
    assert seats_after(pcm).turns() == []
    assert seats_after(pcm).seat() is None
