"""Lines of the log: what is kept of what processes write, and what is asked of the journal."""

import asyncio

import pytest

from app.log_lines import LONGEST_CHARS, MOST_LINES, Level, LogLine, LogWish, Source, line_of
from tacet.log.journal import queries
from tacet.log.kept import KeptLog


def kept(log: KeptLog, **wish: object) -> list[LogLine]:
    return asyncio.run(log.lines(LogWish.model_validate(wish)))


def test_kept_log__lines_of_a_process__come_newest_first_without_level_and_name() -> None:
    log = KeptLog()
    assert log.take("app", "<4>app: the pool is away") == "app: the pool is away"
    log.take("asr", "asr: model loaded")
    assert [(line.source, line.level, line.text) for line in kept(log)] == [
        (Source.ASR, Level.INFO, "model loaded"),
        (Source.APP, Level.WARNING, "the pool is away"),
    ]


def test_kept_log__asked_for_one_process_or_level__gives_those_alone() -> None:
    log = KeptLog()
    for line in ("<6>app: one", "<4>app: two", "<3>app: three"):
        log.take("app", line)
    log.tell("asr", 3, "ended with code 1")
    assert [line.text for line in kept(log, source="app", level="warning")] == ["three", "two"]
    assert [line.text for line in kept(log, level="error")] == ["ended with code 1", "three"]
    assert [line.text for line in kept(log, most=1)] == ["ended with code 1"]


def test_kept_log__more_than_it_keeps__forgets_the_oldest() -> None:
    log = KeptLog()
    for number in range(MOST_LINES + 3):
        log.take("app", f"app: {number}")
    found = kept(log)
    assert (len(found), found[-1].text) == (MOST_LINES, "3")


def test_kept_log__of_a_process_that_is_none_of_the_boxs__keeps_nothing() -> None:
    log = KeptLog()
    log.take("something", "else")
    log.take("app", "   ")
    assert kept(log) == []


def test_line__with_what_cannot_be_shown__is_cut_and_made_printable() -> None:
    line = line_of(0, Source.SYSTEM, 7, "\x1b[31mred\n" + "x" * LONGEST_CHARS)
    assert "\x1b" not in line.text
    assert "\n" not in line.text
    assert (len(line.text), line.text[-1]) == (LONGEST_CHARS, "…")


@pytest.mark.parametrize("source", [None, *Source])
def test_journal__asked_for_anybody__is_never_asked_for_all_that_there_is(source: Source | None) -> None:
    for query in queries(LogWish(source=source)):
        assert any(one.startswith(("--unit=tacet", "--unit=systemd")) for one in query) or (
            "_TRANSPORT=kernel" in query
        )


def test_journal__of_the_kernel__is_asked_for_warnings_at_most() -> None:
    *_, kernel = queries(LogWish())
    assert kernel == ("--priority=4", "_TRANSPORT=kernel")
    *_, kernel = queries(LogWish(level=Level.ERROR))
    assert kernel[0] == "--priority=3"
