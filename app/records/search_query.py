"""What somebody typed into the search field, as the index understands it. Pure.

Words find themselves, then what begins like them; "quoted words" find exactly that phrase. Nothing that is typed can
break the index's own grammar: every word goes in as a quoted string.
"""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from app.records.people import folded

LONGEST = 200
MOST_WORDS = 12
SHORTEST_BEGINNING = 3
_PARTS = re.compile(r'"([^"]*)"?|(\S+)')
_WORD = re.compile(r"\w+")
NEAR_ENOUGH = 0.72


def to_matches(typed: str) -> tuple[str, ...]:
    """The expressions for FTS5, what counts most first: the words as they stand, then what begins like them.

    None where nothing can be looked for. Words of a letter or two are looked for as they stand alone: too much begins
    like them. In scripts that write without spaces two letters are a word, so there they may begin one.
    """
    parts = list(_parts(typed))[:MOST_WORDS]
    quoted = [('"' + " ".join(words) + '"', whole) for words, whole in parts]
    expressions = (
        " ".join(one for one, _ in quoted),
        " ".join(one if whole else f"{one} *" for one, whole in quoted),
    )
    return tuple(dict.fromkeys(filter(None, expressions)))


def query_words(typed: str) -> tuple[tuple[str, bool], ...]:
    """The words to mark in a line that was found, folded, and whether each is meant whole."""
    return tuple((folded(one), whole) for words, whole in _parts(typed) for one in words)


def _parts(typed: str) -> Iterator[tuple[list[str], bool]]:
    """The words of each phrase, or of what was typed without a space, and whether they are meant whole."""
    for phrase, word in _PARTS.findall(typed[:LONGEST]):
        words = _WORD.findall(phrase or word)
        if words:
            yield words, bool(phrase) or (len(words[-1]) < SHORTEST_BEGINNING and words[-1].isascii())


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
