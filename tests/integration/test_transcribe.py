import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.demo_sound import DEMO_SESSION, demo_excerpt, demo_words
from support.words import word_error_rate


def transcribe(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tacet", "transcribe", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)


def test_transcribe__a_minute_of_the_demo_session__gives_speakers_words_and_times(tmp_path: Path) -> None:
    answer = transcribe(str(demo_excerpt(tmp_path / "minute.wav", 66)), "--json")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    asked = {"duration_s", "model", "language", "segments", "pauses", "not_understood"}
    assert set(told) == asked | {"speakers_told_by", "overlaps"}
    assert told["language"] == "en"
    text = " ".join(segment["text"] for segment in told["segments"])
    assert len(text) > 500
    assert word_error_rate(demo_words()[: len(text)], text) < 0.12  # the reference is cut by length
    assert {segment["speaker"] for segment in told["segments"]} == {"1", "2"}
    assert told["speakers_told_by"] == "seats"
    assert all(word["speaker"] == segment["speaker"] for segment in told["segments"] for word in segment["words"])
    assert {segment["path"] for segment in told["segments"]} <= {"first", "second", "sampled"}
    words = [word for segment in told["segments"] for word in segment["words"]]
    assert all(0 <= word["start_ms"] <= word["end_ms"] <= told["duration_s"] * 1000 + 100 for word in words)
    assert all(0 < word["probability"] <= 1 for word in words)
    assert all(pause["end_ms"] - pause["start_ms"] >= 2_000 for pause in told["pauses"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing.wav",), "There is no file nothing.wav"),
        ((__file__,), "cannot be read as sound"),
        ((str(DEMO_SESSION), "--threads", "-1"), "--threads -1"),
        ((str(DEMO_SESSION), "--model", "bsae"), "base"),
        ((str(DEMO_SESSION), "--speakers", "7"), "--speakers 7"),
    ],
)
def test_transcribe__something_wrong__says_it_in_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    answer = transcribe(*arguments)
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_transcribe__another_folder_of_models__is_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TACET_MODELS_DIR", str(tmp_path))
    answer = transcribe(str(DEMO_SESSION))
    assert answer.returncode == 1
    assert "models fetch" in answer.stderr
