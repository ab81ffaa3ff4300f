"""What a machine may not state: diagnosis, prognosis, recommendation, risk, assumed normal findings. Pure.

A phrase of these passes where the therapist said it in the cited words, and where it is plainly the client's own
telling: the client said it there and the sentence is the client's or says that the client reported it.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, Final

from app.notes.cues import phrases
from app.notes.transcript import Role, Utterance
from app.notes.words import stem, tokens

RULES: Final[dict[str, Any]] = tomllib.loads((files("app.notes") / "guard.toml").read_text(encoding="utf-8"))
_CLAIMS: Final[dict[str, re.Pattern[str]]] = {
    rule: phrases(table["phrases"]) for rule, table in RULES["claims"].items()
}


def claims_in(text: str, sources: Sequence[Utterance], said_by: Role) -> Iterator[tuple[str, str]]:
    """The rule and the words of everything that the sentence states and may not; a rule once."""
    stated = " ".join(tokens(text))
    for rule, pattern in _CLAIMS.items():
        for match in pattern.finditer(stated):
            if not _is_said(match[0], sources, said_by):
                yield rule, match[0]
                break


def _is_said(phrase: str, sources: Sequence[Utterance], said_by: Role) -> bool:
    """Whether one who may say so did: the therapist always, the client in a sentence that is the client's own."""
    wanted = _stems(phrase)
    return any(
        wanted in _stems(utterance.text)
        for utterance in sources
        if utterance.role is not Role.CLIENT or said_by is not Role.THERAPIST
    )


def _stems(text: str) -> str:
    return f" {' '.join(stem(word) for word in tokens(text))} "
