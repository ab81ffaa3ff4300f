"""A transcript as the page shows it: lines, and between them quiet rows. Pure; handles speech in clear."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from app.domain import Mark, MarkKind
from app.review import NOTED, Cover, Line
from app.review.places import worth_hearing
from app.web.opened import Opened
from app.web.wording import clock, counted, lately, length
from app.web.words import Said, said

SILENCE_MS = 4000  # shorter ones are part of talking
STRETCH_LINES = 25  # a browser leaves out what is not in sight stretch by stretch


@dataclass(frozen=True, slots=True)
class Beside:
    """Something that a person set beside a line."""

    mark_id: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of one voice."""

    template: ClassVar[str] = "_line.html"
    session_id: str
    seq: int
    start_ms: int
    end_ms: int
    speaker: str | None
    said: Said = field(repr=False)
    text: str = field(repr=False)
    machine_text: str = field(repr=False)
    edited: str  # by whom and when, "" where the machine's words stand
    editable: bool
    base: int = 0  # the edit that stands there, 0 for none
    notes: tuple[Beside, ...] = ()
    private: Beside | None = None
    voice: str = ""  # "Speaker 1", "Therapist"
    sure: bool = True  # whose words these are
    together: bool = False  # two people speak at once in it

    @property
    def at(self) -> str:
        return clock(self.start_ms)

    @property
    def not_understood(self) -> bool:
        return not self.machine_text.strip() and not self.edited

    @property
    def struck(self) -> bool:
        return not self.text and not self.not_understood


@dataclass(frozen=True, slots=True)
class QuietRow:
    """Nothing was said, or nothing was recorded."""

    template: ClassVar[str] = "_quiet.html"
    start_ms: int
    sentence: str
    off_the_record: bool
    note_path: str = ""  # where something is noted on this pause; "" where that cannot be

    @property
    def at(self) -> str:
        return clock(self.start_ms)


Row = LineRow | QuietRow


@dataclass(frozen=True, slots=True)
class Doubts:
    """How much is worth hearing again."""

    places: int
    minutes: int  # at least 1 where there are places
    done: int = 0  # places that were found right already

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        if not self.places and self.done:
            return "Every place worth hearing was found right. Read the rest as you would a letter."
        if not self.places:
            return "The transcriber was sure of every word. It can still be wrong: read the whole."
        verb = "is" if self.places == 1 else "are"
        return (
            f"{counted(self.places, 'place')} {verb} worth hearing before you approve. "
            f"About {counted(self.minutes, 'minute')}."
        )


def line_row(opened: Opened, line: Line, now_ms: int) -> LineRow:
    (row,) = line_rows(opened, [line], now_ms)
    return row


def line_rows(opened: Opened, lines: Iterable[Line], now_ms: int) -> Iterator[LineRow]:
    """Give lines as the page shows them; what is the same for all is worked out once."""
    begins: dict[int, set[int]] = {}
    for place in opened.open_places:
        begins.setdefault(place.seq, set()).add(place.start_ms)
    beside: dict[int, list[Mark]] = {}
    for mark in opened.marks:
        beside.setdefault(mark.seq, []).append(mark)
    cover = Cover(opened.marks)
    for line in lines:
        yield _line_row(opened, line, said(line, begins.get(line.seq, set()), cover), beside.get(line.seq, []), now_ms)


def _line_row(opened: Opened, line: Line, words: Said, marks: Sequence[Mark], now_ms: int) -> LineRow:
    edited = ""
    if line.edited_by is not None and line.edited_at_ms is not None:
        edited = f"{line.edited_by}, {lately(line.edited_at_ms, now_ms)}"
    private = [Beside(mark.mark_id, mark.text) for mark in marks if mark.kind is MarkKind.PRIVATE]
    return LineRow(
        session_id=opened.session_id,
        seq=line.seq,
        start_ms=line.start_ms,
        end_ms=line.end_ms,
        speaker=line.speaker,
        said=words,
        text=line.text,
        machine_text=line.machine_text,
        edited=edited,
        editable=opened.editable,
        base=opened.edit_ids.get(line.seq, 0),
        notes=tuple(Beside(mark.mark_id, NOTED[mark.kind] + mark.text) for mark in marks if mark.kind in NOTED),
        private=private[0] if private else None,
        voice=line.voice,
        sure=line.sure,
        together=bool(line.together),
    )


def rows(opened: Opened, now_ms: int, after_seq: int = -1) -> Iterator[Row]:
    """Give the rows below the line `after_seq`, -1 for all.

    While a transcript is live, a pause shows with the line after it, so that no row can come twice.
    """
    waiting = sorted(pause.at_ms for pause in opened.pauses)
    end_ms, shown = 0, line_rows(opened, (line for line in opened.lines if line.seq > after_seq), now_ms)
    for line in opened.lines:
        if line.seq > after_seq:
            path = f"/sessions/{opened.session_id}/lines/{line.seq}/marks/silence" if opened.editable else ""
            yield from (replace(row, note_path=path) for row in _between(end_ms, line.start_ms, waiting))
            yield next(shown)
        waiting = [at_ms for at_ms in waiting if at_ms > line.start_ms]
        end_ms = max(end_ms, line.end_ms)
    for at_ms in () if opened.live else waiting:
        yield _off_the_record(at_ms)


def stretches(shown: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    """Cut a transcript into stretches of so many lines; a quiet row stays with the line below it."""
    stretch, quiet, lines = list[Row](), list[Row](), 0
    for row in shown:
        quiet.append(row)
        if isinstance(row, QuietRow):
            continue
        if lines == STRETCH_LINES:
            yield tuple(stretch)
            stretch, lines = [], 0
        stretch += quiet
        quiet, lines = [], lines + 1
    if stretch or quiet:
        yield (*stretch, *quiet)


def _between(end_ms: int, start_ms: int, pauses: Sequence[int]) -> Iterator[QuietRow]:
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


def doubts(opened: Opened) -> Doubts:
    places = opened.open_places
    minutes = max(1, round(sum(place.listen_ms for place in places) / 60_000))
    return Doubts(len(places), minutes, done=len(worth_hearing(opened.places)) - len(places))
