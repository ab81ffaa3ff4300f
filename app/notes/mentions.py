"""Places that a therapist should hear: self-harm, harm to others, abuse, substances are mentioned there. Pure.

A mention is never an assessment, a score or a level; it only says which words were spoken, and where.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from app.notes.cues import phrases
from app.notes.transcript import Utterance
from app.notes.words import tokens

SAYS: Final = "mentioned here, please hear it"

_DATA: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    (files("app.notes") / "mentions.toml").read_text(encoding="utf-8")
)
_TOPICS: Final = {name: (table["title"], phrases(table["phrases"])) for name, table in _DATA.items()}


@dataclass(frozen=True, slots=True)
class Mention:
    topic: str  # "self_harm", "harm_to_others", "abuse" or "substance"
    title: str
    position: int  # of the utterance
    words: str = field(repr=False)  # as they were said, in lower case


def mentions_in(utterances: Sequence[Utterance]) -> tuple[Mention, ...]:
    """Every mention in order; a topic once an utterance."""
    found = []
    for utterance in utterances:
        said = " ".join(tokens(utterance.text))
        for topic, (title, pattern) in _TOPICS.items():
            if match := pattern.search(said):
                found.append(Mention(topic, title, utterance.position, match[0]))
    return tuple(found)
