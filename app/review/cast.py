"""Who is in a session and what to call each: "Therapist" and "Client" once that is known, or a given name. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain import Attribution, Segment, VoiceChange, VoiceChangeKind
from app.review.pieces import standing_changes
from app.vault.session_content import SessionContent

THERAPIST, CLIENT = "Therapist", "Client"


@dataclass(frozen=True, slots=True)
class Cast:
    people: tuple[str, ...]  # their speakers: "1", "2", ...
    therapist: str | None  # as a person said, or else as the room's seats tell
    names: Mapping[str, str] = field(default_factory=dict, repr=False)  # by speaker, as a person gave them
    asked: bool = False  # a person said who is who

    def called(self, speaker: str | None) -> str:
        """What to call somebody; "" where the box cannot tell who it is."""
        if speaker is None:
            return ""
        if name := self.names.get(speaker):
            return name
        if self.therapist is None:
            return f"Speaker {speaker}"
        if speaker == self.therapist:
            return THERAPIST
        others = sorted({*self.people, speaker} - {self.therapist})
        return CLIENT if len(others) == 1 else f"{CLIENT} {others.index(speaker) + 1}"


def cast_of(content: SessionContent) -> Cast:
    roles = [one for one in standing_changes(content.voice_changes) if one.kind is VoiceChangeKind.ROLE]
    by_seat = content.attribution.therapist if content.attribution else None
    return Cast(
        people=_people(content.segments, content.attribution, content.voice_changes),
        therapist=roles[-1].speaker if roles else by_seat,
        names=dict(roles[-1].names) if roles else {},
        asked=bool(roles),
    )


def people_wanted(changes: Sequence[VoiceChange]) -> int | None:
    """How many people are to be told apart, where somebody said so."""
    said = [one.people for one in standing_changes(changes) if one.kind is VoiceChangeKind.PEOPLE]
    return said[-1] if said else None


def _people(
    segments: Sequence[Segment], attribution: Attribution | None, changes: Sequence[VoiceChange]
) -> tuple[str, ...]:
    if attribution and attribution.turns:
        people = {turn.speaker for turn in attribution.turns}
    else:
        people = {segment.speaker for segment in segments if segment.speaker}
    for change in standing_changes(changes):
        if change.kind is VoiceChangeKind.VOICE:
            people.discard(change.other or "")
        if change.kind in {VoiceChangeKind.VOICE, VoiceChangeKind.ASSIGN, VoiceChangeKind.MERGE} and change.speaker:
            people.add(change.speaker)
    return tuple(sorted(people))
