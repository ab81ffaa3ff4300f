"""A draft note: what a drafter hands over, and how it is told as JSON. Handles speech in clear."""

from dataclasses import dataclass, field
from typing import Any, Final

from app.notes.mentions import SAYS, Mention
from app.notes.transcript import Role

LIMITS: Final = (
    "A draft from a machine's transcript. It can mishear, leave out, and be true to the words and clinically wrong; "
    "it hears no tone. You decide."
)


@dataclass(frozen=True, slots=True)
class Flag:
    """A reason why a sentence may not stand as it is."""

    rule: str  # one of app/notes/guard.toml
    says: str = field(repr=False)  # a sentence for the therapist
    words: str = field(default="", repr=False)  # what it is about, from the sentence


@dataclass(frozen=True, slots=True)
class DraftSentence:
    text: str = field(repr=False)
    segments: tuple[int, ...]  # positions of the utterances that it rests on, at least one
    said_by: Role = Role.UNKNOWN
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftSection:
    name: str
    belongs: str
    prompt: str
    judgement: bool
    sentences: tuple[DraftSentence, ...]


@dataclass(frozen=True, slots=True)
class Drafter:
    """Who drafted: every machine sentence says so."""

    name: str  # "extractive", or the language model's name
    version: str
    model_sha256: str = ""  # of the weights, where there are any and they are known


@dataclass(frozen=True, slots=True)
class Draft:
    format_name: str
    drafter: Drafter
    summary: tuple[DraftSentence, ...]
    sections: tuple[DraftSection, ...]
    mentions: tuple[Mention, ...] = ()
    notices: tuple[str, ...] = ()  # sentences for the therapist: what could not be told, what was guessed

    @property
    def sentences(self) -> tuple[DraftSentence, ...]:
        """All of them, the summary's first."""
        return (*self.summary, *(sentence for section in self.sections for sentence in section.sentences))


def as_json(draft: Draft) -> dict[str, Any]:
    return {
        "format": draft.format_name,
        "drafter": {
            "name": draft.drafter.name,
            "version": draft.drafter.version,
            "model_sha256": draft.drafter.model_sha256 or None,
        },
        "limits": LIMITS,
        "notices": list(draft.notices),
        "summary": [_sentence(sentence) for sentence in draft.summary],
        "sections": [
            {
                "name": section.name,
                "belongs": section.belongs,
                "prompt": section.prompt,
                "sentences": [_sentence(sentence) for sentence in section.sentences],
            }
            for section in draft.sections
        ],
        "mentioned": [
            {"topic": one.topic, "words": one.words, "segments": [one.position], "says": SAYS} for one in draft.mentions
        ],
    }


def as_text(draft: Draft) -> str:
    """The draft to read: each sentence with its sources in brackets."""
    lines = [*draft.notices, "Key points", *(_line(one) for one in draft.summary)]
    for section in draft.sections:
        lines += ["", section.name, *(_line(one) for one in section.sentences)]
        if section.prompt:
            lines.append(f"  ({section.prompt})")
    lines += ["", *(f"{one.title}: {SAYS} [{one.position}]" for one in draft.mentions)]
    return "\n".join([*lines, LIMITS])


def _sentence(sentence: DraftSentence) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "segments": list(sentence.segments),
        "said_by": sentence.said_by.value,
        "flags": [{"rule": flag.rule, "says": flag.says, "words": flag.words} for flag in sentence.flags],
    }


def _line(sentence: DraftSentence) -> str:
    flags = "".join(f" ({flag.says})" for flag in sentence.flags)
    return f"  {sentence.said_by}: {sentence.text} [{', '.join(map(str, sentence.segments))}]{flags}"
