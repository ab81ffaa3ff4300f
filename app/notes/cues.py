"""What kind of thing a statement tells, by its speaker, its place and its words. Pure."""

import re
import tomllib
from enum import StrEnum
from importlib.resources import files
from typing import Final

from app.notes.statements import Statement
from app.notes.transcript import Role
from app.notes.words import content, numbers, tokens

_LATE: Final = 0.6  # of the session; from here on weaker words are enough for a plan
_LEAST: Final = 2  # content words, without a question or a figure
_ENOUGH: Final = 3  # content words; a reflection with fewer is a mere echo


class Kind(StrEnum):
    """What a section of a format may take."""

    REPORTED = "reported"  # by the client
    DONE = "done"  # by the therapist: interventions
    RESPONSE = "response"  # of the client to that
    AGREED = "agreed"  # plan, homework, next appointment


def phrases(listed: list[str]) -> re.Pattern[str]:
    """Compile a list of phrases: whole words, "*" at the end of a word's beginning."""
    either = "|".join(
        re.escape(one).replace(r"\*", r"[\w'-]*").replace(r"\ ", " ") for one in sorted(listed, key=len, reverse=True)
    )
    return re.compile(rf"(?<![\w'])(?:{either})(?![\w'])")


_CUES: Final = {
    name: phrases(listed)
    for name, listed in tomllib.loads((files("app.notes") / "cues.toml").read_text(encoding="utf-8")).items()
}


def kind_of(statement: Statement, place: float, after: Kind | None) -> Kind | None:
    """The kind of a statement, or None where it belongs in no note.

    Args:
        statement: The statement.
        place: Where in the session it was said, 0..1.
        after: The kind of the statement before it.
    """
    said = " ".join(tokens(statement.text))
    stems = content(statement.text)
    if _CUES["courtesy"].search(said) or (len(stems) < _LEAST and not (stems and (statement.asked or numbers(said)))):
        return None
    if _is_agreed(statement, said, place):
        return Kind.AGREED
    if statement.role is Role.THERAPIST:
        cue = _CUES["done"].search(said)
        return Kind.DONE if len(stems) >= _ENOUGH and (cue or not statement.is_question) else None
    if statement.is_question and statement.role is Role.CLIENT:
        return None
    answers = statement.role is Role.CLIENT and after in {Kind.DONE, Kind.RESPONSE}
    return Kind.RESPONSE if answers and _CUES["response"].search(said) else Kind.REPORTED


def cue_strength(statement: Statement, kind: Kind) -> int:
    """How many cues of its kind the statement holds."""
    said = " ".join(tokens(statement.text))
    return len(_CUES[kind.value].findall(said)) if kind.value in _CUES else 0


def _is_agreed(statement: Statement, said: str, place: float) -> bool:
    if statement.asked or statement.is_question:
        return bool(place >= _LATE and _CUES["agreed"].search(said))
    if _CUES["agreed"].search(said):
        return True
    late = "agreed_client_late" if statement.role is Role.CLIENT else "agreed_late"
    return place >= _LATE and bool(_CUES[late].search(said))
