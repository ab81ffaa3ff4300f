import hashlib
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tacet.demo_session import SpokenTurn, SynthesiserError, reference, synthesise
from tacet.demo_session.__main__ import main
from tacet.demo_session.script import Speaker, read_script

SAMPLE_RATE_HZ = 16_000
NEAR_CHANNEL = {Speaker.THERAPIST: 0, Speaker.CLIENT: 1}


def quietly(spoken: int, turns: int) -> None:
    pass


def stretch(recording: NDArray[np.float64], start_ms: int, end_ms: int) -> NDArray[np.float64]:
    return recording[start_ms * SAMPLE_RATE_HZ // 1000 : end_ms * SAMPLE_RATE_HZ // 1000]


@pytest.fixture(scope="module")
def recording_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("room") / "new folder" / "demo-session.wav"
    synthesise(path, quietly)
    return path


@pytest.fixture(scope="module")
def recording(recording_path: Path) -> NDArray[np.float64]:
    with wave.open(str(recording_path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (SAMPLE_RATE_HZ, 2, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768


@pytest.fixture(scope="module")
def turns() -> tuple[SpokenTurn, ...]:
    return reference()


def test_script__both_people_speak__with_a_long_silence_among_the_turns() -> None:
    script = read_script()
    assert {turn.speaker for turn in script} == set(Speaker)
    assert 7.5 <= max(turn.pause_s for turn in script) <= 9.0


def test_synthesise__about_four_minutes__nowhere_clipped(recording: NDArray[np.float64]) -> None:
    assert 220 <= len(recording) / SAMPLE_RATE_HZ <= 260
    assert 0.1 < np.abs(recording).max() < 0.9


def test_synthesise__called_again__tells_each_turn_and_writes_the_same_bytes(recording_path: Path) -> None:
    first = hashlib.sha256(recording_path.read_bytes()).digest()
    told: list[tuple[int, int]] = []
    synthesise(recording_path, lambda spoken, turns: told.append((spoken, turns)))
    assert told == [(count, len(read_script())) for count in range(1, len(read_script()) + 1)]
    assert hashlib.sha256(recording_path.read_bytes()).digest() == first
    assert list(recording_path.parent.iterdir()) == [recording_path]


def test_reference__every_turn__is_in_the_recording_in_order(
    turns: tuple[SpokenTurn, ...], recording: NDArray[np.float64]
) -> None:
    assert [turn.text for turn in turns] == [turn.text for turn in read_script()]
    assert "|" not in " ".join(turn.text for turn in turns)
    edges_ms = [edge for turn in turns for edge in (turn.start_ms, turn.end_ms)]
    assert edges_ms == sorted(edges_ms)
    assert edges_ms[-1] < len(recording) * 1000 // SAMPLE_RATE_HZ


def test_recording__while_one_speaks__their_microphone_hears_them_12_db_louder(
    turns: tuple[SpokenTurn, ...], recording: NDArray[np.float64]
) -> None:
    for turn in turns:
        level_db = 10 * np.log10(np.mean(stretch(recording, turn.start_ms, turn.end_ms) ** 2, axis=0))
        near = NEAR_CHANNEL[turn.speaker]
        assert 11.0 < level_db[near] - level_db[1 - near] < 13.0, turn


def test_recording__between_turns__holds_only_the_quiet_room(
    turns: tuple[SpokenTurn, ...], recording: NDArray[np.float64]
) -> None:
    for before, after in pairwise(turns):
        pause = stretch(recording, before.end_ms + 4, after.start_ms)
        assert -66 < 10 * np.log10(np.mean(pause**2)) < -60, after


def test_synthesise__without_flite__names_the_package_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SynthesiserError, match="apt-get install flite"):
        synthesise(tmp_path / "demo.wav", quietly)
    assert main([str(tmp_path / "demo.wav")]) == 1
    assert "apt-get install flite" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exit_code", [0, 1], ids=["silent", "failing"])
def test_synthesise__with_a_broken_flite__says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int
) -> None:
    broken = tmp_path / "flite"
    broken.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SynthesiserError, match="flite"):
        synthesise(tmp_path / "demo.wav", quietly)


def test_synthesise__interrupted__leaves_the_old_recording(tmp_path: Path) -> None:
    target = tmp_path / "demo.wav"
    target.write_bytes(b"the old one")

    def press_ctrl_c(spoken: int, turns: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesise(target, press_ctrl_c)
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target]


def test_command__target_cannot_be_written__says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    in_the_way = tmp_path / "a file"
    in_the_way.touch()
    assert main([str(in_the_way / "demo.wav")]) == 1
    assert "Choose another place" in capsys.readouterr().err


def test_command__no_target__says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "build/demo-session.wav" in capsys.readouterr().err
