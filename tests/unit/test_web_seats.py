"""Showing the box who sits where: the routes, over a real tape that grows while it is listened to."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bench.room import Room, heard_in
from support.web_client import WebClient, web_client

from app.room_seats import RoomSeats
from app.speech.known_seats import therapist_among
from app.speech.seats import Seats
from app.vault.vault import Vault
from firmware.status import BoxState
from firmware.tape import ConsentEvent, Recipient, TapeWriter

RATE_HZ = 16_000
SESSION = "5e" * 16


def babble(seconds: float, seed: int) -> np.ndarray:
    """Noise with the band and the syllables of a voice, in a room where its chair is the `seed` modulo two."""
    random = np.random.default_rng(seed)
    samples = int(seconds * RATE_HZ)
    spectrum = np.fft.rfft(random.normal(0, 1, samples))
    hertz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    spectrum *= (hertz > 200) / (1 + (hertz / 700) ** 2)
    return np.fft.irfft(spectrum, samples) * (0.2 + np.abs(np.sin(2 * np.pi * 2.5 * np.arange(samples) / RATE_HZ)))


def room(*chairs: int, level_db: float = 6.0) -> bytes:
    """Each chair is spoken from for eight seconds, after a second of quiet."""
    voices = (np.zeros(9 * RATE_HZ * len(chairs)), np.zeros(9 * RATE_HZ * len(chairs)))
    for number, chair in enumerate(chairs):
        voices[chair][(9 * number + 1) * RATE_HZ : 9 * (number + 1) * RATE_HZ] = babble(8, number)
    return heard_in(Room(level_db), voices).tobytes()


class Recording:
    """A tape under way, sealed to the vault that is signed in."""

    def __init__(self, client: WebClient, vault: Vault, channels: int = 2) -> None:
        self._channels = channels
        self._writer = TapeWriter.create(
            client.tapes_dir,
            SESSION,
            Recipient(vault.account.public_key),
            sample_rate_hz=RATE_HZ,
            channels=channels,
            started_at_ms=1_800_000_000_000,
            clock_trusted=True,
            segment_s=300,
        )
        self._writer.append_consent(ConsentEvent.GIVEN)
        client.recorder.show(BoxState.RECORDING, session_id=SESSION)

    def say(self, pcm: bytes) -> None:
        second = 2 * RATE_HZ * self._channels
        for at in range(0, len(pcm), second):
            self._writer.append_audio(pcm[at : at + second])

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    with web_client(tmp_path) as client:
        yield client


@pytest.fixture
def vault(client: WebClient) -> Vault:
    vault = client.new_person()
    client.sign_in(vault)
    return vault


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w*)">', page))


def listen(client: WebClient, page: str) -> str:
    answer = client.http.post("/seats/listen", data=fields(page))
    assert answer.status_code == 200
    return str(answer.text)


def shown(client: WebClient, recording: Recording, sound: bytes) -> str:
    """Both chairs, one after the other; what the page says at the end."""
    recording.say(bytes(4 * RATE_HZ))
    page = listen(client, client.http.get("/seats").text)
    half = len(sound) // 2
    for part in (sound[:half], sound[half:]):
        assert "Heard so far" in page
        recording.say(part)
        page = listen(client, page)
        if "I sit on the client" in page:
            page = listen(client, page)
    return page


def test_seats__both_chairs_spoken_from__are_kept_and_the_recording_is_erased(client: WebClient, vault: Vault) -> None:
    recording = Recording(client, vault)
    page = shown(client, recording, room(1, 0))
    assert "different enough" in page
    answer = client.http.post("/seats/keep", data=fields(page))
    recording.close()
    assert (answer.status_code, answer.headers["location"]) == (303, "/seats?kept=true")
    assert client.recorder.asked == [f"withdraw {SESSION}"]
    known = RoomSeats(client.settings.data_dir / "box").known()
    assert known is not None
    session = Seats()
    session.add(room(0, 1, 0, 1))
    assert therapist_among(session.told().seats, known) == 1
    assert "were shown on" in client.http.get("/seats").text
    client.http.post("/seats/forget")
    assert RoomSeats(client.settings.data_dir / "box").known() is None


def test_seats__the_same_chair_twice__keeps_nothing(client: WebClient, vault: Vault) -> None:
    recording = Recording(client, vault)
    page = shown(client, recording, room(0, 0))
    recording.close()
    assert "sound the same" in page
    assert RoomSeats(client.settings.data_dir / "box").known() is None


def test_seats__nobody_speaks_or_one_microphone_or_no_recording__says_what_to_do(
    client: WebClient, vault: Vault
) -> None:
    assert "Press the button on the box" in client.http.get("/seats").text
    assert "The recording has ended" in client.http.post("/seats/listen", data={"session_id": SESSION}).text
    recording = Recording(client, vault, channels=1)
    recording.say(bytes(2 * RATE_HZ))
    recording.close()
    assert "one microphone" in listen(client, client.http.get("/seats").text)


def test_seats__quiet_after_the_press__goes_on_listening(client: WebClient, vault: Vault) -> None:
    recording = Recording(client, vault)
    quiet = np.random.default_rng(1).normal(0, 30, 2 * 12 * RATE_HZ).astype("<i2").tobytes()
    recording.say(quiet)
    page = listen(client, client.http.get("/seats").text)
    recording.say(quiet)
    page = listen(client, page)
    recording.close()
    assert 'value="0" max="100"' in page


def test_room__a_damaged_file__is_as_if_nothing_was_learned(tmp_path: Path) -> None:
    (tmp_path / "room.json").write_text("{")
    assert RoomSeats(tmp_path).known() is None
    assert RoomSeats(tmp_path).learned_at_ms is None
