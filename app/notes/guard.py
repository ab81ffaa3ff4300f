"""The guard: flags a sentence that its sources do not carry, or that states what only a therapist may. Pure.

It reads words, not meaning: it knows English, and a sentence without a flag can still be wrong. Its rules are data
(guard.toml); `make bench-guard` measures what it catches and where it cries wolf.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.notes.claims import RULES, claims_in
from app.notes.draft import Draft, DraftSection, DraftSentence, Flag
from app.notes.statements import tidied
from app.notes.transcript import Role, Transcript, Utterance
from app.notes.words import (
    FRAME,
    STOP,
    content,
    days,
    is_content,
    is_negative_answer,
    is_negator,
    is_positive_answer,
    names,
    negations,
    numbers,
    stem,
    tokens,
)

_SAYS: Final[dict[str, str]] = RULES["says"]
_LEAST_OVERLAP: Final[float] = RULES["carriage"]["least_overlap"]
_LEAST_SAID_BY: Final[float] = RULES["carriage"]["least_said_by"]
_VOICES: Final[dict[str, list[str]]] = RULES["voices"]
_QUOTED: Final = re.compile('["\u201c]([^"\u201c\u201d]+)["\u201d]')
_DENIED: Final = re.compile(r"\b(?:denies|denied|denying)\b(.*)")
_TAKES_UP: Final = re.compile(
    r"(?:yes|yeah|yep|i (?:did|do|was|am|have|had|will|can|could|know)|so i)\b", re.IGNORECASE
)
_SENTENCE: Final = re.compile(r"(?<=[.?!])\s+|\s+\u2013\s+")
_AFTER_A_NAME: Final = re.compile(
    r"^(?:is|was|has|had|will|would|can|could|does|did|lives|says|said|wants|told|tells|called|calls|[a-z]+ed|[a-z]+s)$"
)
_FRAME_STEMS: Final = frozenset(stem(word) for word in FRAME)


@dataclass(frozen=True, slots=True)
class _Case:
    """A sentence beside what it rests on."""

    text: str = field(repr=False)
    sources: tuple[Utterance, ...] = field(repr=False)
    said_by: Role

    @property
    def source_text(self) -> str:
        return "\n".join(utterance.text for utterance in self.sources)

    @property
    def plain(self) -> list[str]:
        """The sentence's content words that its sources have to hold: without numbers, and who said it."""
        return [one for one in content(self.text) if one not in _FRAME_STEMS]


def flags_of(text: str, sources: Sequence[Utterance], said_by: Role = Role.UNKNOWN) -> tuple[Flag, ...]:
    """Every reason why a sentence may not stand; none where its sources carry it.

    Args:
        text: The sentence.
        sources: The utterances that it cites.
        said_by: Whose words it claims to be; UNKNOWN where only its own words tell.
    """
    if not sources:
        return (_flag("unsourced", ""),)
    case = _Case(text, tuple(sources), said_by if said_by is not Role.UNKNOWN else voice_of(text))
    return tuple(_flag(rule, words) for rule, words in _findings(case))


def with_flags(draft: Draft, transcript: Transcript) -> Draft:
    """The draft with every sentence judged."""

    def judged(sentence: DraftSentence) -> DraftSentence:
        return replace(sentence, flags=flags_of(sentence.text, transcript.at(sentence.segments), sentence.said_by))

    def section(one: DraftSection) -> DraftSection:
        return replace(one, sentences=tuple(judged(sentence) for sentence in one.sentences))

    return replace(
        draft,
        summary=tuple(judged(sentence) for sentence in draft.summary),
        sections=tuple(section(one) for one in draft.sections),
    )


def without_flagged(draft: Draft) -> Draft:
    """The draft without the sentences that are flagged."""

    def unflagged(sentences: tuple[DraftSentence, ...]) -> tuple[DraftSentence, ...]:
        return tuple(sentence for sentence in sentences if not sentence.flags)

    return replace(
        draft,
        summary=unflagged(draft.summary),
        sections=tuple(replace(one, sentences=unflagged(one.sentences)) for one in draft.sections),
    )


def voice_of(text: str) -> Role:
    """Whom a sentence names as its speaker at its beginning, if anybody."""
    said = f"{' '.join(tokens(text))} "
    for role in (Role.CLIENT, Role.THERAPIST):
        if any(said.startswith((f"{name} ", f"{name}'s ")) for name in _VOICES[role.value]):
            return role
    return Role.UNKNOWN


def _flag(rule: str, words: str) -> Flag:
    return Flag(rule, _SAYS[rule].format(words=words), words)


def _findings(case: _Case) -> Iterator[tuple[str, str]]:
    yield from _quotes(case)
    yield from _figures(case)
    yield from _names(case)
    yield from _overlap(case)
    yield from _speaker(case)
    yield from _negation(case)
    yield from _denied(case)
    yield from claims_in(case.text, case.sources, case.said_by)


def _quotes(case: _Case) -> Iterator[tuple[str, str]]:
    """What stands in quotation marks was said in exactly these words, fillers aside."""
    spoken = [f" {' '.join(tokens(tidied(utterance.text)))} " for utterance in case.sources]
    spoken += [f" {' '.join(tokens(utterance.text))} " for utterance in case.sources]
    for match in _QUOTED.finditer(case.text):
        quoted = " ".join(tokens(match[1]))
        if quoted and not any(f" {quoted} " in said for said in spoken):
            yield "quote", match[1]
            return


def _figures(case: _Case) -> Iterator[tuple[str, str]]:
    foreign = numbers(case.text) - numbers(case.source_text)
    if foreign:
        yield "number", ", ".join(f"{number:g}" for number in sorted(foreign))
    other = days(case.text) - days(case.source_text)
    if other:
        yield "day", ", ".join(sorted(other))


def _names(case: _Case) -> Iterator[tuple[str, str]]:
    heard = {word.removesuffix("'s") for word in tokens(case.source_text)}
    foreign = {name for name in names(case.text) | _first_name(case.text) if name not in heard and name not in FRAME}
    foreign = {name for name in foreign if stem(name) not in {stem(word) for word in heard}}
    if foreign:
        yield "name", ", ".join(sorted(foreign))


def _first_name(text: str) -> set[str]:
    """The first word of the sentence, where it stands like a name: "Anna's ...", "Anna said ...", "Anna and ..."."""
    words = text.split()
    first = tokens(words[0]) if words else []
    if len(words) < 2 or len(first) != 1 or first[0].removesuffix("'s") in STOP | FRAME or first[0][0].isdigit():  # noqa: PLR2004
        return set()
    following = words[1].lower().strip(".,;:")
    like_a_name = first[0].endswith("'s") or following == "and" or _AFTER_A_NAME.match(following)
    return {first[0].removesuffix("'s")} if like_a_name else set()


def _overlap(case: _Case) -> Iterator[tuple[str, str]]:
    held = {stem(word) for word in tokens(case.source_text)}
    missing = [one for one in case.plain if one not in held]
    if case.plain and 1 - len(missing) / len(case.plain) < _LEAST_OVERLAP:
        yield "overlap", ", ".join(dict.fromkeys(_as_written(case.text, missing)))


def _as_written(text: str, stems: Sequence[str]) -> list[str]:
    return [word for word in tokens(text) if is_content(word) and stem(word) in stems]


def _speaker(case: _Case) -> Iterator[tuple[str, str]]:
    """The one whom the sentence names said it: their own words, or a question of the other that they answered."""
    known = {utterance.role for utterance in case.sources}
    if case.said_by is Role.UNKNOWN or Role.UNKNOWN in known:
        return
    theirs = [utterance.text for utterance in case.sources if utterance.role is case.said_by]
    needs_own_words = case.said_by is Role.CLIENT and any(
        word in _VOICES["own_words"] for word in tokens(case.text)[:4]
    )
    if theirs and case.said_by is Role.CLIENT and not needs_own_words:
        theirs += _asked(case)
    held = {one for text in theirs for one in content(text)}
    words = [one for one in case.plain if one in set(content(case.source_text))]
    if not theirs or (words and sum(one in held for one in words) < _LEAST_SAID_BY * len(words)):
        yield "speaker", ""


def _asked(case: _Case) -> list[str]:
    """What the therapist asked, or put so that the client's "I did" takes it up, within the cited words."""
    asked = []
    for place, utterance in enumerate(case.sources):
        answer = case.sources[place + 1].text if place + 1 < len(case.sources) else ""
        parts = [part for part in _SENTENCE.split(utterance.text) if part.strip()]
        if utterance.role is not Role.CLIENT:
            asked += [part for part in parts if part.rstrip().endswith("?")]
            asked += parts[-1:] if _TAKES_UP.match(answer) or is_negative_answer(answer) else []
    return asked


def _negation(case: _Case) -> Iterator[tuple[str, str]]:
    """A word that is turned round here is turned round there, and the other way round."""
    told = " ".join(part for part in _SENTENCE.split(case.text) if not part.rstrip().endswith("?"))
    there = _polarity(case)
    here = negations(told)
    reached = {one for reach in here for one in reach}
    wrong = [one for one in content(told) if one in there.heads and one not in reached | there.straight]
    for reach in here:
        known = [one for one in reach if one in there.turned | there.straight]
        if known and known[0] not in there.turned:
            wrong.append(known[0])
    if wrong:
        yield "negation", ", ".join(dict.fromkeys(_as_written(told, wrong)))
    elif _flips_answer(case, told):
        yield "negation", told.strip()


@dataclass(slots=True)
class _Polarity:
    """The content stems of the sources that a negator turns round, those nearest to one, and those that stand."""

    turned: set[str] = field(default_factory=set)
    heads: set[str] = field(default_factory=set)
    straight: set[str] = field(default_factory=set)


def _polarity(case: _Case) -> _Polarity:
    """Read the sources. A question takes the side of its answer; other words that were answered "no" stand on both."""
    there = _Polarity()
    for place, utterance in enumerate(case.sources):
        following = case.sources[place + 1] if place + 1 < len(case.sources) else None
        parts = [part for part in _SENTENCE.split(tidied(utterance.text)) if part.strip()]
        for part in parts:
            answered_no = following is not None and part is parts[-1] and is_negative_answer(following.text)
            _read_part(part, there, answered_no=answered_no)
    return there


def _read_part(part: str, there: _Polarity, *, answered_no: bool) -> None:
    stems, reaches = set(content(part)), negations(part)
    turned = {one for reach in reaches for one in reach}
    there.turned |= turned | (stems if answered_no else set())
    if answered_no and part.rstrip().endswith("?"):
        there.heads |= stems
        return
    there.heads |= {reach[0] for reach in reaches if reach}
    there.straight |= stems - {reach[0] for reach in reaches if reach}


def _flips_answer(case: _Case, told: str) -> bool:
    """Tell a "yes" where the source only says no, or "no" where nothing in it does."""
    spoken = tokens(case.source_text)
    if is_negative_answer(told):
        return not any(is_negator(word) or is_negative_answer(word) for word in spoken)
    return (
        is_positive_answer(told)
        and any(map(is_negator, spoken))
        and not any(is_positive_answer(word) for word in spoken)
    )


def _denied(case: _Case) -> Iterator[tuple[str, str]]:
    """What was denied was asked, in words that say it, and the client's words follow."""
    match = _DENIED.search(case.text.lower())
    if match is None:
        return
    about = {one for one in content(match[1]) if one not in _FRAME_STEMS}
    asked = {one for question in _asked(case) for one in content(question)}
    answered = any(utterance.role is not Role.THERAPIST for utterance in case.sources)
    if not about <= asked or not answered:
        yield "denied", match[0]
