import io
import wave
from pathlib import Path

import numpy as np
import pytest
from starlette.exceptions import HTTPException
from support.tapes import RATE_HZ, SESSION_ID, new_tape, noise, open_tape

from app.web.audio import WavOfTape, asked_range
from firmware.tape import ConsentEvent


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    """A session of 200 samples: 50, a gap of 30, 120; in four segment files."""
    writer = new_tape(tmp_path, channels=2)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.append_audio(noise(50, 1, channels=2))
    writer.append_gap(30)
    for seed in (2, 3, 4):
        writer.append_audio(noise(40, seed, channels=2))
    writer.close()
    return tmp_path / SESSION_ID


def whole(folder: Path) -> tuple[WavOfTape, bytes]:
    wav = WavOfTape(open_tape(folder), 1000)
    return wav, wav.read(0, wav.size)


def test_wav__whole__is_a_mono_file_that_others_can_read(stereo: Path) -> None:
    _, content = whole(stereo)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        assert file.getnframes() == 200


def test_wav__two_microphones__are_mixed_and_a_gap_is_silence(stereo: Path) -> None:
    _, content = whole(stereo)
    sound = np.frombuffer(content[44:], "<i2")
    first = np.frombuffer(noise(50, 1, channels=2), "<i2").reshape(-1, 2)
    assert np.abs(sound[:50] - first.mean(axis=1)).max() <= 0.5
    assert not sound[50:80].any()
    assert sound[80:].any()


def test_wav__any_range__is_that_part_of_the_whole(stereo: Path) -> None:
    wav, content = whole(stereo)
    for start in range(0, len(content), 7):
        for length in (1, 2, 3, 44, 45, 101, len(content)):
            assert wav.read(start, start + length) == content[start : start + length]


def test_wav__fixed_length_of_a_growing_tape__stays_the_same_file(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.append_audio(noise(50, 1))
    folder = tmp_path / SESSION_ID
    early = WavOfTape(open_tape(folder), 50)
    before = early.read(0, early.size)
    writer.append_audio(noise(50, 2))
    late = WavOfTape(open_tape(folder), 50)
    assert late.read(0, late.size) == before
    assert WavOfTape(open_tape(folder), 1000).samples == 100
    writer.close()


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-", 0, 100), ("bytes=10-19", 10, 20), ("bytes=90-500", 90, 100), ("bytes=-5", 95, 100)],
)
def test_asked_range__within_the_file__is_understood(header: str, start: int, end: int) -> None:
    asked = asked_range(header, 100)
    assert asked is not None
    assert (asked.start, asked.end) == (start, end)


@pytest.mark.parametrize("header", [None, "", "bytes=", "bytes=-", "items=0-5", "bytes=0-5,7-9", "bytes=a-b"])
def test_asked_range__not_understood__is_the_whole(header: str | None) -> None:
    assert asked_range(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=7-3", "bytes=-0"])
def test_asked_range__outside__is_refused(header: str) -> None:
    with pytest.raises(HTTPException) as refused:
        asked_range(header, 100)
    assert refused.value.status_code == 416
