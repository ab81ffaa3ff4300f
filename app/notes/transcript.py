"""What a draft is made from: who said what, in order. Pure; handles speech in clear."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.errors import TacetError

_THERAPISTS: Final = frozenset(
    {"therapist", "clinician", "counsellor", "counselor", "doctor", "practitioner", "psychologist", "provider"}
)
_CLIENTS: Final = frozenset({"client", "patient"})
_ASKED_ENOUGH: Final = 3  # questions before a guess who the therapist is counts for something
_ASKED_MORE: Final = 1.5  # as many times


class UnreadableTranscript(TacetError):
    """The JSON is no list of utterances. The sentence says which entry and what is expected."""


class Role(StrEnum):
    THERAPIST = "therapist"
    CLIENT = "client"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of one voice's words."""

    position: int  # 0-based, in the list that it came from
    start_s: float
    end_s: float
    role: Role
    text: str = field(repr=False)  # speech in clear


@dataclass(frozen=True, slots=True)
class Transcript:
    utterances: tuple[Utterance, ...] = field(repr=False)
    guessed: str = ""  # the label that was taken for the therapist's by its questions; "" where labels said so

    def at(self, positions: Iterable[int]) -> tuple[Utterance, ...]:
        """The utterances at these positions; unknown ones are left out."""
        by_position = {utterance.position: utterance for utterance in self.utterances}
        return tuple(by_position[position] for position in positions if position in by_position)


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance whose speaker is a mere label as yet."""

    position: int
    start_s: float
    end_s: float
    speaker: str | None
    text: str = field(repr=False)


def with_roles(spoken: Sequence[Spoken], named: str | None = None) -> Transcript:
    """Say who is therapist and who is client: by the labels, else by who asks clearly more questions.

    `named` is the label that a person called the therapist's; it goes before both.
    """
    labels = {one.speaker for one in spoken if one.speaker}
    roles = {label: _role_of(label) for label in labels}
    therapist = ""
    if named is not None:
        roles = {label: Role.THERAPIST if label == named else Role.CLIENT for label in labels}
    elif roles and all(role is Role.UNKNOWN for role in roles.values()):
        therapist = _who_asks(spoken)
        if therapist:
            roles = {label: Role.THERAPIST if label == therapist else Role.CLIENT for label in labels}
    said = [
        Utterance(one.position, one.start_s, one.end_s, roles.get(one.speaker or "", Role.UNKNOWN), one.text)
        for one in spoken
    ]
    return Transcript(tuple(said), therapist)


def read_transcript(document: Any) -> Transcript:
    """Read parsed JSON: a list of utterances, an object with "utterances", or what `tacet transcribe --json` prints.

    Raises:
        UnreadableTranscript: It is none of these.
    """
    entries = document
    if isinstance(document, dict):
        entries = document.get("utterances", document.get("segments"))
    if not isinstance(entries, list):
        raise UnreadableTranscript(
            'The transcript has to be a JSON list of {"start_s", "end_s", "speaker", "text"}, '
            "or what `tacet transcribe --json` prints."
        )
    return with_roles([_spoken(position, entry) for position, entry in enumerate(entries)])


def _spoken(position: int, entry: Any) -> Spoken:
    text = entry.get("text") if isinstance(entry, dict) else None
    speaker = entry.get("speaker") if isinstance(entry, dict) else None
    if not isinstance(text, str) or not isinstance(speaker, str | None):
        raise UnreadableTranscript(
            f'Utterance {position} of the transcript has no "text" or a "speaker" that is no name: '
            'each needs {"start_s", "end_s", "speaker", "text"}.'
        )
    return Spoken(position, _seconds(entry, "start", position), _seconds(entry, "end", position), speaker, text)


def _seconds(entry: dict[str, Any], which: str, position: int) -> float:
    for key, unit in ((f"{which}_s", 1), (f"{which}_ms", 1000)):
        value = entry.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value) / unit
        if value is not None:
            raise UnreadableTranscript(f'"{key}" of utterance {position} is no number of seconds.')
    return 0.0


def _role_of(label: str) -> Role:
    plain = re.sub(r"[^a-z]", "", label.lower())
    if plain in _THERAPISTS:
        return Role.THERAPIST
    return Role.CLIENT if plain in _CLIENTS else Role.UNKNOWN


def _who_asks(spoken: Sequence[Spoken]) -> str:
    """The label that asks clearly more than any other; "" where nobody does."""
    asked = Counter({one.speaker: 0 for one in spoken if one.speaker})
    for one in spoken:
        if one.speaker:
            asked[one.speaker] += one.text.count("?")
    ranked = asked.most_common(2)
    if len(ranked) < 2:  # noqa: PLR2004  nobody to compare with
        return ""
    (first, most), (_, fewer) = ranked
    return first if first and most >= _ASKED_ENOUGH and most >= _ASKED_MORE * fewer else ""
