"""The queue of doubtful places: what is worth hearing again, the most worth first. Pure; handles speech in clear.

A place is a run of words in one line. The transcriber's own doubt makes one, and so does content where a small slip is
a large mistake: a number, a negation, a name, a word about danger. Those are held to a stricter measure of confidence,
not listed whenever they come up, so that the queue stays short enough to be worked through.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from app.domain import Word
from app.review.lines import Line
from app.speech.overlaps import within
from app.vault.worked_out import WorkedOut

LISTEN_AROUND_MS = 3000  # what one hears around a place to judge it
OVERLAP_MS = 300  # shorter ones are one voice falling in with another
LONG_OVERLAP_MS = 2000  # from half of this on an overlap is worth hearing
WORTH = 1.0  # from this weight on a place is worth hearing; the others wait below


class Reason(StrEnum):
    """Why a place is doubtful, as the page says it."""

    NOT_UNDERSTOOD = "speech without words"
    DANGER = "risk"
    NUMBER = "number"
    NEGATION = "negation"
    NAME = "name"
    UNSURE = "unsure"
    OVERLAP = "both speak"
    SECOND_LOOK = "second look"


# (below this probability a word of the kind is doubtful, what a full doubt of it weighs)
MEASURE = {
    Reason.DANGER: (1.01, 4.0),  # always
    Reason.NUMBER: (0.85, 3.5),
    Reason.NEGATION: (0.75, 3.5),
    Reason.NAME: (0.7, 2.5),
    Reason.UNSURE: (0.5, 2.0),
}
DANGER = frozenset(
    """
    suicide suicidal kill killed killing die dying overdose cutting self-harm harm hurt weapon knife gun rape raped
    abuse abused abusive hit hits beat beats strangled threatened
    suizid selbstmord umbringen töten sterben überdosis ritzen verletzen waffe messer missbrauch geschlagen
    """.split()  # noqa: SIM905  a list to read, not to parse
)
NEGATIONS = frozenset(
    """
    no not never none nobody nothing nowhere neither nor without cannot
    nein nicht nie niemals kein keine keinen keinem keiner niemand nichts ohne
    """.split()  # noqa: SIM905  a list to read, not to parse
)
NUMBERS = frozenset(
    """
    one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand half quarter twice
    mg milligram milligrams gram grams tablet tablets percent
    zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig
    neunzig hundert tausend halb milligramm gramm tablette tabletten prozent
    """.split()  # noqa: SIM905  a list to read, not to parse
)
_APOSTROPHES = str.maketrans({"\u2019": "'"})
_BARE = re.compile(r"^[^\w]+|[^\w]+$")
_ENDS_SENTENCE = re.compile(r"[.!?…:][\"'\u201d\u2019)]*$")


@dataclass(frozen=True, slots=True)
class Place:
    """A doubtful run of words. `seq` and `start_ms` name it for as long as the machine's words stand there."""

    seq: int
    start_ms: int
    end_ms: int
    text: str = field(repr=False)
    before: str = field(repr=False)  # what leads up to it in its line
    after: str = field(repr=False)
    reasons: tuple[Reason, ...]  # the heaviest first
    weight: float

    @property
    def key(self) -> tuple[int, int]:
        return self.seq, self.start_ms

    @property
    def listen_ms(self) -> int:
        return self.end_ms - self.start_ms + LISTEN_AROUND_MS


def places_of(lines: Sequence[Line], worked_out: WorkedOut | None = None) -> tuple[Place, ...]:
    """Give every doubtful place, the most worth hearing first. A line that a person has changed has none."""
    known = worked_out or WorkedOut()
    return known.of("places", lines, lambda: _places_of(lines, known))


def _places_of(lines: Sequence[Line], known: WorkedOut) -> tuple[Place, ...]:
    heard = ((line.seq, line) for line in lines if line.edited_by is None)
    found = [place for places in known.each("in line", heard, lambda line: [*_in_line(line)]) for place in places]
    found += _together(lines, {place.seq for place in found})
    found += _overlaps(lines, {place.seq for place in found})
    return tuple(sorted(found, key=lambda place: (-place.weight, place.start_ms)))


def worth_hearing(places: Sequence[Place]) -> tuple[Place, ...]:
    return tuple(place for place in places if place.weight >= WORTH)


def _in_line(line: Line) -> Iterator[Place]:
    if line.not_understood:
        yield Place(line.seq, line.start_ms, line.end_ms, "", "", "", (Reason.NOT_UNDERSTOOD,), 3.0)
        return
    begin, run = 0, list[tuple[Reason, float]]()
    starts_sentence = True
    for at, word in enumerate(line.words):
        doubt = _doubt(word, starts_sentence=starts_sentence)
        starts_sentence = bool(_ENDS_SENTENCE.search(word.text))
        if doubt is None:
            if run:
                yield _place(line, begin, at, run)
            run = []
        else:
            begin = begin if run else at
            run.append(doubt)
    if run:
        yield _place(line, begin, len(line.words), run)


def _doubt(word: Word, *, starts_sentence: bool) -> tuple[Reason, float] | None:
    """Why this word is doubtful and how much that weighs; None where it is not."""
    kind = _kind(word.text, starts_sentence=starts_sentence)
    for reason in (kind, Reason.UNSURE) if kind else (Reason.UNSURE,):
        below, weight = MEASURE[reason]
        if word.probability < below:
            floor = 0.5 if reason is Reason.DANGER else 0.25
            return reason, weight * max(floor, 1 - word.probability / below)
    return None


def _kind(text: str, *, starts_sentence: bool) -> Reason | None:
    bare = text if text.isalnum() else _BARE.sub("", text)
    low = bare.casefold().translate(_APOSTROPHES)
    if low in DANGER:
        return Reason.DANGER
    if low in NUMBERS or any(char.isdigit() for char in bare):
        return Reason.NUMBER
    if low in NEGATIONS or low.endswith("n't"):
        return Reason.NEGATION
    named = bare[:1].isupper() and not starts_sentence and low != "i" and not low.startswith("i'")
    return Reason.NAME if named else None


def _place(line: Line, begin: int, end: int, run: Sequence[tuple[Reason, float]]) -> Place:
    words = line.words
    reasons = dict(sorted(run, key=lambda one: one[1]))
    heaviest = max(weight for _, weight in run)
    return Place(
        seq=line.seq,
        start_ms=words[begin].start_ms,
        end_ms=words[end - 1].end_ms,
        text=_said(words[begin:end]),
        before=_said(words[max(0, begin - 5) : begin]),
        after=_said(words[end : end + 4]),
        reasons=tuple(sorted(reasons, key=lambda reason: -reasons[reason])),
        weight=heaviest * (1 + 0.1 * min(5, len(run) - 1)),
    )


def _said(words: Sequence[Word]) -> str:
    return " ".join(word.text.strip() for word in words)


def _together(lines: Sequence[Line], taken: set[int]) -> Iterator[Place]:
    """Words said while two people were heard at once, where nothing else is doubtful in their line already."""
    for line in lines:
        if line.edited_by is not None or line.seq in taken:
            continue
        for start_ms, end_ms in line.together:
            words = [word for word in line.words if within(word.start_ms, word.end_ms, [(start_ms, end_ms)])]
            if words and end_ms - start_ms >= OVERLAP_MS:
                weight = 0.8 + 0.4 * min(1.0, (end_ms - start_ms) / LONG_OVERLAP_MS)
                at_ms, until_ms = words[0].start_ms, words[-1].end_ms
                yield Place(line.seq, at_ms, until_ms, _said(words), "", "", (Reason.OVERLAP,), weight)


def _overlaps(lines: Sequence[Line], taken: set[int]) -> Iterator[Place]:
    """Lines that begin while another voice still speaks, where nothing else is doubtful in them already."""
    in_order = sorted((line for line in lines if line.text), key=lambda line: line.start_ms)
    for before, line in pairwise(in_order):
        over_ms = min(before.end_ms, line.end_ms) - line.start_ms
        told_apart = before.speaker != line.speaker and line.edited_by is None and line.seq not in taken
        if told_apart and over_ms >= OVERLAP_MS:
            end_ms = line.start_ms + over_ms
            text = _said([word for word in line.words if word.start_ms < end_ms]) or line.text
            yield Place(line.seq, line.start_ms, end_ms, text, "", "", (Reason.OVERLAP,), 0.8)
