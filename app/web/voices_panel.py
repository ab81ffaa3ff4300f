"""The panel of voices beside the transcript: who spoke, for how long, how the box told, and who is who. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from app.domain import Attribution, SessionState, Told
from app.review import Cast, Line, cast_of, lines_of, people_wanted, standing_changes
from app.vault.session_content import SessionContent
from app.web.opened import UNDER_REVIEW
from app.web.timeline import WIDTH, Lane, bars, together
from app.web.wording import clock, counted, length

SAMPLES = 2
SAMPLE_MS = 5_000
LANE = 14  # units of the drawing, a lane a person
MOST_PEOPLE = 6
USUAL_PEOPLE = 2
NOTES = {
    Told.SEATS: "Told apart by the two microphones: who sits nearer to which.",
    Told.VOICES: "Told apart by the sound of the voices. How a voice sounds is not kept.",
    Told.ONE_VOICE: "All of it sounds like one person, so nobody is told apart. Select lines to say otherwise.",
    Told.NO_MODEL: "Nobody is told apart: the model for voices is not on this box. Clinic IT can fetch it"
    " (tacet models fetch campplus). You can still say who said what.",
    Told.NOBODY: "Nobody was heard.",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """Where a voice can be heard for a moment."""

    start_ms: int
    end_ms: int

    @property
    def at(self) -> str:
        return clock(self.start_ms)


@dataclass(frozen=True, slots=True)
class Voice:
    """One person of the session, as far as the box can tell."""

    speaker: str
    name: str
    given: str  # the name that somebody gave, "" for none
    therapist: bool
    guessed: bool  # nobody has said who the therapist is, and this one asks most
    talk: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class VoicesPanel:
    template: ClassVar[str] = "_voices.html"
    session_id: str
    notes: tuple[str, ...]  # how the machine told who spoke, and what it did instead where it could not
    voices: tuple[Voice, ...]
    lanes: tuple[Lane, ...]
    together: str  # path data, where two speak at once
    pauses: str  # path data, where the session was off the record
    height: int
    longest_pause: str
    both: str  # how long and how often two spoke at once
    unsure: int  # lines
    known: bool  # who the therapist is
    asked: bool  # somebody has said so
    editable: bool
    undoable: bool
    speakers: tuple[tuple[str, str], ...]  # to give words to
    people: int  # how many are told apart
    listening_for: int | None  # how many people the box listens for anew just now
    more: bool  # it sounds like more people than were told apart


def voices_panel(content: SessionContent) -> VoicesPanel:
    lines, cast, told = lines_of(content), cast_of(content), content.attribution
    speakers = sorted({line.speaker for line in lines if line.speaker})
    guess = None if cast.therapist else guessed_therapist(lines)
    choices = sorted({*speakers, "1", "2"})
    height, scale = LANE * max(1, len(speakers)), WIDTH / max(1, content.row.duration_ms)
    people, wanted = told.asked if told else USUAL_PEOPLE, people_wanted(content.voice_changes)
    return VoicesPanel(
        session_id=content.row.head.session_id,
        notes=tuple(_notes(told, content.row.state)),
        voices=tuple(_voice(lines, speaker, cast, guess) for speaker in speakers),
        lanes=tuple(
            Lane(one, bars([line for line in lines if line.speaker == one], scale, LANE * lane + LANE // 2))
            for lane, one in enumerate(speakers)
        ),
        together=together(lines, scale, height),
        pauses="".join(f"M{pause.at_ms * scale:.1f} 0v{height}" for pause in content.pauses),
        height=height,
        longest_pause=longest_pause(lines),
        both=_both(told),
        unsure=sum(not line.sure for line in lines),
        known=cast.therapist is not None,
        asked=cast.asked,
        editable=content.row.state in UNDER_REVIEW,
        undoable=bool(standing_changes(content.voice_changes)),
        speakers=tuple((one, cast.called(one)) for one in [*choices, str(int(choices[-1]) + 1)][:MOST_PEOPLE]),
        people=wanted or people,
        listening_for=(wanted or USUAL_PEOPLE) if told and told.asked != (wanted or USUAL_PEOPLE) else None,
        more=told is not None and told.voices > told.asked,
    )


def _voice(lines: Sequence[Line], speaker: str, cast: Cast, guess: str | None) -> Voice:
    own = [line for line in lines if line.speaker == speaker]
    return Voice(
        speaker=speaker,
        name=cast.called(speaker),
        given=cast.names.get(speaker, ""),
        therapist=speaker == cast.therapist,
        guessed=speaker == guess,
        talk=length(sum(line.end_ms - line.start_ms for line in own)),
        samples=samples(own),
    )


def samples(own: Sequence[Line]) -> tuple[Sample, ...]:
    """Where a voice is heard alone and longest without a break, in the order of the session; at most five seconds."""
    longest = sorted(own, key=lambda line: (not line.sure, bool(line.together), line.start_ms - line.end_ms))[:SAMPLES]
    return tuple(
        Sample(line.start_ms, min(line.end_ms, line.start_ms + SAMPLE_MS))
        for line in sorted(longest, key=lambda line: line.start_ms)
    )


def guessed_therapist(lines: Sequence[Line]) -> str | None:
    """Who asks most for what they say, as a first choice only; None where nobody asks or only one speaks."""
    speakers = {line.speaker for line in lines if line.speaker}
    if len(speakers) < 2:  # noqa: PLR2004  a conversation
        return None
    asked = {one: sum(line.text.count("?") for line in lines if line.speaker == one) for one in sorted(speakers)}
    said = {one: sum(len(line.text.split()) for line in lines if line.speaker == one) for one in speakers}
    most = max(asked, key=lambda one: asked[one] / max(1, said[one]))
    return most if asked[most] else None


def longest_pause(lines: Sequence[Line]) -> str:
    """The longest time between two lines in which nobody speaks: "12 seconds, at 4:05"; "" where there is none."""
    until_ms, longest_ms, at_ms = 0, 0, 0
    for number, line in enumerate(lines):
        if number and line.start_ms - until_ms > longest_ms:
            longest_ms, at_ms = line.start_ms - until_ms, until_ms
        until_ms = max(until_ms, line.end_ms)
    return f"{length(longest_ms)}, at {clock(at_ms)}" if longest_ms >= 1000 else ""  # noqa: PLR2004  a second


def _both(told: Attribution | None) -> str:
    overlaps = told.overlaps if told else ()
    if not overlaps:
        return ""
    return f"{length(sum(end_ms - start_ms for start_ms, end_ms in overlaps))}, {counted(len(overlaps), 'time')}"


def _notes(told: Attribution | None, state: SessionState) -> list[str]:
    if told is None:
        live = state is SessionState.RECORDING
        return ["The voices are told apart once the session has ended." if live else "The voices are being told apart."]
    notes = [NOTES[told.told]]
    if told.dead_channel is not None:
        notes.insert(0, f"Microphone {told.dead_channel + 1} heard nothing. Check its cable.")
    if told.therapist is not None:
        notes.append("Who is the therapist is known by the seat.")
    apart = len({turn.speaker for turn in told.turns})
    if told.asked > max(apart, USUAL_PEOPLE) and apart:
        could = f"You asked for {told.asked} people; the box could tell {_few(apart)} apart."
        notes.append(f"{could} Give the others' lines by hand.")
    elif told.voices > told.asked:
        notes.append(f"It sounds as if {told.voices} people spoke, and the box told {_few(told.asked)} apart.")
    return notes


def _few(people: int) -> str:
    return {1: "one", 2: "two", 3: "three", 4: "four", 5: "five"}.get(people, str(people))
