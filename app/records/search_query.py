"""What somebody typed into the search field, as the index understands it. Pure.

Words find what begins like them; "quoted words" find exactly that phrase. Nothing that is typed can break the index's
own grammar: every word goes in as a quoted string.
"""

import re
from difflib import SequenceMatcher

from app.records.people import folded

LONGEST = 200
MOST_WORDS = 12
_PARTS = re.compile(r'"([^"]*)"?|(\S+)')
_WORD = re.compile(r"\w+")
NEAR_ENOUGH = 0.72


def to_match(typed: str) -> str:
    """The expression for FTS5; "" where nothing can be looked for."""
    parts = []
    for phrase, word in _PARTS.findall(typed[:LONGEST]):
        words = _WORD.findall(phrase or word)
        if words:
            quoted = '"' + " ".join(words) + '"'
            parts.append(quoted if phrase else f"{quoted} *")
    return " ".join(parts[:MOST_WORDS])


def query_words(typed: str) -> tuple[tuple[str, bool], ...]:
    """The words to mark in a line that was found, folded, and whether each is meant whole."""
    return tuple(
        (folded(one), bool(phrase))
        for phrase, word in _PARTS.findall(typed[:LONGEST])
        for one in _WORD.findall(phrase or word)
    )


def near_names(typed: str, names: dict[str, str], most: int = 8) -> list[str]:
    """The keys whose name resembles what was typed, the nearest first, typing mistakes forgiven."""
    wanted = folded(typed.replace('"', " "))
    if not wanted:
        return []
    scored = [(_likeness(wanted, folded(name)), key) for key, name in names.items()]
    return [key for score, key in sorted(scored, key=lambda one: -one[0]) if score >= NEAR_ENOUGH][:most]


def _likeness(wanted: str, name: str) -> float:
    if wanted in name:
        return 1.0 if name.startswith(wanted) or f" {wanted}" in name else 0.9
    candidates = [name, *name.split()]
    best = 0.0
    for one in candidates:
        matcher = SequenceMatcher(None, wanted, one[: len(wanted) + 2] if len(wanted) > 3 else one)  # noqa: PLR2004  too short to begin something
        if matcher.real_quick_ratio() > best:
            best = max(best, matcher.ratio())
    return best
