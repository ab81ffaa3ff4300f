import wave
from pathlib import Path

import pytest

from app.errors import TacetError
from tacet.sound_file import blocks_of, channels_of

BITS_A_SAMPLE = slice(34, 36)  # of a WAV file's head


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(range(256)) * 8)
    return path


def test_sound_file__as_it_should_be__is_read_bit_by_bit(sound: Path) -> None:
    assert channels_of(sound) == 2
    assert b"".join(blocks_of(sound, 2)) == bytes(range(256)) * 8


def test_sound_file__samples_of_a_width_that_nobody_decodes__is_refused_in_a_sentence(sound: Path) -> None:
    content = bytearray(sound.read_bytes())
    content[BITS_A_SAMPLE] = (128).to_bytes(2, "little")
    sound.write_bytes(content)
    with pytest.raises(TacetError, match="no sound that can be read"):
        channels_of(sound)
    with pytest.raises(TacetError, match="is damaged"):
        list(blocks_of(sound, 2))


@pytest.mark.parametrize(
    "content", [b"", b"no sound at all", b"RIFF" + bytes(40)], ids=["empty", "words", "head alone"]
)
def test_sound_file__no_sound__is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "words.wav"
    path.write_bytes(content)
    with pytest.raises(TacetError, match="Name a sound file"):
        channels_of(path)
