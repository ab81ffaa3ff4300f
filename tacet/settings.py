import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.asr.settings import AsrSettings
from app.errors import TacetError
from app.settings import AppSettings
from firmware.settings import RecorderSettings

PLACES = {  # the folders that a section needs, given once for the whole box
    "recorder": ("data_dir", "run_dir"),
    "app": ("data_dir", "run_dir"),
    "asr": ("run_dir", "models_dir"),
}


class Places(BaseModel):
    """Where the box keeps things."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Path("/var/lib/tacet")
    run_dir: Path = Path("/run/tacet")
    models_dir: Path = Path("/usr/share/tacet/models")
    recorder: dict[str, Any] = Field(default_factory=dict)
    app: dict[str, Any] = Field(default_factory=dict)
    asr: dict[str, Any] = Field(default_factory=dict)

    def section(self, name: str) -> dict[str, Any]:
        shared = {place: getattr(self, place) for place in PLACES[name]}
        return shared | dict(getattr(self, name))


@dataclass(frozen=True, slots=True)
class BoxSettings:
    """The one configuration file, a section a process."""

    recorder: RecorderSettings
    app: AppSettings
    asr: AsrSettings


def load_settings(path: Path) -> BoxSettings:
    """Read and check the whole file, whichever process asks.

    Raises:
        TacetError: with the file, the setting and what it may be.
    """
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TacetError(
            f"The configuration {path} cannot be read ({error.strerror}). Name it with --config."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TacetError(f"The configuration {path} is not valid TOML: {error}. Mend that place.") from error
    return check_settings(written, str(path))


def check_settings(written: dict[str, Any], source: str) -> BoxSettings:
    """Check settings that were already read; `source` names them in errors."""
    section = ""
    try:
        places = Places.model_validate(written)
        section = "recorder"
        recorder = RecorderSettings.model_validate(places.section(section))
        section = "app"
        app = AppSettings.model_validate(places.section(section))
        section = "asr"
        asr = AsrSettings.model_validate(places.section(section))
    except ValidationError as error:
        raise TacetError(_sentence(source, section, error)) from error
    return BoxSettings(recorder, app, asr)


def _sentence(source: str, section: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    setting = ".".join(str(part) for part in first["loc"])
    where = f"[{section}] {setting}" if section else setting
    if first["type"] == "extra_forbidden":
        return f"{source}: {where} is not a setting of this version. Take the line out, or correct its name."
    return f"{source}: {where.strip()}: {first['msg']}. Correct that line."


def write_settings(path: Path, written: dict[str, Any]) -> None:
    """Write settings made of strings, numbers, booleans and one level of sections as TOML."""
    top = [f"{name} = {_toml(value)}" for name, value in written.items() if not isinstance(value, dict)]
    sections = [
        "\n".join([f"\n[{name}]", *(f"{key} = {_toml(value)}" for key, value in section.items())])
        for name, section in written.items()
        if isinstance(section, dict)
    ]
    path.write_text("\n".join([*top, *sections, ""]), encoding="utf-8")


def _toml(value: str | float | bool | Path) -> str:  # noqa: FBT001  a TOML value is what it is
    """JSON writes these four as TOML does."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
