"""Which word can be heard when, also in a line that a person has changed. Pure; handles speech in clear."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import pairwise

from markupsafe import Markup, escape

from app.domain import Word
from app.review import Cover, Line
from app.speech.overlaps import within

# From here down a word counts as doubtful; chosen so that a clear recording shows a few places a page, no more.
DOUBT_STEPS = (0.5, 0.3, 0.15)
NOT_UNDERSTOOD = "Somebody speaks here; no words were understood."
_MARKUP = re.compile("[<>&'\"]")
TOKEN = re.compile(r"(\s*)(\S+)")


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A word on the page, and the stretch of the recording where it is said."""

    before: str  # what separates it from the word before it
    text: str = field(repr=False)
    start_ms: int
    end_ms: int
    doubt: int = 0  # 0 none to 3 strong
    begins_place: bool = False  # the first of a run of doubtful words
    together: bool = False  # two people spoke at once


def shown_words(line: Line) -> tuple[ShownWord, ...]:
    """Give the words of a line as it reads now. A line that a person has changed has no doubtful words."""
    if line.edited_by is not None:
        return tuple(_edited(line))
    if not line.words:
        return _untimed(line)
    return tuple(_heard(line.machine_text, line.words))


@dataclass(frozen=True, slots=True)
class Said:
    """A line's words for the page: as HTML, and beside it where each begins in the text and in the sound.

    Only words that look different are elements. A page makes elements of the others of a line when somebody turns to it
    (static/words.js): a session of an hour and a half has 15,000 of them.
    """

    markup: Markup = field(repr=False)
    # for each word, in characters as JavaScript counts them and in ms: "BEFORE LONG AFTER-THE-LAST-ONE'S-START LONG "
    times: str


def said(line: Line, places: AbstractSet[int], cover: Cover) -> Said:
    """Write the words of a line as HTML: their doubt, and whether an export covers them.

    Built here and not by a template, which would take longer.

    Args:
        line: The line.
        places: Where doubtful places begin that still wait (start_ms).
        cover: What exports cover.
    """
    words = shown_words(line)
    hidden = _covered(words, cover)
    if line.together:
        words = tuple(replace(word, together=within(word.start_ms, word.end_ms, line.together)) for word in words)
    written = [_word(word, begins=word.start_ms in places, hidden=at in hidden) for at, word in enumerate(words)]
    return Said(Markup("".join(written)), _times(words, line.start_ms))  # noqa: S704  escaped there


def _word(word: ShownWord, *, begins: bool, hidden: bool) -> str:
    before, text = _escaped(word.before), _escaped(word.text)
    if not (word.doubt or hidden or word.together or begins):
        return before + text
    kinds = [f"doubt-{word.doubt}"] * (word.doubt > 0) + ["withheld"] * hidden + ["together"] * word.together
    how, place = f' class="{" ".join(kinds)}"' if kinds else "", " data-place" if begins else ""
    return f"{before}<span{how}{place}>{text}</span>"


def _times(words: Sequence[ShownWord], start_ms: int) -> str:
    numbers, last_ms = list[int](), start_ms
    for word in words:
        numbers += (_units(word.before), _units(word.text), word.start_ms - last_ms, word.end_ms - word.start_ms)
        last_ms = word.start_ms
    return " ".join(map(str, numbers))


def _units(text: str) -> int:
    """How long JavaScript finds a text: a character beyond the first 65,536 counts twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _escaped(text: str) -> str:
    """Most words hold nothing to escape, and to find that out is quicker than to escape them."""
    return str(escape(text)) if _MARKUP.search(text) else text


def _covered(words: Sequence[ShownWord], cover: Cover) -> AbstractSet[int]:
    """Give the numbers of the words that the cover lies over."""
    if not cover.hides:
        return frozenset()
    text, starts = "", []
    for word in words:
        text += word.before
        starts.append(len(text))
        text += word.text
    spans = tuple(cover.spans(text))
    ends = [start + len(word.text) for start, word in zip(starts, words, strict=True)]
    return {at for at, (a, b) in enumerate(zip(starts, ends, strict=True)) if any(a < e and s < b for s, e in spans)}


def doubt(probability: float) -> int:
    return sum(probability < step for step in DOUBT_STEPS)


def _heard(text: str, words: Sequence[Word]) -> Iterator[ShownWord]:
    """Walk the text from word to word, so that scripts without spaces keep their form."""
    at, in_place = 0, False
    for word in words:
        found = text.find(word.text, at)
        before = text[at:found] if found >= 0 else " "
        at = found + len(word.text) if found >= 0 else at
        how = doubt(word.probability)
        yield ShownWord(before, word.text, word.start_ms, word.end_ms, how, how > 0 and not in_place)
        in_place = how > 0


def _untimed(line: Line) -> tuple[ShownWord, ...]:
    return (ShownWord("", NOT_UNDERSTOOD if line.not_understood else line.machine_text, line.start_ms, line.end_ms),)


def _edited(line: Line) -> Iterator[ShownWord]:
    """Words that stayed keep their times; new ones take the time of what they replace."""
    tokens: list[tuple[str, str]] = TOKEN.findall(line.text)
    heard = line.words or (Word(line.start_ms, line.end_ms, line.machine_text, 1.0),)
    heard_keys, token_keys = [_key(word.text) for word in heard], [_key(text) for _, text in tokens]
    matcher = SequenceMatcher(None, heard_keys, token_keys, autojunk=False)
    for kind, from_heard, to_heard, from_token, to_token in matcher.get_opcodes():
        fresh = tokens[from_token:to_token]
        if kind == "equal":
            times = [(word.start_ms, word.end_ms) for word in heard[from_heard:to_heard]]
        else:
            start_ms = heard[from_heard].start_ms if from_heard < len(heard) else heard[-1].end_ms
            end_ms = heard[to_heard - 1].end_ms if to_heard > from_heard else start_ms
            times = _evenly(start_ms, end_ms, len(fresh))
        for (before, text), (start_ms, end_ms) in zip(fresh, times, strict=True):
            yield ShownWord(before, text, start_ms, end_ms)


def _evenly(start_ms: int, end_ms: int, parts: int) -> list[tuple[int, int]]:
    edges = [start_ms + (end_ms - start_ms) * part // max(1, parts) for part in range(parts + 1)]
    return list(pairwise(edges))


def _key(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum()) or text
