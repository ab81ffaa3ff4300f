"""What a process of the box writes on standard error: sentences of our own, and of everything else the kind and place.

Under systemd, and under `tacet run`, a line begins with how serious it is (`<4>`), as the journal reads it. Speech and
secrets stay out: what a library filled into its message, and what an error says, may be either.
Source: sd-daemon(3).
"""

import logging
import os
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from app import journal

LEVELS_ASKED = "TACET_LOG_LEVELS"  # set by whoever reads the lines
_UNDER_SYSTEMD = "JOURNAL_STREAM"
_OWN = ("app", "firmware", "models", "tacet", "__main__")
_FRAMES = 6
_SERIOUS = ((logging.ERROR, journal.ERROR), (logging.WARNING, journal.WARNING))


class OwnWords(logging.Formatter):
    """One line a record: ours as it stands, a library's by its template, an error by its kind and where it was."""

    def __init__(self, process: str, *, with_levels: bool = False) -> None:
        super().__init__()
        self._process = process
        self._with_levels = with_levels

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage() if record.name.split(".")[0] in _OWN else _foreign(record)
        line = " ".join((f"{self._process}: {text}", *_error(record))).replace("\n", " ")
        return f"<{_priority(record.levelno)}>{line}" if self._with_levels else line


def begin_log(process: str) -> None:
    """Set this process's log; errors that nobody catches are told in the same way. Call first, in the main thread."""
    handler = logging.StreamHandler()
    asked = LEVELS_ASKED in os.environ or _UNDER_SYSTEMD in os.environ
    handler.setFormatter(OwnWords(process, with_levels=asked))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    sys.excepthook = _told
    threading.excepthook = lambda died: _told(died.exc_type, died.exc_value, died.exc_traceback)


def place_of(trace: TracebackType | None) -> str:
    """Name the last lines of code on the way to an error, the innermost first."""
    frames = traceback.extract_tb(trace)
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-_FRAMES:]))


def _told(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        logging.getLogger(__name__).critical("a thread ended", exc_info=(kind, error or kind(), trace))


def _foreign(record: logging.LogRecord) -> str:
    first, *_ = str(record.msg).splitlines() or [""]
    return f"{record.name} {record.levelname.lower()}: {first}"


def _error(record: logging.LogRecord) -> tuple[str, ...]:
    if not record.exc_info or record.exc_info[0] is None:
        return ()
    kind, _, trace = record.exc_info
    return (f"{kind.__name__} at {place_of(trace)}" if trace else kind.__name__,)


def _priority(level: int) -> int:
    return next((priority for least, priority in _SERIOUS if level >= least), journal.INFO)
