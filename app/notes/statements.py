"""Utterances cut into what may stand in a note: one sentence, or a question with its short answer. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.notes.transcript import Role, Utterance
from app.notes.words import STUMBLES, content, is_filler, is_negative_answer, is_positive_answer, tokens

_ABBREVIATION: Final = re.compile(r"\b(?:dr|mr|mrs|ms|st|vs|e\.g|i\.e|approx)\.$", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<=[.?!\u3002\uff1f\uff01])\s+")
_ENDED: Final = re.compile(r"[.?!\u2026\u3002\uff1f\uff01][\"'\u201d\u2019)]*$")
_MARKUP: Final = re.compile(r"<[^<>]{0,40}>")
_OPEN_QUESTION: Final = re.compile(r"\b(?:what|which|when|where|whereabouts|who|why|how)\b|\btell me\b|\bdescribe\b")
_SHORT_ANSWER: Final = 4  # content words; a longer answer stands alone
_LONGEST: Final = 60  # words; a statement that runs on is cut at a comma or a joining word
_CUT_AT: Final = re.compile(r"(?<=[,;])\s+|\s+(?=(?:and|but|so|because|then)\s)")


@dataclass(frozen=True, slots=True)
class Statement:
    """Words as they were said, without stumbles and fillers. Nothing is ever added."""

    text: str = field(repr=False)  # speech in clear
    positions: tuple[int, ...]  # of the utterances it stands in
    role: Role  # who said it; of a question with its answer, who answered
    asked: str = field(default="", repr=False)  # the question within `text` that was answered
    is_question: bool = False


def statements_of(utterances: Sequence[Utterance]) -> list[Statement]:
    """Every statement in order. An answer that says little alone comes with its question."""
    return _with_questions([_one for _one in _sentences(utterances) if _one.text])


def tidied(text: str) -> str:
    """The text without fillers, markup and doubled small words, beginning with a capital."""
    kept: list[str] = []
    for word in _MARKUP.sub(" ", text).split():
        if is_filler(word):
            _keep_mark(kept, word)
        elif not (
            kept
            and _bare(word) in STUMBLES
            and _bare(kept[-1]) == _bare(word)
            and not kept[-1].endswith((".", "?", "!"))
        ):
            kept.append(word)
    joined = re.sub(r"\s+([.,?!;:])", r"\1", " ".join(kept))
    joined = re.sub(r"([,;:])(?:\s*[,;:])+", r"\1", joined)
    joined = re.sub(r"[,;:]+(?=[.?!])", "", joined).strip(" ,;:-\u2013\u2014")
    return joined[:1].upper() + joined[1:]


def _keep_mark(kept: list[str], filler: str) -> None:
    """A full stop that hung on a filler belongs to the word before."""
    if kept and filler[-1] in ".?!" and not _ENDED.search(kept[-1]):
        kept[-1] = kept[-1].rstrip(",;:") + filler[-1]


def _bare(word: str) -> str:
    return word.lower().strip(".,?!;:-\u2026").replace("\u2019", "'")


def _sentences(utterances: Sequence[Utterance]) -> Iterator[Statement]:
    """Sentences; one that goes on in the same voice's next utterance is one sentence with both as its source."""
    open_text, open_role = "", Role.UNKNOWN
    open_positions: tuple[int, ...] = ()
    for utterance in utterances:
        if open_text and utterance.role is not open_role:
            yield from _cut(open_text, open_positions, open_role)
            open_text, open_positions = "", ()
        for part in _split(utterance.text):
            open_text = f"{open_text} {part}".strip()
            open_positions, open_role = (*open_positions, utterance.position), utterance.role
            if _ENDED.search(part) and not _ABBREVIATION.search(part):
                yield from _cut(open_text, open_positions, open_role)
                open_text, open_positions = "", ()
    if open_text:
        yield from _cut(open_text, open_positions, open_role)


def _split(text: str) -> Iterator[str]:
    return (part for part in _SENTENCE.split(text.strip()) if part)


def _cut(text: str, positions: tuple[int, ...], role: Role) -> Iterator[Statement]:
    whole = Statement(
        tidied(text), tuple(dict.fromkeys(positions)), role, is_question=text.rstrip("\"' ").endswith(("?", "\uff1f"))
    )
    if len(whole.text.split()) <= _LONGEST:
        yield whole
        return
    part = ""
    for piece in _CUT_AT.split(whole.text):
        if part and len(part.split()) + len(piece.split()) > _LONGEST // 2:
            yield replace(whole, text=tidied(part), is_question=False)
            part = ""
        part = f"{part} {piece}".strip()
    yield replace(whole, text=tidied(part))


def _with_questions(sentences: Sequence[Statement]) -> list[Statement]:
    """Put each short answer behind the question that it answers; both are its source."""
    done: list[Statement] = []
    for sentence in sentences:
        before = _question_before(done) if _is_short_answer(sentence) else None
        if before is None or before.role in {sentence.role, Role.CLIENT} or not _answers(sentence.text, before.text):
            done.append(sentence)
            continue
        positions = tuple(dict.fromkeys((*before.positions, *sentence.positions)))
        done.append(Statement(f"{before.text} \u2013 {sentence.text}", positions, sentence.role, asked=before.text))
    return done


def _question_before(done: Sequence[Statement]) -> Statement | None:
    """The question right before, with nothing but a "yeah" in between."""
    for statement in reversed(done[-2:]):
        if statement.is_question:
            return statement if content(statement.text) else None
        if content(statement.text):
            return None
    return None


def _answers(answer: str, question: str) -> bool:
    """A mere "yeah" to an open question only says that it was heard."""
    is_open = _OPEN_QUESTION.search(question.lower())
    return not is_open or not (is_positive_answer(answer) or is_negative_answer(answer)) or bool(content(answer))


def _is_short_answer(sentence: Statement) -> bool:
    words = [word for word in tokens(sentence.text) if word not in {"okay", "ok"}]
    answers = is_negative_answer(sentence.text) or is_positive_answer(sentence.text)
    return (
        bool(words)
        and not sentence.is_question
        and (len(content(sentence.text)) <= 1 or (answers and len(content(sentence.text)) < _SHORT_ANSWER))
    )
