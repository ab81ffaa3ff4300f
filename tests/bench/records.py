"""Measures a practice's records against their bounds: search, calendar, keeping, erasure.

    python -m tests.bench.records [--sessions 2000] [--words 8000] [--histories 100000] [--keep FOLDER]

Prints a table, sums up in its last line, and ends with 1 when a bound was missed. Made-up words by Zipf's law; a real
SQLCipher vault in a folder that is removed afterwards (about 1 GB at full size), or kept for the next run.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.retention_histories import live

from app.domain import Receipt
from app.indexing import Indexer, find_lines
from app.records.calendar_files import read_calendar
from app.records.retention import Rule
from app.vault.search import Narrowed
from app.vault.vault import Vault
from tests.bench.made_practice import RATE_HZ, STARTED_AT_MS, Practice, practice, session_id

QUERIES = 200


@dataclass(frozen=True)
class Result:
    what: str
    measured: float
    bound: float | None
    unit: str

    @property
    def met(self) -> bool:
        return self.bound is None or self.measured <= self.bound

    def row(self) -> str:
        bound = "" if self.bound is None else f"at most {self.bound:g} {self.unit}"
        return f"{self.what:58} {self.measured:10.2f} {self.unit:4} {bound:20} {'' if self.met else 'MISSED'}"


def searched(made: Practice) -> list[tuple[float, float]]:
    """What people look for: one word, two, the beginning of one, a phrase, with a client or not; wall and CPU ms."""
    chance, took, known = random.Random(3), [], made.known
    kinds: list[Callable[[], str]] = [
        lambda: chance.choice(known[50:20_000]),
        lambda: f"{chance.choice(known[20:2_000])} {chance.choice(known[20:2_000])}",
        lambda: chance.choice(known[1_000:20_000])[:4],
        lambda: f'"{chance.choice(known[:40])} {chance.choice(known[:400])}"',
        lambda: chance.choice(known[:40]),
    ]
    for number in range(QUERIES):
        typed = kinds[number % len(kinds)]()
        narrowed = Narrowed(chance.choice(made.clients)) if number % 4 == 3 else Narrowed()
        began, worked = time.perf_counter(), time.thread_time()
        find_lines(made.vault, typed, narrowed)
        took.append(((time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000))
    return took


def index_bytes(vault: Vault) -> int:
    """All that the index holds: its blocks, its table of pages and what it keeps of each."""
    (size,) = vault._database.read(
        lambda connection: connection.execute(
            "SELECT (SELECT sum(length(block)) FROM search_data) + (SELECT count(*) * 24 FROM search_idx)"
            " + (SELECT count(*) * 12 FROM search_docsize) + (SELECT count(*) * 60 FROM search_pages)"
        ).fetchone()
    )
    return int(size)


def search_results(made: Practice) -> Iterator[Result]:
    began, indexer = time.process_time(), Indexer(made.vaults)
    count = indexer.look(made.vault)
    indexer.look(made.vault)  # at rest, it puts the index in order
    if count:
        yield Result("index one session", (time.process_time() - began) * 1000 / count, None, "ms")
    yield Result("index, as a part of the text", 100 * index_bytes(made.vault) / made.text_bytes, 60, "%")
    searched(made)  # what the machine has read is warm, as on a box in use
    wall, cpu = zip(*searched(made), strict=True)
    name = f"search over {made.sessions:,} sessions of {made.words:,} words"
    yield Result(f"{name}, median", statistics.median(wall), None, "ms")
    yield Result("search, 95th of 100, on the processor alone", sorted(cpu)[len(cpu) * 95 // 100], None, "ms")
    yield Result("search, 95th of 100", sorted(wall)[len(wall) * 95 // 100], 30, "ms")


def erasure_results(vault: Vault) -> Iterator[Result]:
    began = time.perf_counter()
    vault.keeping.mark(STARTED_AT_MS)
    yield Result("first mark of all sessions", time.perf_counter() - began, None, "s")
    began = time.perf_counter()
    vault.keeping.kept(Rule())
    yield Result("one look at what is due", time.perf_counter() - began, None, "s")
    receipt = Receipt(session_id(0), "page", 1, clock_trusted=True, erased_at_ms=2, samples=1, sample_rate_hz=RATE_HZ)
    began = time.perf_counter()
    vault.erasures.erase(receipt)
    yield Result("erase a session from vault, index and log", time.perf_counter() - began, 5, "s")


def calendar_results(vault: Vault) -> Iterator[Result]:
    content = calendar_of(10_000)
    began = time.process_time()
    vault.appointments.take_in(read_calendar(content, ZoneInfo("Europe/Berlin")))
    yield Result("import of 10,000 events", time.process_time() - began, 5, "s")
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    began = time.process_time()
    found = vault.appointments.between(monday, monday + timedelta(days=7))
    yield Result(f"a week with {len(found)} appointments", time.process_time() - began, None, "s")


def calendar_of(events: int) -> bytes:
    """A practice's years: single hours, and every hundredth a weekly series."""

    def event(number: int) -> str:
        on = datetime(2022, 1, 3, 8) + timedelta(days=number // 6, hours=number % 6)  # noqa: DTZ001  local time
        rule = "RRULE:FREQ=WEEKLY\r\n" if number % 100 == 0 else ""
        return (
            f"BEGIN:VEVENT\r\nUID:{number}@practice\r\nDTSTAMP:20260101T000000Z\r\n"
            f"DTSTART;TZID=Europe/Berlin:{on:%Y%m%dT%H%M%S}\r\nDURATION:PT50M\r\n{rule}"
            f"SUMMARY:C {number % 40}\r\nDESCRIPTION:left outside\r\nEND:VEVENT\r\n"
        )

    body = "".join(map(event, range(events)))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//\r\nX-WR-CALNAME:P\r\n{body}END:VCALENDAR\r\n".encode()


def history_results(histories: int) -> Iterator[Result]:
    chance = random.Random(11)
    wrong = sum(live(chance) is not None for _ in range(histories))
    yield Result(f"of {histories:,} histories: early, held, untrusted or late", wrong, 0, "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=2_000)
    parser.add_argument("--words", type=int, default=8_000)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="a folder for the made records; search alone is measured on it again")
    asked = parser.parse_args()
    results = []

    def show(found: Iterator[Result]) -> None:
        for one in found:
            results.append(one)
            print(one.row(), flush=True)

    show(history_results(asked.histories))
    with (
        tempfile.TemporaryDirectory() as folder,
        practice(asked.keep or Path(folder), asked.sessions, asked.words) as made,
    ):
        show(search_results(made))
        if asked.keep is None:  # they change the records
            show(calendar_results(made.vault))
            show(erasure_results(made.vault))
    missed = [one.what for one in results if not one.met]
    print(f"{len(results)} figures, {len(missed)} bounds missed{': ' if missed else ''}{'; '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
