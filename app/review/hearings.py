"""What a second hearing changed in the first, word by word. Pure; handles speech in clear.

Both hearings are cut where neither has a word for a while, and compared between such cuts: words keep their place in
time, and the comparison stays quick for hours of speech. Case and punctuation alone are no change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal

from app.domain import Segment, Word

APART_MS = 700  # without a word of either
AROUND = 4  # words shown on either side of a change

Kind = Literal["same", "gone", "new"]


@dataclass(frozen=True, slots=True)
class HeardOtherwise:
    """Changes that stand near each other, with a few words around them."""

    start_ms: int
    pieces: tuple[tuple[Kind, str], ...] = field(repr=False)


def changes(first: Sequence[Segment], second: Sequence[Segment]) -> tuple[HeardOtherwise, ...]:
    """Give what the second hearing changed, in order."""
    return tuple(one for old, new in _stretches(first, second) for one in _within(old, new))


def changed_words(first: Sequence[Segment], second: Sequence[Segment]) -> int:
    """Count the words that differ: of those that went and came in one place, the greater number."""
    return sum(
        max(until - at, after - start)
        for old, new in _stretches(first, second)
        for kind, at, until, start, after in _matcher(old, new).get_opcodes()
        if kind != "equal"
    )


def _within(old: Sequence[Word], new: Sequence[Word]) -> Iterator[HeardOtherwise]:
    for group in _matcher(old, new).get_grouped_opcodes(AROUND):
        pieces, begins = list[tuple[Kind, str]](), list[int]()
        for kind, i, j, k, m in group:
            if kind == "equal":
                pieces.append(("same", _text(new[k:m])))
                continue
            pieces += [("gone", _text(old[i:j]))] if j > i else []
            pieces += [("new", _text(new[k:m]))] if m > k else []
            begins += [word.start_ms for word in (*old[i:j], *new[k:m])]
        if begins:
            yield HeardOtherwise(min(begins), tuple(pieces))


def _matcher(old: Sequence[Word], new: Sequence[Word]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, [_key(word) for word in old], [_key(word) for word in new], autojunk=False)


def _key(word: Word) -> str:
    return "".join(one for one in word.text.casefold() if one.isalnum())


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _stretches(first: Sequence[Segment], second: Sequence[Segment]) -> Iterator[tuple[list[Word], list[Word]]]:
    said = [(word, 0) for word in _words(first)] + [(word, 1) for word in _words(second)]
    sides: tuple[list[Word], list[Word]] = [], []
    until_ms = 0
    for word, side in sorted(said, key=lambda one: one[0].start_ms):
        if word.start_ms - until_ms >= APART_MS and any(sides):
            yield sides
            sides = [], []
        sides[side].append(word)
        until_ms = max(until_ms, word.end_ms)
    yield sides


def _words(segments: Sequence[Segment]) -> Iterator[Word]:
    for segment in segments:
        yield from (word for word in segment.words if _key(word))
