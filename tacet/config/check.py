"""Checks a whole tacet.toml and finds everything that is wrong with it, not only the first thing. Pure."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from app.asr.settings import AsrSettings
from app.settings import AppSettings
from firmware.settings import RecorderSettings
from tacet.config.lines import line_of
from tacet.config.problem import Problem, of_syntax, of_value
from tacet.config.sections import BackupSection, BoxSection, NetworkSection, PoolSection, UpdateSection

PLACES: dict[str, tuple[str, ...]] = {  # the folders that a section needs, given once for the whole box
    "box": (),
    "network": (),
    "recorder": ("data_dir", "run_dir"),
    "app": ("data_dir", "run_dir"),
    "asr": ("run_dir", "models_dir"),
    "backup": (),
    "update": (),
    "pool": (),
}
SECTIONS: dict[str, type[BaseModel]] = {
    "box": BoxSection,
    "network": NetworkSection,
    "recorder": RecorderSettings,
    "app": AppSettings,
    "asr": AsrSettings,
    "backup": BackupSection,
    "update": UpdateSection,
    "pool": PoolSection,
}
DEFAULT_PLACES = {
    "data_dir": Path("/var/lib/tacet"),  # everything the box keeps
    "run_dir": Path("/run/tacet"),  # sockets
    "models_dir": Path("/usr/share/tacet/models"),  # speech models
}


def check_bytes(content: bytes) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """What the file says, and what is wrong with it, in the order of its lines. Empty when it cannot be read at all."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        remedy = "Save the file as UTF-8, or take that character out."
        return {}, (Problem(line, "", "A character is not UTF-8.", remedy),)
    return check_text(text)


def check_text(text: str) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return {}, (of_syntax(error, text),)
    except RecursionError:
        return {}, (Problem(1, "", "Brackets stand in brackets, too deep to read.", "Take them out."),)
    return written, check_written(written, text)


def check_written(written: dict[str, Any], text: str = "") -> tuple[Problem, ...]:
    """Check what was already read; `text` gives the lines."""
    found = _top(written, text)
    for name in SECTIONS:
        section = written.get(name, {})
        if isinstance(section, dict):
            found += _section(name, section_with_places(written, name), text)
        else:
            found.append(_problem(text, (name,), "is of the wrong kind.", f"Write [{name}] on a line of its own."))
    return tuple(sorted(found, key=lambda problem: problem.line))


def section_with_places(written: dict[str, Any], name: str) -> dict[str, Any]:
    """The section as its process gets it: the folders of the whole box, and what it says itself."""
    shared = {place: written.get(place, DEFAULT_PLACES[place]) for place in PLACES[name]}
    return shared | dict(written.get(name, {}))


def _top(written: dict[str, Any], text: str) -> list[Problem]:
    found = []
    for name, value in written.items():
        if name in DEFAULT_PLACES:
            if not isinstance(value, str | Path):
                found.append(_problem(text, (name,), "is of the wrong kind.", "Write a path in straight quotes."))
        elif name not in SECTIONS:
            error: Any = {"type": "extra_forbidden", "loc": (name,), "msg": "", "input": None}
            known = (*SECTIONS, *DEFAULT_PLACES)
            found.append(_problem(text, (name,), *of_value(error, _near(name, known))))
    return found


def _near(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names known at the top; a setting that has slipped out of its section is named with it."""
    for section, model in SECTIONS.items():
        if name in model.model_fields:
            return (name, *known) if name in known else (*known, f"{name} below [{section}]")
    return known


def _section(name: str, values: dict[str, Any], text: str) -> list[Problem]:
    model = SECTIONS[name]
    try:
        model.model_validate(values)
    except ValidationError as error:
        found: list[Problem] = []
        for detail in error.errors(include_url=False, include_input=False):
            key = tuple(str(part) for part in detail["loc"][:1])
            problem = _problem(text, (name, *key), *of_value(detail, tuple(model.model_fields)))
            if problem.setting not in {one.setting for one in found}:  # one value may fail as several types
                found.append(problem)
        return found
    return []


def _problem(text: str, setting: tuple[str, ...], sentence: str, remedy: str) -> Problem:
    is_section = setting[0] in SECTIONS
    named = f"[{setting[0]}] {' '.join(setting[1:])}".strip() if is_section else setting[0]
    return Problem(line_of(text, setting), named, sentence, remedy)
