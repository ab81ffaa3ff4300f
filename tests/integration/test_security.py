"""The short form of `make security`."""

import pytest
from faults.bench import measure_all, summary
from faults.promise import Scale
from security.promises import PROMISES

TIMED = "the page cannot be starved"  # a figure in seconds, for the bench alone


@pytest.mark.timeout(600)
def test_promises__in_the_short_form__are_all_kept() -> None:
    rows = measure_all([promise for promise in PROMISES if promise.name != TIMED], Scale(full=False))
    assert [f"{row.promise.name}: {row.figure.words}" for row in rows if not row.figure.kept] == []
    assert summary(rows).startswith(f"all {len(rows)} promises kept")
