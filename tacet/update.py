"""`tacet update`: the other slot gets a signed bundle; the running one is kept once it works. RAUC does the work.

RAUC itself refuses what is not signed by the image's key, was changed by a byte, or is for another board. What it
does not look at stands here: an older version, and a session that is going on.
"""

import argparse
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from app.errors import TacetError

OS_RELEASE = Path("/usr/lib/os-release")
DAEMONS = ("tacet-recorder.service", "tacet-app.service", "tacet-asr.service")

Run = Callable[[list[str]], str]  # the command's output; raises TacetError with what it said


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    install = commands.add_parser("install", help="put a signed bundle into the other slot, for the next start")
    install.add_argument("bundle", type=Path, metavar="BUNDLE.raucb")
    install.set_defaults(run=_install)
    confirm = commands.add_parser("confirm", help="keep the running version, if recorder, asr and page work")
    confirm.set_defaults(run=_confirm)


def install(bundle: Path, running: str, run: Run) -> str:
    """Install into the other slot and give its version.

    Raises:
        TacetError: nothing was changed, or the other slot only: the running version starts again.
    """
    offered = _version_of(run(["rauc", "info", "--output-format=json", str(bundle)]))
    if _ordered(offered) <= _ordered(running):
        raise TacetError(f"The bundle holds version {offered}, and {running} is running. Take a newer one.")
    _refuse_during_a_session(run)
    run(["rauc", "install", str(bundle)])
    return offered


def confirm(run: Run) -> None:
    """Mark the running slot good. Raises TacetError when one of the box's processes does not run."""
    for unit in DAEMONS:
        if run(["systemctl", "is-active", unit]).strip() != "active":
            raise TacetError(f"{unit} does not run, so this version is not kept. Start the box again.")
    run(["rauc", "status", "mark-good"])


def run_program(command: list[str]) -> str:
    """Raises TacetError with the last line that the program said."""
    if shutil.which(command[0]) is None:
        raise TacetError(f"{command[0]} is not on this machine. Updates are for boxes that run from the image.")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise TacetError(f"{' '.join(command[:2])} refused: {said[-1] if said else 'it said nothing'}")
    return done.stdout


def running_version(os_release: Path = OS_RELEASE) -> str:
    found = re.search(r"^IMAGE_VERSION=(\S+)$", os_release.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise TacetError("This machine does not run from an image, so there is nothing to update.")
    return found[1]


def _version_of(info: str) -> str:
    try:
        return str(json.loads(info)["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise TacetError("The bundle does not say its version. Fetch it again.") from error


def _ordered(version: str) -> tuple[int, ...]:
    numbers = re.findall(r"\d+", version)
    if not numbers:
        raise TacetError(f"The version {version} cannot be compared. Fetch the bundle again.")
    return tuple(int(number) for number in numbers)


def _refuse_during_a_session(run: Run) -> None:
    doing = run(["systemctl", "show", "-P", "StatusText", "tacet-recorder.service"]).strip()
    if doing not in {"ready", "not ready", ""}:
        raise TacetError(f"A session is going on ({doing}). Update when it is over; nothing was changed.")


def _install(args: argparse.Namespace) -> int:
    if not args.bundle.is_file():
        raise TacetError(f"There is no {args.bundle}. If it is on a stick, plug the stick in.")
    version = install(args.bundle, running_version(), run_program)
    print(f"Version {version} is in the other slot and starts next time; if it does not work, this one is back.")
    return 0


def _confirm(_: argparse.Namespace) -> int:
    confirm(run_program)
    return 0
