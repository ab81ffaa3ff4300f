"""Where a session stands, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, assert_never

from app.domain import SessionRow, SessionState
from app.web.ports import Pipeline
from app.web.wording import clock

READING_WORDS_A_MINUTE = 180  # with a glance at what is doubtful


@dataclass(frozen=True, slots=True)
class Heard:
    """How much has been turned into words."""

    permille: int
    label: str


@dataclass(frozen=True, slots=True)
class Standing:
    template: ClassVar[str] = "_standing.html"
    state: SessionState
    word: str
    sentence: str
    problem: str
    heard: Heard | None
    session_id: str = ""
    anew: str = ""  # one line on its second hearing, "" where there is none

    @property
    def draft(self) -> bool:
        return self.state in {SessionState.DRAFTED, SessionState.IN_REVIEW}

    @property
    def approved(self) -> bool:
        return self.state in {SessionState.APPROVED, SessionState.EXPORTED}

    @property
    def live(self) -> bool:
        return not self.draft and not self.approved


def standing(row: SessionRow, pipeline: Pipeline, models: Sequence[str] = (), anew: str = "") -> Standing:
    """Say where a session stands; `models` heard its words, `anew` tells of its second hearing."""
    word, sentence = _words(row.state, models)
    unfinished = row.state in {SessionState.RECORDING, SessionState.CAPTURED, SessionState.TRANSCRIBING}
    problem = row.problem or (pipeline.speech_problem if unfinished else None) or ""
    heard = _heard(row, pipeline) if unfinished else None
    return Standing(row.state, word, sentence, problem, heard, row.head.session_id, anew)


def state_word(state: SessionState) -> str:
    return _words(state, ())[0]


def reading_minutes(row: SessionRow) -> int:
    """Estimate how long it takes to read what was said."""
    return minutes_for(row.words)


def minutes_for(words: int) -> int:
    return max(1, round(words / READING_WORDS_A_MINUTE))


def _words(state: SessionState, models: Sequence[str]) -> tuple[str, str]:
    match state:
        case SessionState.RECORDING:
            return "Recording now", "The words follow a little behind. You can review them when the session has ended."
        case SessionState.CAPTURED:
            return "Recorded", "The recording is safe. It is turned into words next; you need not wait here."
        case SessionState.TRANSCRIBING:
            return "Being written down", "The box turns the recording into words. You need not wait here."
        case SessionState.DRAFTED | SessionState.IN_REVIEW:
            by = f"Words heard by {' and '.join(models)}. " if models else ""
            limits = "It can mishear, drop or invent words, most of all around silence and where both speak at once."
            return "Draft", f"{by}{limits} You decide."
        case SessionState.APPROVED:
            return "Approved", "Nothing here can be changed any more, unless you take the approval back."
        case SessionState.EXPORTED:
            return "Approved and exported", "A copy has left this box. Who has it, has it outside the box's protection."
    assert_never(state)


def _heard(row: SessionRow, pipeline: Pipeline) -> Heard | None:
    progress = pipeline.progress(row.head.session_id)
    if progress is None or not progress.total_ms:
        return None
    heard_ms = min(progress.transcribed_ms, progress.total_ms)
    label = f"{clock(heard_ms)} of {clock(progress.total_ms)} written down"
    return Heard(heard_ms * 1000 // progress.total_ms, label)
