"""Whom a practice sees: a client is one person, a couple or a family. Pure."""

import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from app.errors import TacetError

NAME_LIMIT = 200
TEXT_LIMIT = 10_000


class Kind(StrEnum):
    PERSON = "person"
    COUPLE = "couple"
    FAMILY = "family"


class InvalidClient(TacetError):
    """What was typed about a client cannot be kept; the sentence says why. Ask again."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who sits in the room and gives consent for themselves."""

    person_id: str
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """What a therapist types about a client."""

    name: str = field(repr=False)  # or a code
    people: tuple[str, ...] = field(default=(), repr=False)  # the names; empty: the client's own
    kind: Kind = Kind.PERSON
    pronouns: str = field(default="", repr=False)
    language: str = ""  # BCP 47
    vocabulary: str = field(default="", repr=False)  # a word or name a line
    goals: str = field(default="", repr=False)
    substance_use: bool = False
    audio_days: int | None = None  # None: as the practice has it
    text_days: int | None = None


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    details: ClientDetails
    people: tuple[Person, ...] = field(repr=False)
    created_at_ms: int
    archived_at_ms: int | None = None
    merged_into: str | None = None

    @property
    def name(self) -> str:
        return self.details.name


def tidy_name(name: str) -> str:
    """One line, in composed form, without what no keyboard types; any script is welcome.

    Raises:
        InvalidClient: It is empty or longer than a name can be.
    """
    visible = (one for one in " ".join(name.split()) if unicodedata.category(one) not in {"Cc", "Cs", "Co", "Cn"})
    tidy = unicodedata.normalize("NFC", "".join(visible))
    if not tidy:
        raise InvalidClient("A client needs a name or a code. Type one and save again.")
    if len(tidy) > NAME_LIMIT:
        raise InvalidClient(f"This name is longer than {NAME_LIMIT} characters. Shorten it and save again.")
    return tidy


def tidy_text(text: str) -> str:
    """Lines without what no keyboard types.

    Raises:
        InvalidClient: It is longer than is kept.
    """
    lines = (line.strip() for line in text.replace("\r\n", "\n").split("\n"))
    tidy = "\n".join(
        "".join(one for one in line if unicodedata.category(one) not in {"Cc", "Cs"}) for line in lines
    ).strip()
    if len(tidy) > TEXT_LIMIT:
        raise InvalidClient(f"This text is longer than {TEXT_LIMIT:,} characters. Shorten it and save again.")
    return tidy


def folded(name: str) -> str:
    """The name as it is compared: case, accents and spaces make no difference."""
    if name.isascii():
        return " ".join(name.lower().split())
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(one for one in decomposed if not unicodedata.combining(one)).split())
