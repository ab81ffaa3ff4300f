"""What every station of the app speaks of. Imports only the standard library."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

# How a segment's words were found: by the first look; by a second with all beams and without the text before, where
# the first went wrong; by sampling where both did; or not at all: a sure voice for which no words came. Such a segment
# has neither text nor words.
Path = Literal["first", "second", "sampled", "not_understood"]


class SessionState(StrEnum):
    """Where a session stands on its way from the room to the record."""

    RECORDING = "recording"
    CAPTURED = "captured"
    TRANSCRIBING = "transcribing"
    DRAFTED = "drafted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    EXPORTED = "exported"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the machine heard it. Times count from the tape's first sample."""

    start_ms: int
    end_ms: int
    text: str = field(repr=False)  # speech in clear
    probability: float  # 0..1


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one speaker's words as the machine heard them; never changed after it was stored.

    `seq` counts from 0 within a session. `speaker` is "1" or "2", the channel with the louder voice, or None where
    the box cannot tell.
    """

    seq: int
    start_ms: int
    end_ms: int
    speaker: str | None
    text: str = field(repr=False)  # speech in clear
    probability: float  # mean over the words, 0..1
    words: tuple[Word, ...] = field(repr=False)
    model: str  # name and revision of what heard it
    path: Path = "first"


Place = tuple[int, int]  # a segment's seq and a word's number in it


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody speaks, as the machine tells. Times count from the tape's first sample."""

    start_ms: int
    end_ms: int
    speaker: str  # "1", "2", ...
    sure: bool = True


class Told(StrEnum):
    """How the machine told who spoke."""

    SEATS = "seats"  # two microphones, by level and delay
    VOICES = "voices"  # by the sound of the voices
    ONE_VOICE = "one_voice"  # all of it sounds like one person
    NO_MODEL = "no_model"  # the model that tells voices apart is not there
    NOBODY = "nobody"  # nobody was heard


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A line that stays as it is, in one piece and one person's, because a person has worked on it."""

    first: Place
    last: Place
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who spoke when, told by the machine once the session had ended; never changed afterwards.

    Told anew for another number of people it is another one, which counts from then on.
    """

    turns: tuple[Turn, ...]
    told: Told
    voices: int = 0  # how many people it sounds like; 0 where that was not asked
    dead_channel: int | None = None  # 0 or 1: that microphone heard nothing
    whole: tuple[int, ...] = ()  # lines that a person had edited by then; they stay in one piece
    overlaps: tuple[tuple[int, int], ...] = ()  # start and end in ms of where two people speak at once
    therapist: str | None = None  # who sits on the therapist's seat, where the room's seats are known
    asked: int = 2  # how many people were to be told apart
    kept: tuple[KeptLine, ...] = ()  # likewise, where voices are told apart anew


class VoiceChangeKind(StrEnum):
    """What a person did to who said what."""

    ASSIGN = "assign"  # the words from `first` to `last` are `speaker`'s
    VOICE = "voice"  # all that is `other`'s is `speaker`'s
    SWAP = "swap"  # `speaker` and `other` change places
    SPLIT = "split"  # a line begins at `first`
    MERGE = "merge"  # the line from `first` to `last` goes on the one before, and is `speaker`'s
    ROLE = "role"  # `speaker` is the therapist, and the voices in `names` are called so
    PEOPLE = "people"  # `people` are to be told apart


@dataclass(frozen=True, slots=True)
class VoiceChange:
    """A person's correction of who said what. Changes are only ever added, an undo as well."""

    kind: VoiceChangeKind
    speaker: str | None = None
    other: str | None = None
    first: Place | None = None
    last: Place | None = None
    names: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # speaker and name
    people: int = 0
    change_id: int = 0  # grows with every change of the vault
    author: str = ""
    changed_at_ms: int = 0  # UTC epoch
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What the transcriber takes along from one window of a session to the next."""

    prompt: tuple[int, ...] = field(default=(), repr=False)  # tokens of the text before, speech in clear
    language: str | None = None  # ISO 639-1; None: not known yet
    loudest: float | None = None  # the highest value of the spectrogram so far, log10 of the power
    vocabulary: str = field(default="", repr=False)  # words to expect, as the client had them when the session began


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a session has been heard: all that transcription needs to go on after a kill."""

    next_sample: int = 0  # the first sample (frame) not yet heard
    context: Context = Context()
    next_seq: int = 0
    finished: bool = False  # the tape has ended and all of it was heard


@dataclass(frozen=True, slots=True)
class SessionHead:
    """What is known of a session the moment its tape appears."""

    session_id: str
    started_at_ms: int  # UTC epoch; a label, not a measure
    clock_trusted: bool
    sample_rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class HeardBy:
    """How much of a session one machine heard."""

    session_id: str
    started_at_ms: int  # UTC epoch, the session's
    machine: str  # "" is this box; others are of the clinic's pool
    windows: int


@dataclass(frozen=True, slots=True)
class SecondHearing:
    """A session is heard, or was heard, anew by a better model."""

    model: str  # as segments name it
    swaps: int = 0  # how often the two hearings have changed places; 0 while it is being heard
    changed_words: int = 0  # between the two

    @property
    def stands(self) -> bool:
        """Whether its words are the transcript's now."""
        return self.swaps % 2 == 1


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as the list shows it."""

    head: SessionHead
    state: SessionState
    samples: int  # frames on the tape so far
    words: int
    transcribed_samples: int
    problem: str | None  # a sentence for the therapist

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // self.head.sample_rate_hz


@dataclass(frozen=True, slots=True)
class Pause:
    """The client's consent rested here: what was said until the session went on was never recorded.

    A pause takes no time on the tape; `at_ms` counts from the tape's first sample.
    """

    at_ms: int


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person made of a segment's words. Edits are only ever added, an undo as well."""

    edit_id: int  # grows with every edit of the vault
    seq: int  # the segment's
    text: str | None = field(repr=False)  # speech in clear; "" strikes the line out, None is the machine's words again
    author: str
    edited_at_ms: int  # UTC epoch
    undoes: int | None  # the edit_id that this one takes back


@dataclass(frozen=True, slots=True)
class Approval:
    """A person has put their name under exactly this content."""

    content_hash: str  # 64 hex digits; app.review says over what
    approved_by: str
    approved_at_ms: int  # UTC epoch
    attestation: str  # the words that were put a name under
    revoked_by: str | None = None  # somebody took the approval back; it is kept all the same
    revoked_at_ms: int | None = None
    done: str = ""  # canonical JSON: what was actually done before; app.review.duties says what


@dataclass(frozen=True, slots=True)
class Unkept:
    """A line that somebody is typing, or was when their page went away."""

    seq: int
    author: str
    text: str = field(repr=False)  # speech in clear
    typed_at_ms: int  # UTC epoch


class MarkKind(StrEnum):
    """What a person can set beside a line."""

    CONTEXT = "context"  # what a microphone does not hear: "long look at the door"
    SILENCE = "silence"  # the same of the pause before the line
    REDACTED = "redacted"  # words that no export shows, wherever they stand in the session
    PRIVATE = "private"  # the line, with a note of its own, is for the vault alone


@dataclass(frozen=True, slots=True)
class Mark:
    mark_id: int
    kind: MarkKind
    seq: int  # the line's
    text: str = field(repr=False)  # speech in clear
    author: str
    set_at_ms: int  # UTC epoch


@dataclass(frozen=True, slots=True)
class Listening:
    """What was heard and found right of a session so far."""

    spans: tuple[tuple[int, int], ...] = ()  # (start_ms, end_ms), in order, apart from each other
    accepted: frozenset[tuple[int, int]] = frozenset()  # (seq, start_ms) of doubtful places


@dataclass(frozen=True, slots=True)
class Addendum:
    """Something said about an approved session later; the approval stands untouched beneath it."""

    text: str = field(repr=False)
    author: str
    added_at_ms: int  # UTC epoch
    content_hash: str  # 64 hex digits, over the approval's hash and all above


@dataclass(frozen=True, slots=True)
class Export:
    """An approved transcript has left the box."""

    content_hash: str  # of the approval that let it go
    kind: str  # "text"
    exported_by: str
    exported_at_ms: int  # UTC epoch


@dataclass(frozen=True, slots=True)
class ErasedEnd:
    """A part of a session was erased while it was being recorded. Holds nothing of what was said there."""

    from_ms: int  # of the tape, and so long was the session then
    to_ms: int
    asked_at_ms: int  # UTC epoch; 0 where it is not known
    clock_trusted: bool
    words: int = 0  # of the machine
    edits: int = 0

    @property
    def key(self) -> tuple[int, int]:
        return self.from_ms, self.to_ms


@dataclass(frozen=True, slots=True)
class Receipt:
    """A session was withdrawn and erased. Holds nothing of what was said."""

    session_id: str
    asked_by: str  # firmware.tape.AskedBy
    asked_at_ms: int  # UTC epoch
    clock_trusted: bool
    erased_at_ms: int  # UTC epoch
    samples: int  # how much was recorded (frames)
    sample_rate_hz: int
    words: int = 0  # of the machine
    edits: int = 0

    @property
    def duration_ms(self) -> int:
        return self.samples * 1000 // self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class NoteHeading:
    """A section of a note, as its format had it when the note was drafted."""

    name: str
    belongs: str  # one line on what belongs here
    prompt: str  # shown where the therapist writes
    judgement: bool  # no machine ever writes here


@dataclass(frozen=True, slots=True)
class NoteChange:
    """What a person did to a note's sentence."""

    text: str | None = field(repr=False)  # as it reads from now on; None: taken out
    lines: tuple[int, ...]  # the keys of the transcript's lines that it rests on
    accepted: str  # "" or the fingerprint (app.notes.standing) that somebody puts their name under
    author: str
    changed_at_ms: int  # UTC epoch


@dataclass(frozen=True, slots=True)
class NoteSentence:
    """A sentence of a note as it was first written, and what became of it."""

    sentence_id: int  # grows with every sentence of the vault
    heading: str  # a NoteHeading's name; "" is the summary
    text: str = field(repr=False)
    lines: tuple[int, ...]
    said_by: str  # "therapist", "client" or "unknown"
    author: str  # "" is the drafter
    written_at_ms: int  # UTC epoch
    changes: tuple[NoteChange, ...] = ()  # oldest first


@dataclass(frozen=True, slots=True)
class Note:
    """A session's note: the latest draft with all its sentences."""

    draft_id: int
    format_name: str
    headings: tuple[NoteHeading, ...]
    drafter: str
    version: str
    model_sha256: str
    notices: tuple[str, ...]
    drafted_at_ms: int  # UTC epoch
    sentences: tuple[NoteSentence, ...] = ()
