"""Prints every promise of the page, the vaults and the backups with its figure; ends with 1 when one is missed.

    python -m tests.security [--quick] [--only WORD]

The full form takes about an hour on two idle cores; it needs Debian's Chromium.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as pytest's pythonpath does

from faults.bench import measure_all, summary
from faults.promise import Scale

from security.promises import PROMISES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small part of everything")
    parser.add_argument("--only", default="", metavar="WORD", help="only promises whose name has this word")
    args = parser.parse_args()
    chosen = [promise for promise in PROMISES if args.only in promise.name]
    if not chosen:
        parser.error(f"no promise has {args.only!r} in its name: {', '.join(one.name for one in PROMISES)}")
    rows = measure_all(chosen, Scale(full=not args.quick))
    sys.stdout.write(f"\n{summary(rows)}\n")
    return 0 if all(row.figure.kept for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
