"""A process's own log: what reaches standard error, and what may not."""

import logging
import subprocess
import sys

import pytest

from app.own_log import OwnWords

CANARY = "vermilion sixpence"
ENDS_BADLY = f"""
import logging, threading
from app.own_log import begin_log
begin_log("app")
def die():
    raise ValueError("{CANARY}")
thread = threading.Thread(target=die)
thread.start()
thread.join()
logging.getLogger("app.x").warning("session %s: not erased yet", "7F3A")
die()
"""


def record(
    name: str, level: int, message: str, *filled: object, error: BaseException | None = None
) -> logging.LogRecord:
    found = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, level, __file__, 1, message, filled, found)


def caught(message: str) -> ValueError:
    try:
        int(message)
    except ValueError as error:
        return error
    raise AssertionError


def test_log__a_line_of_ours__stands_as_it_is() -> None:
    line = OwnWords("app").format(record("app.pipeline", logging.INFO, "%d windows", 3))
    assert line == "app: 3 windows"


@pytest.mark.parametrize(("level", "priority"), [(logging.INFO, 6), (logging.WARNING, 4), (logging.CRITICAL, 3)])
def test_log__read_by_the_journal__begins_with_how_serious_it_is(level: int, priority: int) -> None:
    assert OwnWords("asr", with_levels=True).format(record("app.asr", level, "x")) == f"<{priority}>asr: x"


def test_log__a_librarys_line__tells_its_template_alone() -> None:
    line = OwnWords("app").format(record("uvicorn.error", logging.WARNING, "got %s", CANARY))
    assert line == "app: uvicorn.error warning: got %s"


def test_log__an_error_that_a_library_tells__tells_its_kind_and_place() -> None:
    line = OwnWords("app").format(record("asyncio", logging.ERROR, f"lost\nfuture: {CANARY}", error=caught(CANARY)))
    assert CANARY not in line
    assert "lost ValueError at test_own_log.py:" in line
    assert "\n" not in line


def test_process__whose_threads_end_by_errors__says_where_and_not_what() -> None:
    ended = subprocess.run([sys.executable, "-c", ENDS_BADLY], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 1
    assert ended.stderr.count("a thread ended ValueError at <string>:6") == 2
    assert "app: session 7F3A: not erased yet" in ended.stderr
    assert CANARY not in ended.stderr + ended.stdout
