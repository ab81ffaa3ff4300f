"""The note as it may leave the box: what stands in it, with redacted words covered. Pure; handles speech in clear.

Whoever lets it out asks first whether an approval stands: an approval is never given over an open flag.
"""

from dataclasses import dataclass, field

from app.notes.standing import Standing, standing_of
from app.review.note import transcript_of
from app.review.released import Cover
from app.vault.note_parts import NoteParts
from app.vault.note_rows import reads
from app.vault.session_content import SessionContent

KEY_POINTS = "Key points"
_SAID_BY = {"therapist": "Therapist", "client": "Client"}


@dataclass(frozen=True, slots=True)
class ReleasedSentence:
    text: str = field(repr=False)
    who: str  # "Therapist" or "Client" where these are their words; "" where a person wrote
    starts_ms: tuple[int, ...]  # where in the session its sources begin

    @property
    def spoken(self) -> str:
        """The sentence with whose words it is."""
        return f"{self.who}: {self.text}" if self.who else self.text


@dataclass(frozen=True, slots=True)
class ReleasedSection:
    name: str
    sentences: tuple[ReleasedSentence, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReleasedNote:
    format_name: str
    drafter: str  # with its version, and its model where there is one
    drafted_at_ms: int  # UTC epoch
    sections: tuple[ReleasedSection, ...] = field(repr=False)  # those in which something is written


@dataclass(frozen=True, slots=True)
class CoveredSentence:
    """A sentence as it reads now, with redacted words covered."""

    sentence_id: int
    heading: str  # "" is the key points
    text: str = field(repr=False)
    lines: tuple[int, ...]


def covered_sentences(parts: NoteParts) -> tuple[CoveredSentence, ...]:
    """Give the sentences that are in the note now. Whoever shows them elsewhere asks `parts.approved` first."""
    cover, found = Cover(parts.marks), []
    for one in parts.note.sentences if parts.note else ():
        text, lines = reads(one)
        if text is not None:
            found.append(CoveredSentence(one.sentence_id, one.heading, cover(text), lines))
    return tuple(found)


def released_note(content: SessionContent) -> ReleasedNote | None:
    """Give the note's sentences as they stand, by section; None where nothing is written."""
    note = content.note
    if note is None:
        return None
    transcript = transcript_of(content)
    starts = {one.position: round(one.start_s * 1000) for one in transcript.utterances}
    said_by = {sentence.sentence_id: sentence.said_by for sentence in note.sentences}
    cover, standing = Cover(content.marks), standing_of(note, transcript)

    def sentence(one: Standing) -> ReleasedSentence:
        who = _SAID_BY.get(said_by[one.sentence_id], "") if one.origin == "machine" else ""
        found = tuple(starts[line] for line in one.lines if line in starts)
        return ReleasedSentence(cover(one.text), who, found)

    names = (("", KEY_POINTS), *((heading.name, heading.name) for heading in note.headings))
    written = (
        ReleasedSection(title, tuple(sentence(one) for one in standing if one.heading == name)) for name, title in names
    )
    sections = tuple(section for section in written if section.sentences)
    model = f" (SHA-256 {note.model_sha256})" if note.model_sha256 else ""
    drafter = f"{note.drafter} {note.version}{model}"
    return ReleasedNote(note.format_name, drafter, note.drafted_at_ms, sections) if sections else None
