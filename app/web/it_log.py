"""Clinic IT: what the box's processes wrote: sentences, ids and counts, and nothing of any session."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import PlainTextResponse, Response

from app.log_lines import Level, LogAway, LogLine, LogWish, Source, read_log
from app.web.audited import unaudited
from app.web.desk import TheDesk, show
from app.web.it_signed_in import It
from app.web.wording import counted

router = APIRouter(prefix="/it/log")

SHOWN = 200
SOURCES = {
    Source.RECORDER: "Recorder",
    Source.APP: "Page and vaults",
    Source.ASR: "Speech",
    Source.POOL: "Pool",
    Source.BACKUP: "Backups",
    Source.UPDATE: "Updates",
    Source.START: "Start and self-test",
    Source.SYSTEM: "System and network",
    Source.SIMULATOR: "Simulator",
}
LEVELS = {Level.INFO: "Everything", Level.WARNING: "Warnings and errors", Level.ERROR: "Errors only"}
MARKS = {Level.INFO: "", Level.WARNING: "Warning", Level.ERROR: "Error"}


@dataclass(frozen=True, slots=True)
class Row:
    day: str  # where a new one begins, "" below it
    when: str
    who: str
    mark: str  # "Warning", "Error"
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    words: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class LogPage:
    template: ClassVar[str] = "it_log.html"
    sources: tuple[Choice, ...]
    levels: tuple[Choice, ...]
    rows: tuple[Row, ...]  # newest first
    said: str  # how many there are
    download: str
    narrowed: bool
    problem: str = ""


def wished(of: Annotated[str, Query(max_length=40)] = "", level: Annotated[str, Query(max_length=40)] = "") -> LogWish:
    """What the address asks for; what it asks for that there is not, is as if it had not asked."""
    source = next((one for one in Source if one.value == of), None)
    least = next((one for one in Level if one.value == level), Level.INFO)
    return LogWish(source=source, level=least)


Wished = Annotated[LogWish, Depends(wished)]


@router.get("", dependencies=[unaudited("shows the processes' log, which holds nothing clinical")])
def log_page(request: Request, desk: TheDesk, _it: It, wish: Wished) -> Response:
    try:
        page = _page(wish, read_log(desk.settings.run_dir, wish.model_copy(update={"most": SHOWN})))
    except LogAway as error:
        page = _page(wish, (), str(error))
    return show(request, page, here="it")


@router.get("/tacet-log.txt", dependencies=[unaudited("the same as text")])
def as_text(desk: TheDesk, _it: It, wish: Wished) -> Response:
    """All that is kept, up to 5,000 lines, the newest first."""
    try:
        lines = read_log(desk.settings.run_dir, wish)
    except LogAway as error:
        return PlainTextResponse(f"{error}\n", 503)
    text = "".join(f"{_local(line):%Y-%m-%dT%H:%M:%S%z} {line.source} {line.level}: {line.text}\n" for line in lines)
    name = f"{desk.settings.name}-log.txt"
    return PlainTextResponse(text, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _page(wish: LogWish, lines: tuple[LogLine, ...], problem: str = "") -> LogPage:
    chosen = f"of={wish.source or ''}&level={wish.level}"
    return LogPage(
        sources=(Choice("", "All", wish.source is None), *_choices(SOURCES, wish.source)),
        levels=_choices(LEVELS, wish.level),
        rows=_rows(lines),
        said=f"The last {counted(len(lines), 'line')}, the newest first." if lines else "",
        download=f"/it/log/tacet-log.txt?{chosen}",
        narrowed=wish.source is not None or wish.level is not Level.INFO,
        problem=problem,
    )


def _choices(words: Mapping[Source, str] | Mapping[Level, str], chosen: Source | Level | None) -> tuple[Choice, ...]:
    return tuple(Choice(one.value, word, one is chosen) for one, word in words.items())


def _rows(lines: tuple[LogLine, ...]) -> tuple[Row, ...]:
    rows, before = list[Row](), ""
    for line in lines:
        when = _local(line)
        day = f"{when:%A}, {when.day} {when:%B %Y}"
        rows.append(
            Row(day if day != before else "", f"{when:%H:%M:%S}", SOURCES[line.source], MARKS[line.level], line.text)
        )
        before = day
    return tuple(rows)


def _local(line: LogLine) -> datetime:
    return datetime.fromtimestamp(line.at_ms / 1000).astimezone()
