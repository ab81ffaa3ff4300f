"""The short form of `make security`: what is quick and needs no clock. The matrices have tests of their own."""

import pytest
from faults.bench import measure_all, summary
from faults.promise import Scale
from security.promises import PROMISES

SHORT = (
    "audit is tamper-evident",
    "no foreign Host",
    "login cannot be guessed",
    "readers never break",
    "nothing in clear on a stolen disk",
    "a corrupt database does not stop recording",
)


@pytest.mark.timeout(600)
def test_promises__in_the_short_form__are_all_kept() -> None:
    rows = measure_all([promise for promise in PROMISES if promise.name in SHORT], Scale(full=False))
    assert [f"{row.promise.name}: {row.figure.words}" for row in rows if not row.figure.kept] == []
    assert summary(rows).startswith(f"all {len(SHORT)} promises kept")
