import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "setup"))

from known_holes import NOT_REACHED, verdict

CLEAN = {"name": "anyio", "version": "4.0", "vulns": []}
HOLE = {"name": "jinja2", "version": "3.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3.1"]}]}
UNKNOWN = {"name": "sqlcipher3", "skip_reason": "not found"}


def test_verdict__a_part_with_a_hole__names_it_and_what_mends_it() -> None:
    holes, unasked, said = verdict({"dependencies": [CLEAN, HOLE]})
    assert (holes, unasked) == (1, 0)
    assert "jinja2 3.0: PYSEC-2026-1, mended in 3.1" in said


def test_verdict__a_part_that_the_database_does_not_know__is_named() -> None:
    assert verdict({"dependencies": [CLEAN, UNKNOWN]}) == (
        0,
        1,
        "Known holes: 0 in 1 of 2 parts that were asked about.\nNot in the database, so not asked about: sqlcipher3.",
    )


@pytest.mark.parametrize("report", [None, {"dependencies": [UNKNOWN]}], ids=["nothing", "unknown"])
def test_verdict__database_out_of_reach__says_that_nothing_was_asked(report: dict[str, object] | None) -> None:
    holes, unasked, said = verdict(report)
    assert (holes, said) == (0, NOT_REACHED)
    assert unasked
