"""The short form of `make faults`, and that the bench does not call a miss a success."""

import os
import shutil

import pytest
from faults.bench import measure_all, summary
from faults.promise import Figure, Promise, Scale
from faults.promises import PROMISES
from support.pulse import missing_programs

QUICK = Scale(full=False)


def _can_be_tried_here(promise: Promise) -> bool:
    if "disk does not corrupt" in promise.name:
        return os.geteuid() == 0 and shutil.which("mount") is not None
    return "microphone" not in promise.name or missing_programs() is None


@pytest.mark.timeout(600)
def test_promises__in_the_short_form__are_all_kept() -> None:
    rows = measure_all(filter(_can_be_tried_here, PROMISES), QUICK)
    assert [f"{row.promise.name}: {row.figure.words}" for row in rows if not row.figure.kept] == []
    assert summary(rows).startswith(f"all {len(rows)} promises kept")


def test_bench__promise_missed_or_broken_down__says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def missed(*_: object) -> Figure:
        return Figure("3 lost", kept=False)

    def breaks_down(*_: object) -> Figure:
        raise OSError("no such thing here")

    rows = measure_all([Promise("first", "0 lost", missed), Promise("second", "0 lost", breaks_down)], QUICK)
    assert not any(row.figure.kept for row in rows)
    assert "2 of 2 promises MISSED" in summary(rows)
    assert "MISSED" in capsys.readouterr().out
