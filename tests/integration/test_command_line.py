import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.demo_sound import DEMO_SESSION, demo_excerpt


def tacet(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tacet", *arguments], capture_output=True, text=True, timeout=280, cwd=cwd, check=False
    )


def test_tacet__without_a_command__shows_its_commands() -> None:
    answer = tacet()
    assert answer.returncode == 2
    for command in ("run", "demo", "models", "recorder", "app", "asr"):
        assert command in answer.stderr
        assert tacet(command, "--help").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("demo", "--audio", "README.md"), r"README\.md cannot be read as sound"),
        (("demo", "--audio", "nothing.wav"), "There is no file nothing.wav"),
        (("demo", "--audio", str(DEMO_SESSION), "--speed", "0"), "--speed 0"),
        (("demo", "--audio", str(DEMO_SESSION), "--model", "bsae"), "base"),
        (("run", "--simulate", "--audio", "nothing.wav"), "There is no file .*nothing.wav"),
        (("app", "--config", "nothing.toml"), "--config"),
        (("recorder", "--config", "nothing.toml"), "--config"),
    ],
)
def test_tacet__something_wrong__says_it_in_one_sentence_and_fails(arguments: tuple[str, ...], sentence: str) -> None:
    answer = tacet(*arguments, cwd=Path(__file__).parents[2])
    assert answer.returncode == 1
    assert re.search(sentence, answer.stderr)
    assert answer.stderr.count("\n") == 1
    assert "Traceback" not in answer.stderr


def test_tacet_run__a_busy_port__names_another(tmp_path: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104  as the page does
        port = taken.getsockname()[1]
        answer = tacet("run", "--simulate", "--data", str(tmp_path / "box"), "--port", str(port))
    assert answer.returncode == 1
    assert f"--port {port + 1}" in answer.stderr
    assert not (tmp_path / "box").exists()


def test_tacet_demo__part_of_a_session_ten_times_as_fast__loses_no_sample_and_gives_its_words(tmp_path: Path) -> None:
    answer = tacet("demo", "--audio", str(demo_excerpt(tmp_path / "minute.wav", 60)), "--speed", "20", "--json")
    assert answer.returncode == 0, answer.stderr
    result = json.loads(answer.stdout)
    assert result["samples_in"] == result["samples_sealed"] >= 60 * 16_000
    assert result["duration_s"] == pytest.approx(result["samples_sealed"] / 16_000, abs=0.001)
    assert set(result["timings"]) == {"start_s", "record_s", "transcribe_after_stop_s", "total_s"}
    text = " ".join(line["text"] for line in result["transcript"])
    assert "red light is on" in text
    assert "phone" in text
    line = result["transcript"][0]
    assert set(line) >= {"start_ms", "end_ms", "speaker", "voice", "text", "words"}
    assert set(line["words"][0]) >= {"start_ms", "end_ms", "word", "probability", "speaker", "overlap"}
    assert "red light" not in answer.stderr
