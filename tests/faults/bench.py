"""Measures every promise and prints the table."""

import sys
import textwrap
import time
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faults.promise import Figure, Progress, Promise, Scale

_NAME_WIDTH, _GATE_WIDTH, _FIGURE_WIDTH = 34, 34, 58
_PROGRESS_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Row:
    promise: Promise
    figure: Figure
    took_s: float


def measure_all(promises: Iterable[Promise], scale: Scale) -> list[Row]:
    """One after the other, so that none disturbs another's times; prints each row when it is known."""
    rows = []
    _print_line("promise", "gate", "figure", "", "")
    for promise in promises:
        row = _measure(promise, scale)
        _print_row(row)
        rows.append(row)
    return rows


def summary(rows: Sequence[Row]) -> str:
    missed = [row.promise.name for row in rows if not row.figure.kept]
    took_s = sum(row.took_s for row in rows)
    if missed:
        return f"{len(missed)} of {len(rows)} promises MISSED in {took_s:.0f} s: {', '.join(missed)}"
    return f"all {len(rows)} promises kept, in {took_s:.0f} s"


def _measure(promise: Promise, scale: Scale) -> Row:
    started_s = time.monotonic()
    try:
        figure = promise.measure(scale, _progress(promise.name))
    except Exception as error:  # noqa: BLE001  a row that breaks down is a miss, and the others are still wanted
        traceback.print_exc()
        figure = Figure(f"broke down: {type(error).__name__}: {str(error)[:120]}", kept=False)
    return Row(promise, figure, time.monotonic() - started_s)


def _progress(name: str) -> Progress:
    last_s = time.monotonic()

    def tell(words: str) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= _PROGRESS_EVERY_S:
            last_s = time.monotonic()
            sys.stderr.write(f"  ... {name}: {words}\n")
            sys.stderr.flush()

    return tell


def _print_row(row: Row) -> None:
    verdict = "kept" if row.figure.kept else "MISSED"
    cells = [
        textwrap.wrap(row.promise.name, _NAME_WIDTH),
        textwrap.wrap(row.promise.gate, _GATE_WIDTH),
        textwrap.wrap(row.figure.words, _FIGURE_WIDTH),
        [verdict],
        [f"{row.took_s:.0f} s"],
    ]
    for line in range(max(map(len, cells))):
        _print_line(*(cell[line] if line < len(cell) else "" for cell in cells))


def _print_line(name: str, gate: str, figure: str, verdict: str, took: str) -> None:
    line = f"{name:{_NAME_WIDTH}}  {gate:{_GATE_WIDTH}}  {figure:{_FIGURE_WIDTH}}  {verdict:6}  {took:>6}"
    sys.stdout.write(line.rstrip() + "\n")
    sys.stdout.flush()
