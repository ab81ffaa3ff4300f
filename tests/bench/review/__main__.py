"""How long a therapist waits for the review page: `make bench-review`.

Serves a real vault over real HTTPS to a real browser: a session of 15,000 words, a list of 2,000 sessions, edits while
the box writes another session down, and eight browsers that edit, play and follow a session under way for five minutes.
Every figure is printed as soon as it is known; the last line sums up; the exit code is 1 where a bound is missed.
"""

import argparse
import sys
from collections.abc import Iterator

from support.chromium import chromium

from tests.bench.review.edits import edit_figures
from tests.bench.review.figures import Figure, say
from tests.bench.review.filled import filled_box
from tests.bench.review.pages import page_figures, scroll_figures, weight_figures
from tests.bench.review.together import together_figures

PARTS = ("pages", "scroll", "edits", "together")


def figures(args: argparse.Namespace) -> Iterator[Figure]:
    with filled_box(args.sessions) as (box, vault):
        with chromium() as browser:
            if "pages" in args.only:
                yield from page_figures(browser, box, args.sessions)
                yield from weight_figures(box)
            if "scroll" in args.only:
                yield from scroll_figures(browser, box)
            if "edits" in args.only:
                yield from edit_figures(browser, box, args.edits)
        if "together" in args.only and args.minutes:
            yield from together_figures(box, vault, args.browsers, args.minutes)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench-review", description=__doc__)
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--browsers", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    found = []
    for figure in figures(parser.parse_args()):
        say(str(figure))
        found.append(figure)
    missed = [figure.name for figure in found if figure.missed]
    say(f"{len(found)} figures, " + (f"{len(missed)} missed: {'; '.join(missed)}" if missed else "all within bounds"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
