from pathlib import Path

import pytest
from pydantic import ValidationError

from firmware.settings import RecorderSettings

FOLDERS = {"data_dir": Path("/data"), "run_dir": Path("/run")}


def test_settings__only_folders__is_the_box_in_the_clinic() -> None:
    settings = RecorderSettings.model_validate(FOLDERS)
    assert (settings.panel, settings.microphone, settings.sample_rate_hz) == ("gpio", "pyaudio", 16_000)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"moods": 1}, "Extra inputs"),
        ({"microphone": "file"}, "needs audio_file"),
        ({"red_pin": 17}, "must differ"),
        ({"red_pin": 28}, "less than or equal to 27"),
        ({"channels": 3}, "Input should be 1 or 2"),
        ({"speed": 0.5}, "greater than or equal to 1"),
        ({"speed": float("nan")}, "finite number"),
        ({"sample_rate_hz": 0}, "greater than or equal to 8000"),
        ({"block_timeout_ms": 0}, "greater than or equal to 100"),
        ({"at_end": "stop"}, "'silence', 'loop' or 'end'"),
    ],
)
def test_settings__wrong__are_refused_by_name(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RecorderSettings.model_validate(FOLDERS | wrong)


def test_settings__made__cannot_be_changed() -> None:
    settings = RecorderSettings.model_validate(FOLDERS)
    with pytest.raises(ValidationError):
        settings.channels = 2
