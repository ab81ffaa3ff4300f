import argparse
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.toy_models import Toy, toy

from models.command import add_arguments, run
from models.folder import FolderSource
from models.progress import shown_on

Command = Callable[..., int]


@pytest.fixture
def some() -> Toy:
    return toy()


@pytest.fixture
def stick(tmp_path: Path, some: Toy) -> Path:
    some.write(tmp_path / "stick" / "toy")
    return tmp_path / "stick"


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def command(models_dir: Path, some: Toy, stick: Path) -> Command:
    """Runs `tacet models ...` with one toy model, whose only source is the stick."""

    def call(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        add_arguments(parser, models_dir)
        return run(parser.parse_args(arguments), some.manifest, [FolderSource(stick)])

    return call


def test_list__nothing_installed__is_a_neat_table(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("list") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["NAME", "SIZE", "LANGUAGES", "LICENCE", "HERE", "WHAT", "FOR"]
    assert out[1] == "toy   3 MB  English    MIT      no    For tests."


def test_list__json__says_where_and_how_it_stands(
    command: Command, models_dir: Path, some: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    some.write(models_dir / "toy")
    assert command("list", "--json") == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["state"] == "unverified"
    assert entry["folder"] == str(models_dir / "toy")
    assert entry["size_bytes"] == 3_024_300


def test_fetch__without_a_name__brings_the_default(
    command: Command, models_dir: Path, stick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("fetch") == 0
    out = capsys.readouterr().out
    assert out == f"toy is in {models_dir / 'toy'}, verified (from the folder {stick}).\n"
    assert command("fetch", "toy", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [{"name": "toy", "folder": str(models_dir / "toy"), "from": []}]


def test_fetch__no_source_has_it__is_a_problem_on_stderr(
    command: Command, stick: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stick / "toy" / "model.bin").unlink()
    assert command("fetch", "toy") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{stick} has no toy/model.bin." in told.err
    assert "Traceback" not in told.err


def test_any_action__unknown_model__is_wrong_usage(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("list", "fetch", "verify"):
        assert command(action, "tiy") == 2
        assert "There is no model called tiy; did you mean toy?" in capsys.readouterr().err


def test_verify__right__says_so(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    command("fetch")
    capsys.readouterr()
    assert command("verify") == 0
    assert capsys.readouterr().out == "toy is right, every byte of it (3 MB).\n"


def test_verify__wrong__names_the_file_in_text_and_json(
    command: Command, models_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("fetch")
    (models_dir / "toy" / "vocabulary.txt").write_bytes(bytes(4_000))
    capsys.readouterr()
    assert command("verify", "--json") == 1
    told = capsys.readouterr()
    (entry,) = json.loads(told.out)
    assert not entry["ok"]
    assert "vocabulary.txt is not the pinned one" in entry["problem"]
    assert "vocabulary.txt is not the pinned one" in told.err


def test_verify__nothing_installed__says_what_to_run(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("verify") == 1
    assert "There is no speech model in" in capsys.readouterr().err


def test_models_dir__from_the_environment__is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACET_MODELS_DIR", str(tmp_path / "there"))
    parser = argparse.ArgumentParser()
    add_arguments(parser, tmp_path / "here")
    assert parser.parse_args(["list"]).models_dir == tmp_path / "there"


def test_no_action__is_wrong_usage(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 2
    assert "list|fetch|verify" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress__terminal__draws_a_bar() -> None:
    stream = Terminal()
    with shown_on(stream)("Copying model.bin", 1000) as advance:
        advance(1000)
    assert "Copying model.bin:   0%" in stream.getvalue()
    assert stream.getvalue().endswith("\r")  # the finished bar is wiped away


def test_progress__log__writes_plain_lines_for_long_steps_only() -> None:
    stream = io.StringIO()
    for size_bytes in (1_000, 145_217_532):
        with shown_on(stream)("Copying", size_bytes) as advance:
            advance(size_bytes)
    assert stream.getvalue() == "Copying (145 MB)\n"
