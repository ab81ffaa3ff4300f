"""Asks PyPI's database for known holes in the box's parts, and says how many of them it could ask about.

    python setup/known_holes.py [--all]

Ends with 1 where a part has a known hole; with --all also where a part could not be asked about.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
AUDIT = ["pip-audit", "--disable-pip", "--require-hashes", "--timeout", "5", "--progress-spinner", "off"]
LONGEST_S = 180
NOT_REACHED = "Known holes: the database of PyPI could not be reached from here, so no part was asked about."


def main() -> int:
    report = _asked()
    holes, unasked, said = verdict(report)
    sys.stdout.write(f"{said}\n")
    return 1 if holes or (unasked and "--all" in sys.argv[1:]) else 0


def verdict(report: dict[str, Any] | None) -> tuple[int, int, str]:
    """How many parts have a hole, how many could not be asked about, and what to tell; None is no answer at all."""
    parts = report["dependencies"] if report else []
    unasked = [one["name"] for one in parts if "skip_reason" in one]
    if len(unasked) == len(parts):
        return 0, max(1, len(unasked)), NOT_REACHED
    found = [_hole(part, hole) for part in parts for hole in part.get("vulns", ())]
    asked = f"Known holes: {len(found)} in {len(parts) - len(unasked)} of {len(parts)} parts that were asked about."
    missing = [f"Not in the database, so not asked about: {', '.join(unasked)}."] if unasked else []
    return len(found), len(unasked), "\n".join([asked, *missing, *found])


def _hole(part: dict[str, Any], hole: dict[str, Any]) -> str:
    mended = ", ".join(hole.get("fix_versions", ())) or "no version yet"
    return f"  {part['name']} {part['version']}: {hole['id']}, mended in {mended}. Pin that with `make lock`."


def _asked() -> dict[str, Any] | None:
    command = [str(Path(sys.executable).parent / AUDIT[0]), *AUDIT[1:], "--format", "json", "--requirement"]
    try:
        answer = subprocess.run(
            [*command, str(ROOT / "requirements.lock")], capture_output=True, text=True, check=False, timeout=LONGEST_S
        )
        return json.loads(answer.stdout)  # type: ignore[no-any-return]
    except (OSError, ValueError, subprocess.TimeoutExpired):  # it says so on standard error, or says nothing in time
        return None


if __name__ == "__main__":
    raise SystemExit(main())
