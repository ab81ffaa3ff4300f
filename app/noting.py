"""What a person makes of a note: edits, other sources, their own sentences, their name under a flagged one.

Everything is added, nothing is overwritten. Handles speech in clear.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from app.domain import Note, NoteChange, NoteSentence
from app.drafting import Drafting
from app.errors import TacetError
from app.notes.mentions import Mention, mentions_in
from app.notes.standing import Standing, fingerprint, standing_of, taken_out
from app.notes.transcript import Role, Transcript
from app.review import lines_of, transcript_of
from app.vault.note_rows import NEW
from app.vault.session_content import SessionContent
from app.vault.sessions import wall_clock_ms
from app.vault.vault import Vault

SENTENCE_LIMIT: Final = 4_000  # characters
MOST_SOURCES: Final = 50  # lines


class NotASentence(TacetError):
    """The words cannot stand in a note; the sentence says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class OpenNote:
    """A session's note as a page shows it."""

    note: Note = field(repr=False)
    standing: tuple[Standing, ...] = field(repr=False)
    taken_out: tuple[NoteSentence, ...] = field(repr=False)
    mentions: tuple[Mention, ...]
    transcript: Transcript = field(repr=False)

    @property
    def open_flags(self) -> int:
        """How many sentences block the approval."""
        return sum(one.is_open for one in self.standing)


def note_of(content: SessionContent) -> OpenNote | None:
    """The note as it stands over its transcript; None while none is drafted."""
    if content.note is None:
        return None
    made_of = (content.note, lines_of(content), content.marks, content.attribution, content.voice_changes)
    return content.worked_out.of("note", made_of, lambda: _stands(content, made_of[0]))


def _stands(content: SessionContent, note: Note) -> OpenNote:
    transcript = transcript_of(content)
    return OpenNote(
        note=note,
        standing=standing_of(note, transcript),
        taken_out=taken_out(note),
        mentions=mentions_in(transcript.utterances),
        transcript=transcript,
    )


class Noting:
    """The notes of one vault. Thread-safe.

    Every method may raise NoSuchSession, NoSuchSentence, what a locked or failing vault raises, and those that change
    something SessionApproved.
    """

    def __init__(self, vault: Vault, drafting: Drafting | None = None) -> None:
        self._vault = vault
        self._drafting = drafting or Drafting()

    def open(self, session_id: str) -> OpenNote | None:
        """The note as it stands; None while none is drafted."""
        return note_of(self._vault.sessions.content(session_id))

    def edit(self, session_id: str, sentence_id: int, text: str, author: str) -> None:
        """Let the sentence say `text`; none takes it out. Its sources stay.

        Raises:
            NotASentence: It is too long.
        """
        tidy = _tidy(text)
        self._change(session_id, sentence_id, author, text=tidy or None)

    def put_back(self, session_id: str, sentence_id: int, author: str) -> None:
        """Let the sentence say again what was first written, with its first sources."""

        def make(sentence: NoteSentence) -> NoteChange | None:
            return NoteChange(sentence.text, sentence.lines, "", author, wall_clock_ms()) if sentence.changes else None

        self._vault.notes.change_sentence(session_id, sentence_id, make)

    def source(self, session_id: str, sentence_id: int, lines: Iterable[int], author: str) -> None:
        """Let the sentence rest on these lines of the transcript.

        Raises:
            NotASentence: A line is not in the transcript, or none is named.
        """
        chosen = self._lines(session_id, lines)
        if not chosen:
            raise NotASentence("Select the words in the transcript that the sentence rests on, then link it.")
        self._change(session_id, sentence_id, author, lines=chosen)

    def accept(self, session_id: str, sentence_id: int, author: str) -> None:
        """Put the author's name under a sentence with its flags, as it reads now over its sources as they read now."""
        transcript = transcript_of(self._vault.sessions.content(session_id))

        def make(sentence: NoteSentence) -> NoteChange | None:
            text, lines = _now(sentence)
            if text is None:
                return None
            sources = [one for one in transcript.at(lines) if one.text]
            return NoteChange(text, lines, fingerprint(text, sources), author, wall_clock_ms())

        self._vault.notes.change_sentence(session_id, sentence_id, make)

    def write(self, session_id: str, heading: str, text: str, lines: Iterable[int], author: str) -> int:
        """Add the author's own sentence under a heading ("" is the summary), with sources or without.

        Raises:
            NotASentence: There are no words, too many, or a line that is not in the transcript.
        """
        tidy = _tidy(text)
        if not tidy:
            raise NotASentence("There are no words to add. Write a sentence, or select some in the transcript.")
        sentence = NoteSentence(
            NEW, heading, tidy, self._lines(session_id, lines), Role.UNKNOWN.value, author, wall_clock_ms()
        )
        return self._vault.notes.add_sentence(session_id, sentence)

    def draft_again(self, session_id: str, format_name: str, author: str) -> None:
        """Draft anew, perhaps in another format. What people wrote or changed is carried over; the old one is kept."""
        kept = False
        while not kept:  # again where the session was heard anew meanwhile
            heard = self._vault.hearings.swaps(session_id)
            make = partial(_with_kept, self._drafting.draft(self._vault, session_id, format_name), author=author)
            kept = self._vault.notes.replace_draft(session_id, make, heard)

    def _change(
        self,
        session_id: str,
        sentence_id: int,
        author: str,
        *,
        text: str | None = "",
        lines: tuple[int, ...] | None = None,
    ) -> None:
        """Add a change; `text` "" keeps the text, `lines` None the sources. What stands already is not kept again."""

        def make(sentence: NoteSentence) -> NoteChange | None:
            before = _now(sentence)
            after = (before[0] if text == "" else text, before[1] if lines is None else lines)
            return None if after == before else NoteChange(*after, "", author, wall_clock_ms())

        self._vault.notes.change_sentence(session_id, sentence_id, make)

    def _lines(self, session_id: str, lines: Iterable[int]) -> tuple[int, ...]:
        chosen = tuple(dict.fromkeys(lines))
        there = {one.position for one in transcript_of(self._vault.sessions.content(session_id)).utterances if one.text}
        if len(chosen) > MOST_SOURCES or not there.issuperset(chosen):
            raise NotASentence("These words are not in the transcript any more. Select them again.")
        return chosen


def _now(sentence: NoteSentence) -> tuple[str | None, tuple[int, ...]]:
    last = sentence.changes[-1] if sentence.changes else None
    return (last.text, last.lines) if last else (sentence.text, sentence.lines)


def _with_kept(fresh: Note, before: Note | None, author: str) -> Note:
    """The fresh draft, and below it what people wrote or changed in the one before."""
    kept = (
        [] if before is None else [_kept(one, fresh, author) for one in before.sentences if one.author or one.changes]
    )
    return replace(fresh, sentences=(*fresh.sentences, *(one for one in kept if one is not None)))


def _kept(sentence: NoteSentence, fresh: Note, author: str) -> NoteSentence | None:
    text, lines = _now(sentence)
    if text is None or (text == sentence.text and not sentence.author):
        return None
    names: Sequence[str] = [heading.name for heading in fresh.headings]
    heading = sentence.heading if sentence.heading in {"", *names} else names[0]
    by = sentence.changes[-1].author if sentence.changes else sentence.author
    return NoteSentence(NEW, heading, text, lines, Role.UNKNOWN.value, by or author, fresh.drafted_at_ms)


def _tidy(text: str) -> str:
    """One line without what no keyboard types.

    Raises:
        NotASentence: It is too long.
    """
    tidy = "".join(one for one in " ".join(text.split()) if unicodedata.category(one) not in {"Cc", "Cs"})
    if len(tidy) > SENTENCE_LIMIT:
        raise NotASentence(f"This is longer than {SENTENCE_LIMIT:,} characters. Shorten it and save again.")
    return tidy
