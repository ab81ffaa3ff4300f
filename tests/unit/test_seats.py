import numpy as np
import pytest
from bench.room import Room, heard_in

from app.speech.known_seats import KnownSeats, therapist_among
from app.speech.seats import Seat, Seating, Seats

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
    turns = seats_after(session(level_db)).told().turns
    at = 0.0
    for chair, seconds in TURNS:
        middle_ms = (at + seconds / 2) * 1000
        assert [turn.speaker for turn in turns if turn.start_ms <= middle_ms < turn.end_ms] == [str(chair + 1)]
        at += seconds + 0.5


def test_turns__sound_in_small_blocks__are_those_of_the_whole() -> None:
    pcm = session(6)
    assert seats_after(pcm, block_samples=1_234).told() == seats_after(pcm).told()


def test_turns__one_chair_speaks__name_one_speaker() -> None:
    told = seats_after(session(6, ((1, 4), (1, 3)))).told()
    assert len({turn.speaker for turn in told.turns}) == 1
    assert (len(told.seats), told.overlaps) == (1, ())


def both_at_once(level_db: float) -> bytes:
    """The first chair speaks from 0 to 5 s, the second from 3.5 to 8 s."""
    first, second = np.zeros(8 * RATE_HZ), np.zeros(8 * RATE_HZ)
    first[: 5 * RATE_HZ], second[7 * RATE_HZ // 2 :] = babble(5, 1), babble(4.5, 2)
    return heard_in(Room(level_db), (first, second)).tobytes()


@pytest.mark.parametrize("level_db", [3, 6, 10])
def test_overlaps__two_speak_at_once__are_found_where_they_are_and_nowhere_else(level_db: float) -> None:
    found = seats_after(both_at_once(level_db)).told().overlaps
    covered = sum(min(end, 5_000) - max(start, 3_500) for start, end in found if start < 5_000 and end > 3_500)
    assert covered >= 750
    assert all(start >= 3_000 and end <= 5_500 for start, end in found)
    assert seats_after(session(level_db)).told().overlaps == ()


def known(level_db: float = 6, *, turned: bool = False) -> KnownSeats:
    first, second = (seats_after(session(level_db, ((chair, 3),))).seat() for chair in (0, 1))
    assert first is not None
    assert second is not None
    return KnownSeats(second, first) if turned else KnownSeats(first, second)


@pytest.mark.parametrize("level_db", [3, 6, 10])
def test_known_seats__as_they_were_learned__name_the_therapist(level_db: float) -> None:
    found = seats_after(session(level_db)).told().seats
    assert known(level_db).apart
    assert [therapist_among(found, known(level_db, turned=turned)) for turned in (False, True)] == [0, 1]


def test_known_seats__of_another_room_or_one_chair_twice__name_nobody() -> None:
    first = known().therapist
    elsewhere = KnownSeats(Seat(25.0, tuple(reversed(first.delays))), Seat(-30.0, tuple(0.0 for _ in first.delays)))
    assert therapist_among(seats_after(session(6)).told().seats, elsewhere) is None
    assert therapist_among((first,), known()) is None
    assert not KnownSeats(first, first).apart


@pytest.mark.parametrize("dead", [0, 1])
def test_dead_channel__a_microphone_hears_nothing__is_named(dead: int) -> None:
    samples = np.frombuffer(session(6), "<i2").reshape(-1, 2).copy()
    samples[:, dead] = 0
    assert seats_after(samples.tobytes()).dead_channel == dead
    assert seats_after(session(6)).dead_channel is None


@pytest.mark.parametrize("pcm", [b"", bytes(4 * 100), bytes(4 * RATE_HZ)])
def test_turns__nothing_to_hear__are_none(pcm: bytes) -> None:
    assert seats_after(pcm).told() == Seating()
    assert seats_after(pcm).seat() is None
