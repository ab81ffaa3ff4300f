"""`tacet log`: shows the box's log on a terminal, and gives it to the page."""

import argparse
import asyncio
import os
from datetime import datetime
from typing import Final

from app.errors import TacetError
from app.log_lines import MOST_LINES, Level, LogWish, Source
from app.systemd import handed_over_socket
from tacet.log.journal import Journal
from tacet.log.server import serve_handed_over

_RESTS_AFTER_S: Final = 60.0
_SHOWN: Final = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Show what the box's processes have written, the newest last. No content stands in it."
    parser.add_argument("--of", choices=[str(one) for one in Source], metavar="PROCESS", help=", ".join(Source))
    parser.add_argument(
        "--level", choices=[str(one) for one in Level], default="info", metavar="LEVEL", help="error, warning or info"
    )
    parser.add_argument("--lines", type=int, default=_SHOWN, metavar="N", help=f"at most so many (default {_SHOWN})")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)  # for the page, by a unit
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    if args.serve:
        listener = handed_over_socket(os.environ)
        if listener is None:
            raise TacetError("This is started by systemd, with tacet-log.socket.")
        asyncio.run(serve_handed_over(Journal(), listener, _RESTS_AFTER_S))
        return 0
    if not 1 <= args.lines <= MOST_LINES:
        raise TacetError(f"--lines is a number from 1 to {MOST_LINES}.")
    source = Source(args.of) if args.of else None
    wish = LogWish(source=source, level=Level(args.level), most=args.lines)
    found = asyncio.run(Journal().lines(wish))
    for line in reversed(found):
        when = datetime.fromtimestamp(line.at_ms / 1000).astimezone()
        print(f"{when:%Y-%m-%d %H:%M:%S} {line.source} {line.level}: {line.text}")
    if not found:
        print("The journal holds no such line.")
    return 0
