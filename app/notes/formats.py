"""The formats of a note: which sections, and what belongs where. Data, validated; a clinic may add its own. Pure."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import TacetError
from app.notes.cues import Kind

DEFAULT_FORMAT: Final = "dap"
NAME: Final = r"^[a-z][a-z0-9-]{0,31}$"


class UnknownFormat(TacetError):
    """No format has this name; the sentence lists those that there are."""


class Section(BaseModel):
    """One heading of a note."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    belongs: str = Field(min_length=1, max_length=200)  # one line on what belongs here
    takes: tuple[Kind, ...] = ()  # what a drafter may put here
    judgement: bool = False  # the therapist's alone: no drafter ever writes here
    prompt: str = Field(default="", max_length=200)  # shown where the therapist writes

    @model_validator(mode="after")
    def _judgement_is_a_persons(self) -> Self:
        if self.judgement and self.takes:
            raise ValueError(f"section {self.name} is the therapist's judgement, so a drafter may put nothing there")
        if self.judgement and not self.prompt:
            raise ValueError(f"section {self.name} is the therapist's judgement, so it needs a prompt")
        return self


class NoteFormat(BaseModel):
    """A note's sections in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=60)
    sections: tuple[Section, ...] = Field(min_length=1, max_length=12)

    @model_validator(mode="after")
    def _each_thing_has_one_place(self) -> Self:
        names = [section.name.casefold() for section in self.sections]
        kinds = [kind for section in self.sections for kind in section.takes]
        if len(set(names)) < len(names):
            raise ValueError(f"two sections of {self.title} have the same name")
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"two sections of {self.title} take the same kind of sentence")
        return self


@lru_cache(maxsize=1)
def built_in_formats() -> Mapping[str, NoteFormat]:
    """SOAP, DAP, BIRP, GIRP, PIE and the plain progress note, by name."""
    tables: dict[str, Any] = tomllib.loads((files("app.notes") / "formats.toml").read_text(encoding="utf-8"))
    return {name: NoteFormat.model_validate(table) for name, table in tables.items()}


def all_formats(own: Mapping[str, NoteFormat]) -> dict[str, NoteFormat]:
    """The built-in formats and a clinic's own; one of the same name takes the built-in's place."""
    return {**built_in_formats(), **own}


def read_own_formats(text: str) -> dict[str, NoteFormat]:
    """A clinic's own formats from TOML, in the shape of formats.toml.

    Raises:
        UnknownFormat: It is no TOML, or a format is not valid; the sentence says what.
    """
    try:
        return {name: NoteFormat.model_validate(table) for name, table in tomllib.loads(text).items()}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnknownFormat(f"A note format is not valid: {where or 'it'}: {first['msg']}.") from None
    except tomllib.TOMLDecodeError as error:
        raise UnknownFormat(f"The file of note formats is no TOML: {error}.") from None


def find_format(name: str, formats: Mapping[str, NoteFormat]) -> NoteFormat:
    """The format of this name.

    Raises:
        UnknownFormat: There is none.
    """
    if name not in formats:
        raise UnknownFormat(f"There is no note format {name!r}. There are: {', '.join(formats)}.")
    return formats[name]
