"""`tacet firewall`: says whom the box may call, as its unit starts it, again and again."""

import argparse
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from app.durable import write_readable
from app.errors import TacetError
from tacet.firewall.destinations import CALLERS, Destination, name_servers, named_in
from tacet.firewall.resolving import addresses_of
from tacet.firewall.sets import Opening, caller_lines, lines_before, may_be_called, name_server_lines
from tacet.settings import load_settings

RESOLV_CONF: Final = Path("/run/systemd/resolve/resolv.conf")


def add_arguments(parser: argparse.ArgumentParser, config: Path) -> None:
    parser.description = (
        "Say for nft whom the box's processes may call: the servers that tacet.toml names, and nobody else. A name is "
        "asked for anew each time. Ends with 1 where one cannot be found: what was allowed for it before stands."
    )
    parser.add_argument("--config", type=Path, default=config, help=f"configuration file (default {config})")
    parser.add_argument("--resolv", type=Path, default=RESOLV_CONF, metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, metavar="FILE", help="write it there, as a whole (default: print it)")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    before = _text(args.into) if args.into else ""
    lines, problems = openings(named_in(load_settings(args.config)), addresses_of, before)
    script = "\n".join((*name_server_lines(_name_servers(args.resolv)), *lines, ""))
    if args.into is None:
        sys.stdout.write(script)
    else:
        write_readable(args.into, script.encode())
    for problem in problems:
        print(f"firewall: {problem}", file=sys.stderr)
    return 1 if problems else 0


def openings(
    named: Iterable[Destination], resolve: Callable[[str], list[str]], before: str = ""
) -> tuple[list[str], list[str]]:
    """What nft is to be given, and a sentence for each caller whose server was not found.

    Such a caller keeps what stood for it `before`.
    """
    lines, problems, by_caller = list[str](), list[str](), {caller: list[Destination]() for caller in CALLERS}
    for one in named:
        by_caller[one.caller].append(one)
    for caller, theirs in by_caller.items():
        try:
            lines += caller_lines(caller, [opening for one in theirs for opening in _openings(one, resolve)])
        except TacetError as error:
            lines += lines_before(caller, before)
            problems.append(f"The {caller} server cannot be called: {error}.")
    return lines, problems


def _openings(named: Destination, resolve: Callable[[str], list[str]]) -> list[Opening]:
    found = [address for one in resolve(named.host) if (address := may_be_called(one))]
    if not found:
        raise TacetError(f"{named.host} is not on the clinic's own network")
    return [Opening(address, named.port) for address in found]


def _name_servers(resolv: Path) -> tuple[str, ...]:
    return tuple(one for one in name_servers(_text(resolv)) if _is_address(one))


def _text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        ip_address(text)
        return True
    return False
