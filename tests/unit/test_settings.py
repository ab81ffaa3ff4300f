import tomllib
from pathlib import Path

import pytest

from app.errors import TacetError
from tacet.settings import load_settings, write_settings


def configuration(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tacet.toml"
    path.write_text(text)
    return path


def test_load_settings__an_empty_file__gives_the_defaults_of_a_box(tmp_path: Path) -> None:
    settings = load_settings(configuration(tmp_path, ""))
    assert settings.recorder.data_dir == settings.app.data_dir == Path("/var/lib/tacet")
    assert settings.recorder.panel == "gpio"
    assert settings.asr.model == "base"


def test_load_settings__places_given_once__reach_every_section(tmp_path: Path) -> None:
    settings = load_settings(configuration(tmp_path, 'run_dir = "/r"\nmodels_dir = "/m"\n[app]\nport = 9000\n'))
    assert {settings.recorder.run_dir, settings.app.run_dir, settings.asr.run_dir} == {Path("/r")}
    assert settings.asr.models_dir == Path("/m")
    assert settings.app.port == 9000


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[recorder]\nsamplerate = 3\n", r"\[recorder\] samplerate is not a setting"),
        ("[app]\nport = 0\n", r"line 2: \[app\] port .*at least 1"),
        ('[app]\nname = "Room 1!"\n', r"\[app\] name"),
        ("colour = 1\n", "colour is not a setting"),
        ("[app\n", "line 1: A square bracket"),
        ('[recorder]\nmicrophone = "file"\n', r"\[recorder\] .*audio_file"),
        ("app = 3\n", r"line 1: \[app\] .*of its own"),
    ],
)
def test_load_settings__something_wrong__names_file_and_setting_in_one_sentence(
    tmp_path: Path, text: str, named: str
) -> None:
    path = configuration(tmp_path, text)
    with pytest.raises(TacetError, match=named) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_load_settings__no_file__says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(TacetError, match="--config"):
        load_settings(tmp_path / "none.toml")


def test_write_settings__strings_with_quotes_and_accents__read_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "tacet.toml"
    written = {"data_dir": Path('/tmp/a "b" é'), "app": {"port": 8443, "announce": False}, "recorder": {"speed": 2.5}}
    write_settings(path, written)
    assert tomllib.loads(path.read_text()) == written | {"data_dir": '/tmp/a "b" é'}
