"""A transcript as the page shows it: lines, and between them quiet rows. Pure; handles speech in clear."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from app.review import Line
from app.web.opened import Opened
from app.web.wording import clock, counted, lately, length
from app.web.words import ShownWord, shown_words

SILENCE_MS = 4000  # shorter ones are part of talking
LISTEN_AROUND_MS = 3000  # what one hears around a doubtful place to judge it


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of one voice."""

    template: ClassVar[str] = "_line.html"
    session_id: str
    seq: int
    start_ms: int
    end_ms: int
    speaker: str | None
    words: tuple[ShownWord, ...] = field(repr=False)
    text: str = field(repr=False)
    machine_text: str = field(repr=False)
    edited: str  # by whom and when, "" where the machine's words stand
    editable: bool

    @property
    def at(self) -> str:
        return clock(self.start_ms)

    @property
    def voice(self) -> str:
        return f"Speaker {self.speaker}" if self.speaker else ""

    @property
    def struck(self) -> bool:
        return not self.text


@dataclass(frozen=True, slots=True)
class QuietRow:
    """Nothing was said, or nothing was recorded."""

    template: ClassVar[str] = "_quiet.html"
    start_ms: int
    sentence: str
    off_the_record: bool

    @property
    def at(self) -> str:
        return clock(self.start_ms)


Row = LineRow | QuietRow


@dataclass(frozen=True, slots=True)
class Doubts:
    """How much is worth hearing again."""

    places: int
    minutes: int  # at least 1 where there are places

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        if not self.places:
            return "The transcriber was sure of every word. It can still be wrong: read the whole."
        verb = "is" if self.places == 1 else "are"
        return (
            f"{counted(self.places, 'place')} {verb} worth hearing before you approve. "
            f"About {counted(self.minutes, 'minute')}."
        )


def line_row(session_id: str, line: Line, *, editable: bool, now_ms: int) -> LineRow:
    edited = ""
    if line.edited_by is not None and line.edited_at_ms is not None:
        edited = f"{line.edited_by}, {lately(line.edited_at_ms, now_ms)}"
    return LineRow(
        session_id=session_id,
        seq=line.seq,
        start_ms=line.start_ms,
        end_ms=line.end_ms,
        speaker=line.speaker,
        words=shown_words(line),
        text=line.text,
        machine_text=line.machine_text,
        edited=edited,
        editable=editable,
    )


def rows(opened: Opened, now_ms: int, after_seq: int = -1) -> Iterator[Row]:
    """Give the rows below the line `after_seq`, -1 for all.

    While a transcript is live, a pause shows with the line after it, so that no row can come twice.
    """
    waiting = sorted(pause.at_ms for pause in opened.pauses)
    end_ms = 0
    for line in opened.lines:
        if line.seq > after_seq:
            yield from _between(end_ms, line.start_ms, waiting)
            yield line_row(opened.session_id, line, editable=opened.editable, now_ms=now_ms)
        waiting = [at_ms for at_ms in waiting if at_ms > line.start_ms]
        end_ms = max(end_ms, line.end_ms)
    for at_ms in () if opened.live else waiting:
        yield _off_the_record(at_ms)


def _between(end_ms: int, start_ms: int, pauses: Sequence[int]) -> Iterator[Row]:
    """Give what lies between the end of one line and the start of the next."""
    for at_ms in pauses:
        if at_ms <= start_ms:
            yield from _silence(end_ms, at_ms)
            yield _off_the_record(at_ms)
            end_ms = max(end_ms, at_ms)
    yield from _silence(end_ms, start_ms)


def _silence(start_ms: int, end_ms: int) -> Iterator[QuietRow]:
    if end_ms - start_ms >= SILENCE_MS:
        yield QuietRow(start_ms, f"{length(end_ms - start_ms)} without words", off_the_record=False)


def _off_the_record(at_ms: int) -> QuietRow:
    return QuietRow(at_ms, "Off the record. What was said here was not recorded.", off_the_record=True)


def doubts(lines: Sequence[Line]) -> Doubts:
    places = [word for line in lines for word in shown_words(line) if word.begins_place]
    listen_ms = sum(word.end_ms - word.start_ms + LISTEN_AROUND_MS for word in places)
    return Doubts(len(places), max(1, round(listen_ms / 60_000)))
