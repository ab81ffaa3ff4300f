"""Lines of the processes' logs, as clinic IT may see them, and where the app asks for them. No content stands in them.

The app may not read the journal itself. It asks on run_dir/log.sock with one `LogWish`, a line of JSON, and is given
lines of JSON: `LogLine`s, the newest first, or one `LogProblem`.
"""

import socket
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from app import journal
from app.errors import TacetError

SOCKET_NAME: Final = "log.sock"
ANSWERS_WITHIN_S: Final = 20.0  # a slow card, and a process that is only started now
MOST_LINES: Final = 5000
LONGEST_CHARS: Final = 500
AWAY: Final = "The log cannot be read just now. Try again; if it stays, start the box again."


class Level(StrEnum):
    """How serious a line is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


_LEAST_SERIOUS: Final = {Level.ERROR: journal.ERROR, Level.WARNING: journal.WARNING, Level.INFO: journal.INFO}


class Source(StrEnum):
    """Who wrote a line."""

    RECORDER = "recorder"
    APP = "app"
    ASR = "asr"
    POOL = "pool"
    BACKUP = "backup"
    UPDATE = "update"
    START = "start"  # provisioning, self-test, screen
    SYSTEM = "system"  # kernel, network, clock, update installer
    SIMULATOR = "simulator"  # of a checkout


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogLine(_Frozen):
    at_ms: int
    source: Source
    level: Level
    text: str


class LogWish(_Frozen):
    source: Source | None = None  # everybody
    level: Level = Level.INFO  # and what is more serious
    most: int = Field(default=MOST_LINES, ge=1, le=MOST_LINES)

    def includes(self, line: LogLine) -> bool:
        return self.source in {None, line.source} and priority_of(line.level) <= priority_of(self.level)


class LogProblem(_Frozen):
    problem: str  # a sentence


class LogAway(TacetError):
    """The log cannot be read; the message says so to people."""


_ANSWER: Final[TypeAdapter[LogLine | LogProblem]] = TypeAdapter(LogLine | LogProblem)


def priority_of(level: Level) -> int:
    """The least serious of the journal's priorities that counts as this level."""
    return _LEAST_SERIOUS[level]


def level_of(priority: int) -> Level:
    """The other way round."""
    return next((level for level, least in _LEAST_SERIOUS.items() if priority <= least), Level.INFO)


def line_of(at_ms: int, source: Source, priority: int, text: str) -> LogLine:
    """A line as it is shown: printable, and no longer than can be read."""
    printable = "".join(one if one.isprintable() else " " for one in text).strip()
    cut = printable if len(printable) <= LONGEST_CHARS else f"{printable[: LONGEST_CHARS - 1]}…"
    return LogLine(at_ms=at_ms, source=source, level=level_of(priority), text=cut)


def read_log(run_dir: Path, wish: LogWish) -> tuple[LogLine, ...]:
    """Lines that are wished for, the newest first. Any thread; blocks.

    Raises:
        LogAway: nobody answers, or says that nothing can be read.
    """
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(ANSWERS_WITHIN_S)
        try:
            asking.connect(str(run_dir / SOCKET_NAME))
            asking.sendall(wish.model_dump_json().encode() + b"\n")
            with asking.makefile("rb") as answer:
                said = [_ANSWER.validate_json(line) for line in answer]
        except (OSError, ValidationError) as error:
            raise LogAway(AWAY) from error
    for one in said:
        if isinstance(one, LogProblem):
            raise LogAway(one.problem)
    return tuple(one for one in said if isinstance(one, LogLine))
