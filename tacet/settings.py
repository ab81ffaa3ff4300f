import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.asr.settings import AsrSettings
from app.errors import TacetError
from app.settings import AppSettings
from firmware.settings import RecorderSettings
from tacet.config.check import check_bytes, check_written, section_with_places
from tacet.config.problem import Problem
from tacet.config.sections import BackupSection, BoxSection, NetworkSection, PoolSection, UpdateSection


@dataclass(frozen=True, slots=True)
class BoxSettings:
    """The one configuration file: a section a process, two for the machine, and one for each thing beside."""

    recorder: RecorderSettings
    app: AppSettings
    asr: AsrSettings
    box: BoxSection
    network: NetworkSection
    backup: BackupSection
    update: UpdateSection
    pool: PoolSection


def load_settings(path: Path) -> BoxSettings:
    """Read and check the whole file, whichever process asks.

    Raises:
        TacetError: with the file, the line, the setting and what it may be.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TacetError(
            f"The configuration {path} cannot be read ({error.strerror}). Name it with --config."
        ) from error
    written, problems = check_bytes(content)
    return _settings(written, problems, str(path))


def check_settings(written: dict[str, Any], source: str) -> BoxSettings:
    """Check settings that were already read; `source` names them in errors. Raises TacetError."""
    return _settings(written, check_written(written), source)


def _settings(written: dict[str, Any], problems: tuple[Problem, ...], source: str) -> BoxSettings:
    if problems:
        more = f" There are {len(problems) - 1} more: tacet config check {source}" if len(problems) > 1 else ""
        raise TacetError(f"{source}, {problems[0]}{more}")
    return BoxSettings(
        recorder=RecorderSettings.model_validate(section_with_places(written, "recorder")),
        app=AppSettings.model_validate(section_with_places(written, "app")),
        asr=AsrSettings.model_validate(section_with_places(written, "asr")),
        box=BoxSection.model_validate(section_with_places(written, "box")),
        network=NetworkSection.model_validate(section_with_places(written, "network")),
        backup=BackupSection.model_validate(section_with_places(written, "backup")),
        update=UpdateSection.model_validate(section_with_places(written, "update")),
        pool=PoolSection.model_validate(section_with_places(written, "pool")),
    )


def write_settings(path: Path, written: dict[str, Any]) -> None:
    """Write settings made of strings, numbers, booleans, lists of them and one level of sections as TOML."""
    top = [f"{name} = {_toml(value)}" for name, value in written.items() if not isinstance(value, dict)]
    sections = [
        "\n".join([f"\n[{name}]", *(f"{key} = {_toml(value)}" for key, value in section.items())])
        for name, section in written.items()
        if isinstance(section, dict)
    ]
    path.write_text("\n".join([*top, *sections, ""]), encoding="utf-8")


def _toml(value: str | float | bool | Path | list[Any]) -> str:  # noqa: FBT001  a TOML value is what it is
    """JSON writes these as TOML does."""
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
