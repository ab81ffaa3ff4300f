"""What two members tell each other before any sound: versions and models must be the same, byte for byte."""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from app.pool.errors import PoolRefused
from models.manifest import read_manifest

PROTOCOL = 1  # of the frames between box and pool


@dataclass(frozen=True, slots=True)
class Model:
    """A model as the manifest pins it."""

    name: str
    digest: str  # over every file's sha256

    @classmethod
    def pinned(cls, name: str) -> "Model":
        """Raise ModelUnknown where the manifest does not know it."""
        return cls(name, read_manifest().find(name).digest)

    @property
    def english_only(self) -> bool:
        return self.name.endswith(".en")


@dataclass(frozen=True, slots=True)
class Hello:
    """Who speaks."""

    version: str
    protocol: int
    model: Model | None = None  # None of a box: it takes what the pool has

    @classmethod
    def own(cls, model: Model | None = None) -> "Hello":
        return cls(version("tacet"), PROTOCOL, model)

    def head(self) -> dict[str, Any]:
        return asdict(self)


def hello_from(head: dict[str, Any]) -> Hello:
    """Raise KeyError, TypeError or ValueError for what is none."""
    model = head["model"]
    return Hello(str(head["version"]), int(head["protocol"]), None if model is None else Model(**model))


def refuse_other_version(own: Hello, other: Hello, whose: str) -> None:
    """Raise PoolRefused with a sentence that says who has to update."""
    if (own.version, own.protocol) != (other.version, other.protocol):
        raise PoolRefused(
            f"{whose} runs Tacet {other.version} (protocol {other.protocol}), this machine {own.version} "
            f"(protocol {own.protocol}). Bring both to the same version."
        )


def refuse_other_model(wanted: Model, offered: Model | None, whose: str) -> None:
    """Raise PoolRefused unless both mean the same bytes."""
    if offered is None or offered.name != wanted.name:
        has = offered.name if offered else "no model"
        raise PoolRefused(f"{whose} has {has}, and {wanted.name} is wanted. Start it with --model {wanted.name}.")
    if offered.digest != wanted.digest:
        raise PoolRefused(
            f"{whose} has another {wanted.name}: its files are pinned to {offered.digest[:12]}, "
            f"here to {wanted.digest[:12]}. Bring both to the same version of Tacet and fetch the model again."
        )


def refuse_other_tokens(pool: Model, local: str) -> None:
    """Raise PoolRefused where words before a window, told by one model, would mean nothing to the other."""
    if pool.english_only != local.endswith(".en"):
        raise PoolRefused(
            f"The pool hears with {pool.name} and this box with {local}: one of them knows English only, so they "
            "cannot take turns. Choose two that know the same languages."
        )
