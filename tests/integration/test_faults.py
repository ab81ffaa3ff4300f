"""The short form of `make faults`, and that the bench does not call a miss a success."""

from pathlib import Path

import pytest
from faults.bench import measure_all, summary
from faults.promise import Figure, Promise, Scale
from faults.promises import PROMISES

QUICK = Scale(full=False)
TESTS = Path(__file__).parents[1]


@pytest.mark.timeout(600)
def test_promises__that_no_other_test_shows__are_all_kept_in_the_short_form() -> None:
    rows = measure_all([promise for promise in PROMISES if promise.tested_in is None], QUICK)
    assert [f"{row.promise.name}: {row.figure.words}" for row in rows if not row.figure.kept] == []
    assert summary(rows).startswith(f"all {len(rows)} promises kept")


def test_promises__said_to_be_shown_by_another_test__name_a_file_of_the_suite() -> None:
    elsewhere = [TESTS / promise.tested_in for promise in PROMISES if promise.tested_in is not None]
    assert elsewhere
    assert all(path.is_file() for path in elsewhere)


def test_bench__promise_missed_or_broken_down__says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def missed(*_: object) -> Figure:
        return Figure("3 lost", kept=False)

    def breaks_down(*_: object) -> Figure:
        raise OSError("no such thing here")

    rows = measure_all([Promise("first", "0 lost", missed), Promise("second", "0 lost", breaks_down)], QUICK)
    assert not any(row.figure.kept for row in rows)
    assert "2 of 2 promises MISSED" in summary(rows)
    assert "MISSED" in capsys.readouterr().out
