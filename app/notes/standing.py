"""A note as it stands: every sentence with its sources, what the guard says of it, and what became of it. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.domain import Note, NoteChange, NoteSentence
from app.notes.draft import Flag
from app.notes.guard import flags_of
from app.notes.transcript import Role, Transcript, Utterance


@dataclass(frozen=True, slots=True)
class Standing:
    """One sentence of the note as it reads now."""

    sentence_id: int
    heading: str
    text: str = field(repr=False)
    lines: tuple[int, ...]
    gone: tuple[int, ...]  # of `lines`: struck out or not there any more
    origin: str  # "machine", "edited" (a machine's, changed by a person) or "own"
    drafted: str = field(repr=False)  # what the machine wrote; "" for a person's own
    author: str  # who wrote or changed it last; "" where nobody touched the machine's words
    changed_at_ms: int
    flags: tuple[Flag, ...]
    accepted_by: str  # who let it stand with its flags; "" for nobody

    @property
    def is_open(self) -> bool:
        """Whether it blocks approval."""
        return bool(self.flags) and not self.accepted_by


def standing_of(note: Note, transcript: Transcript) -> tuple[Standing, ...]:
    """The sentences that are in the note now, in order; the summary's have no heading.

    The guard reads every sentence that a machine wrote, as it reads now over the transcript as it reads now. A
    therapist's own sentences are theirs: it reads them only where they cite a source.
    """
    judged = {heading.name for heading in note.headings if heading.judgement}
    standing = (_standing(sentence, transcript, judged) for sentence in note.sentences)
    return tuple(one for one in standing if one is not None)


def taken_out(note: Note) -> tuple[NoteSentence, ...]:
    """The machine's sentences that a person took out, in order: what became of them stays visible."""
    return tuple(
        sentence
        for sentence in note.sentences
        if not sentence.author and sentence.changes and sentence.changes[-1].text is None
    )


def fingerprint(text: str, sources: Sequence[Utterance]) -> str:
    """What an acceptance is of: this sentence over these sources, to the character. 64 hex digits."""
    bound = [text, [[utterance.position, utterance.role.value, utterance.text] for utterance in sources]]
    return hashlib.sha256(json.dumps(bound, ensure_ascii=False).encode()).hexdigest()


def _standing(sentence: NoteSentence, transcript: Transcript, judged: set[str]) -> Standing | None:
    last = sentence.changes[-1] if sentence.changes else None
    text, lines = (last.text, last.lines) if last else (sentence.text, sentence.lines)
    if text is None:
        return None
    sources = tuple(one for one in transcript.at(lines) if one.text)
    there = {utterance.position for utterance in sources}
    untouched = text == sentence.text
    flags = _flags(sentence, text, lines, sources, untouched=untouched) if sentence.heading not in judged else ()
    return Standing(
        sentence_id=sentence.sentence_id,
        heading=sentence.heading,
        text=text,
        lines=lines,
        gone=tuple(line for line in lines if line not in there),
        origin="own" if sentence.author else "machine" if untouched else "edited",
        drafted="" if sentence.author else sentence.text,
        author=last.author if last else sentence.author,
        changed_at_ms=last.changed_at_ms if last else sentence.written_at_ms,
        flags=flags,
        accepted_by=_accepted_by(last, fingerprint(text, sources)),
    )


def _flags(
    sentence: NoteSentence, text: str, lines: Sequence[int], sources: Sequence[Utterance], *, untouched: bool
) -> tuple[Flag, ...]:
    if sentence.author and not lines:
        return ()
    return flags_of(text, sources, Role(sentence.said_by) if untouched else Role.UNKNOWN)


def _accepted_by(last: NoteChange | None, now: str) -> str:
    return last.author if last is not None and last.accepted == now else ""
