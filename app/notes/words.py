"""What the drafter and the guard see in English text: words, content, numbers, days, names, negations. Pure."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

_TOKEN: Final = re.compile(r"\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?|[^\W\d_]+(?:['\u2019-][^\W\d_]+)*", re.UNICODE)
_SENTENCE_END: Final = re.compile(r"[.?!]")
_DATA: Final[dict[str, Any]] = tomllib.loads((files("app.notes") / "words.toml").read_text(encoding="utf-8"))

STOP: Final = frozenset(_DATA["stop"])
FILLERS: Final = frozenset(_DATA["fillers"])
STUMBLES: Final = frozenset(_DATA["stumbles"])
FRAME: Final = frozenset(_DATA["frame"])
_NEGATORS: Final = frozenset(_DATA["negators"])
_NUMBERS: Final[dict[str, float]] = _DATA["numbers"] | _DATA["ordinals"]
_DAYS: Final = frozenset(_DATA["days"]) | frozenset(_DATA["months"]) | frozenset(_DATA["relative_days"])
_DAY_PHRASES: Final[tuple[str, ...]] = tuple(_DATA["relative_phrases"])
_IRREGULAR: Final[dict[str, str]] = _DATA["irregular"]
_NO_NAMES: Final = frozenset(_DATA["capitals_that_are_no_names"])
_YES: Final = tuple(_DATA["yes"])
_NO: Final = tuple(_DATA["no"])
_SHORTEST_STEM: Final = 3
_NEGATION_REACH: Final = 6  # words after a negator that it turns round, within its clause
_CLAUSE_END: Final = re.compile(
    r"[,;:.?!\u2013\u2014]|\b(?:but|although|though|however|except|because|since|and then)\b"
)


def tokens(text: str) -> list[str]:
    """Words and figures in lower case, in order; apostrophes made plain."""
    return [match[0].lower().replace("\u2019", "'") for match in _TOKEN.finditer(text)]


def is_filler(word: str) -> bool:
    return word.lower().strip(".,?!-\u2026") in FILLERS


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A light stem: enough that "sleeps", "sleeping" and "slept" meet. A short list of past forms, no dictionary."""
    word = word.removesuffix("'s").removesuffix("'")
    word = _IRREGULAR.get(word, word)
    for ending, instead in (
        ("ies", "y"),
        ("ied", "y"),
        ("ying", "y"),
        ("sses", "ss"),
        ("ing", ""),
        ("ed", ""),
        ("ly", ""),
        ("es", ""),
        ("s", ""),
    ):
        kept = word.removesuffix(ending)
        if kept != word and len(kept + instead) >= _SHORTEST_STEM and not word.endswith("ss"):
            return _undoubled(kept + instead).removesuffix("e")
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word


def _undoubled(word: str) -> str:
    """Make "stopp" of stopped into "stop"; "feel" and "press" stay."""
    return word[:-1] if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "aeouls" else word


def is_content(word: str) -> bool:
    return word not in STOP and word not in FILLERS and not is_negator(word) and (len(word) > 1 or word.isdigit())


def content(text: str) -> list[str]:
    """The stems of the words that carry content, in order."""
    return [stem(word) for word in tokens(text) if is_content(word)]


def is_negator(word: str) -> bool:
    return word in _NEGATORS or word.endswith("n't")


def is_negative_answer(text: str) -> bool:
    return _begins_with(text, _NO)


def is_positive_answer(text: str) -> bool:
    return _begins_with(text, _YES)


def _begins_with(text: str, answers: Sequence[str]) -> bool:
    said = " ".join(
        word for word in tokens(text) if word not in FILLERS and word not in {"oh", "well", "so", "okay", "ok"}
    )
    return any(said == answer or said.startswith(answer + " ") for answer in answers)


def numbers(text: str) -> set[float]:
    """Every number in figures or words; "twenty five" gives 25, "3/7" gives 3 and 7.

    "one" counts only before a measure ("one hour"), since it mostly stands for a person or a thing.
    """
    found: set[float] = set()
    words = [part for word in tokens(text) for part in word.split("-")]
    place = 0
    while place < len(words):
        place = _take_number(words, place, found)
    return found


def _take_number(words: list[str], place: int, found: set[float]) -> int:
    word = words[place]
    if word[0].isdigit():
        found.update(_figures(word))
    elif word in _NUMBERS:
        value = _NUMBERS[word]
        following = _NUMBERS.get(words[place + 1]) if place + 1 < len(words) else None
        if value >= 20 and value < 100 and following is not None and 1 <= following < 10:  # noqa: PLR2004  twenty, five
            found.add(value + following)
            return place + 2
        if word not in {"one", "once", "second"} or _is_measure(words, place + 1):
            found.add(value)
    return place + 1


def _is_measure(words: list[str], place: int) -> bool:
    measures = {
        "day",
        "week",
        "month",
        "year",
        "hour",
        "minute",
        "time",
        "drink",
        "glass",
        "bottle",
        "tablet",
        "session",
        "hundred",
        "unit",
    }
    return place < len(words) and stem(words[place]) in {stem(measure) for measure in measures}


def _figures(word: str) -> Iterable[float]:
    for figure in re.split(r"[:/]", re.sub(r"(?:st|nd|rd|th)$", "", word)):
        plain = figure.replace(",", "")
        if plain.replace(".", "", 1).isdigit():
            yield float(plain)


def days(text: str) -> set[str]:
    """Weekdays, months, times of day and "next week"-like phrases that the text names, in the singular."""
    words = tokens(text)
    joined = f" {' '.join(words)} "
    named = {word.removesuffix("'s") for word in words}
    return {word.removesuffix("s") for word in named & _DAYS} | {
        phrase for phrase in _DAY_PHRASES if f" {phrase} " in joined
    }


def names(text: str) -> set[str]:
    """Words with a capital within a sentence, in lower case: names of people, places, medicines."""
    found = set()
    for match in _TOKEN.finditer(text):
        word = match[0]
        before = text[: match.start()].rstrip(" \"'\u201c\u2018(")
        if (
            word[0].isupper()
            and before
            and not _SENTENCE_END.search(before[-1:])
            and before[-1:] not in "\u2013\u2014:"
        ):
            found.add(word.lower().replace("\u2019", "'").removesuffix("'s"))
    return {name for name in found if name not in _NO_NAMES and name not in STOP and name not in _DAYS}


def negations(text: str) -> list[tuple[str, ...]]:
    """For each negator, the content stems that it turns round, nearest first: those after it, within its clause.

    What follows an "and" is left out, since it may or may not be turned round as well.
    """
    found = []
    for clause in clauses(text):
        words = tokens(clause)
        for place, word in enumerate(words):
            if is_negator(word):
                reach = words[place + 1 : place + 1 + _NEGATION_REACH]
                reach = reach[: reach.index("and")] if "and" in reach else reach
                found.append(tuple(stem(one) for one in reach if is_content(one)))
    return found


def clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE_END.split(text) if clause and clause.strip()]
