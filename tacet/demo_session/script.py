"""The words of the demo session, read from `script.toml`."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files


class Speaker(StrEnum):
    THERAPIST = "therapist"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said in one breath. `phones` are flite's phone names, for sounds that have no spelling ("Mhm")."""

    text: str
    phones: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    speaker: Speaker
    utterances: tuple[Utterance, ...]
    pause_s: float  # silence after the last utterance

    @property
    def text(self) -> str:
        return " ".join(utterance.text for utterance in self.utterances)


def read_script() -> tuple[Turn, ...]:
    with (files(__package__) / "script.toml").open("rb") as file:
        return tuple(_turn(**entry) for entry in tomllib.load(file)["turns"])


def _turn(speaker: str, text: str, pause_s: float, phones: str | None = None) -> Turn:
    breaths = tuple(Utterance(breath.strip(), phones) for breath in text.split("|"))
    return Turn(Speaker(speaker), breaths, pause_s)
