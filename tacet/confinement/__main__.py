"""Gives up what a process of the box shall not have, then becomes that process.

    python -m tacet.confinement NAME [--no-network] [--hide PATH ...] [--read-only] -- COMMAND ...

What this machine does not let be given up is said on standard error in a sentence, and the process runs without.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from app.durable import make_private_folder
from tacet.confinement.landlock import READ, READ_DIR, WRITE_FILE, all_but, all_rights, restrict
from tacet.confinement.network import leave_network


def main() -> int:
    args = _parser().parse_args()
    if args.no_network:
        _try(args.name, "network", leave_network)
    if args.hide:
        _try(args.name, "view of this machine's files", lambda: _hide(args))
    os.execvp(args.command[0], args.command)  # noqa: S606  the supervisor's own command line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tacet.confinement", description=__doc__.splitlines()[0])
    parser.add_argument("name", help="of the process, for what is said")
    parser.add_argument("--no-network", action="store_true")
    parser.add_argument("--hide", type=Path, action="append", default=[], help="a place that it may not open")
    parser.add_argument("--keep", type=Path, action="append", default=[], help="a folder that it needs nevertheless")
    parser.add_argument("--read", type=Path, action="append", default=[], help="a file that it reads nevertheless")
    parser.add_argument("--read-only", action="store_true", help="it writes to what is kept, and to nothing else")
    parser.add_argument("command", nargs="+")
    return parser


def _hide(args: argparse.Namespace) -> None:
    rules = {Path("/"): READ_DIR}  # names may be listed: Python looks for its modules so
    rules |= dict.fromkeys(all_but(args.hide), READ if args.read_only else all_rights())
    rules[Path("/dev/null")] = READ | WRITE_FILE
    for place in args.keep:
        make_private_folder(place)
        rules[place.resolve()] = all_rights()
    rules |= {place.resolve(): READ for place in args.read}
    restrict(rules)


def _try(name: str, what: str, give_up: Callable[[], None]) -> None:
    try:
        give_up()
    except OSError as error:
        sys.stderr.write(
            f"{name}: this machine does not let it give up its {what} ({error.strerror}); "
            f"only its own code keeps it apart here.\n"
        )


if __name__ == "__main__":
    raise SystemExit(main())
