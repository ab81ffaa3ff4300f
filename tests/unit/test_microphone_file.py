import wave
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest
from support.sound import noise, write_wav
from support.waiting import wait_until

from firmware.microphone import MicrophoneMissing
from firmware.microphone_file import FileMicrophone

RATE_HZ = 16_000


class Listener:
    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def __call__(self, block: bytes, *, overflowed: bool) -> None:  # noqa: ARG002  the port names it
        self.blocks.append(block)

    @property
    def pcm(self) -> bytes:
        return b"".join(self.blocks)

    def frames(self, channels: int) -> np.ndarray:
        return np.frombuffer(self.pcm, "<i2").reshape(-1, channels)


def player(
    path: Path, channels: int = 1, *, at_end: Literal["silence", "loop", "end"] = "end", rate_hz: int = RATE_HZ
) -> FileMicrophone:
    return FileMicrophone(path, rate_hz, channels, speed=100, at_end=at_end)


def play_to_the_end(microphone: FileMicrophone) -> Listener:
    listener = Listener()
    microphone.open(listener)
    wait_until(lambda: microphone.ended, 20)
    microphone.close()
    return listener


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("samples", [1, 799, 800, 801, 40_123])
def test_file__same_rate_and_channels__is_delivered_bit_for_bit(tmp_path: Path, channels: int, samples: int) -> None:
    pcm = noise(samples, channels)
    path = write_wav(tmp_path / "a.wav", pcm, RATE_HZ, channels)
    assert play_to_the_end(player(path, channels)).pcm == pcm


def test_file__one_channel_for_two__is_copied_unchanged(tmp_path: Path) -> None:
    pcm = noise(10_000)
    path = write_wav(tmp_path / "a.wav", pcm)
    frames = play_to_the_end(player(path, 2)).frames(2)
    assert frames[:, 0].tobytes() == frames[:, 1].tobytes() == pcm


def test_file__two_channels_for_one__is_their_mean(tmp_path: Path) -> None:
    pcm = noise(10_000, 2)
    path = write_wav(tmp_path / "a.wav", pcm, RATE_HZ, 2)
    heard = play_to_the_end(player(path, 1)).frames(1)[:, 0]
    assert np.abs(heard - np.frombuffer(pcm, "<i2").reshape(-1, 2).mean(axis=1)).max() <= 1


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 48_000])
def test_file__other_rate__keeps_length_and_pitch(tmp_path: Path, rate_hz: int) -> None:
    tone = (12_000 * np.sin(2 * np.pi * 440 * np.arange(rate_hz * 2) / rate_hz)).astype("<i2")
    path = write_wav(tmp_path / "a.wav", tone.tobytes(), rate_hz)
    heard = play_to_the_end(player(path)).frames(1)[:, 0]
    assert len(heard) == pytest.approx(2 * RATE_HZ, abs=50)
    assert np.argmax(np.abs(np.fft.rfft(heard))) / len(heard) * RATE_HZ == pytest.approx(440, abs=1)


def test_file__compressed__plays(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    pcm = np.frombuffer(noise(RATE_HZ), "<i2").reshape(1, -1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono", format="s16")
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert play_to_the_end(player(path)).pcm == pcm.tobytes()


def test_file__closed_and_opened__goes_on_at_the_next_sample(tmp_path: Path) -> None:
    pcm = noise(RATE_HZ * 8)
    microphone = player(write_wav(tmp_path / "a.wav", pcm))
    first = Listener()
    microphone.open(first)
    wait_until(lambda: len(first.blocks) > 20)
    microphone.close()
    second = play_to_the_end(microphone)
    assert first.pcm
    assert first.pcm + second.pcm == pcm


def test_file__rewound__plays_from_its_start(tmp_path: Path) -> None:
    pcm = noise(RATE_HZ)
    microphone = player(write_wav(tmp_path / "a.wav", pcm))
    assert play_to_the_end(microphone).pcm == pcm
    microphone.rewind()
    assert not microphone.ended
    assert play_to_the_end(microphone).pcm == pcm


def test_file__ended__delivers_nothing_when_opened_again(tmp_path: Path) -> None:
    microphone = player(write_wav(tmp_path / "a.wav", noise(800)))
    play_to_the_end(microphone)
    assert play_to_the_end(microphone).pcm == b""
    assert microphone.ended


def test_file__silence_at_its_end__goes_on_in_zeros_and_has_not_ended(tmp_path: Path) -> None:
    pcm = noise(1_000)
    microphone = player(write_wav(tmp_path / "a.wav", pcm), at_end="silence")
    listener = Listener()
    microphone.open(listener)
    wait_until(lambda: len(listener.pcm) > 20_000)
    microphone.close()
    assert listener.pcm.startswith(pcm)
    assert not any(listener.pcm[len(pcm) :])
    assert not microphone.ended


def test_file__loop_at_its_end__starts_again(tmp_path: Path) -> None:
    pcm = noise(1_000)
    microphone = player(write_wav(tmp_path / "a.wav", pcm), at_end="loop")
    listener = Listener()
    microphone.open(listener)
    wait_until(lambda: len(listener.pcm) > 10_000)
    microphone.close()
    assert listener.pcm.startswith(pcm * 4)


def test_file__missing__says_so(tmp_path: Path) -> None:
    microphone = player(tmp_path / "nowhere.wav")
    assert microphone.problem() == f"There is no file {tmp_path}/nowhere.wav. Give the path of an audio file."
    with pytest.raises(MicrophoneMissing, match="There is no file"):
        microphone.open(Listener())


def _no_samples(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)


def _samples_that_nobody_decodes(path: Path) -> None:
    write_wav(path, noise(RATE_HZ))
    content = bytearray(path.read_bytes())
    content[34:36] = (128).to_bytes(2, "little")  # bits a sample, in a WAV file's head
    path.write_bytes(content)


def _picture(path: Path) -> None:
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text("no sound at all"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"RIFF\x24\x00\x00\x00WAVE"),
        lambda path: path.mkdir(),
        _no_samples,
        _picture,
        _samples_that_nobody_decodes,
    ],
    ids=["text", "empty", "header", "folder", "no samples", "picture", "odd samples"],
)
def test_file__holds_no_sound__says_so(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "a.wav")
    microphone = player(tmp_path / "a.wav")
    assert microphone.problem() is not None
    assert "Give another audio file." in (microphone.problem() or "")
    with pytest.raises(MicrophoneMissing):
        microphone.open(Listener())


def test_file__breaks_while_it_plays__falls_silent_says_why_and_has_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    microphone = player(write_wav(tmp_path / "a.wav", noise(RATE_HZ)))
    listener = Listener()
    decode = microphone._decode

    def breaking() -> object:
        yield next(decode())
        raise MicrophoneMissing("The file breaks off.")

    monkeypatch.setattr(microphone, "_decode", breaking)
    microphone.rewind()
    microphone.open(listener)
    wait_until(lambda: microphone.problem() is not None)
    microphone.close()
    assert listener.blocks
    assert not microphone.ended
    with pytest.raises(MicrophoneMissing, match="breaks off"):
        microphone.open(listener)
