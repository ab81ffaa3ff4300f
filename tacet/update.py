"""`tacet update`: the other slot gets a signed bundle; the running one is kept once it works. RAUC does the work.

RAUC itself refuses what is not signed by the image's key, was changed by a byte, or is for another board. What it
does not look at stands here: an older version, and a session that is going on.
"""

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.durable import write_private
from app.errors import TacetError
from app.version import OS_RELEASE, image_version

STICKS = Path("/media")
KEPT_FILE = Path("/var/lib/tacet/identity/kept-version")  # the newest that was seen working on this box
SYSTEM_CONF = Path("/etc/rauc/system.conf")
CONFIRM_TRIES, CONFIRM_EVERY_S = 18, 10.0  # three minutes
DAEMONS = ("tacet-recorder.service", "tacet-app.service", "tacet-asr.service")


class SessionGoesOn(TacetError):
    """Not now; nothing was changed."""


Run = Callable[[list[str]], str]  # the command's output; raises TacetError with what it said


def add_arguments(parser: argparse.ArgumentParser, config: Path) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    install = commands.add_parser("install", help="put a signed bundle into the other slot, for the next start")
    install.add_argument("bundle", type=Path, metavar="BUNDLE.raucb")
    install.set_defaults(run=_install)
    look = commands.add_parser("look", help="install the newest bundle on a stick, and start it")
    look.add_argument("--sticks", type=Path, default=STICKS, metavar="DIR", help=f"where they are (default {STICKS})")
    look.set_defaults(run=_look)
    take = commands.add_parser("take", help="install what was fetched from the clinic's server, and start it")
    take.add_argument("offered", type=Path, metavar="DIR", help="where fetched bundles lie")
    take.set_defaults(run=_take)
    follow = commands.add_parser("follow", help="ask the clinic's server for newer versions, and fetch them")
    follow.add_argument("--config", type=Path, default=config, help=f"configuration file (default {config})")
    follow.set_defaults(run=_follow)
    confirm = commands.add_parser("confirm", help="keep the running version, if recorder, asr and page work")
    confirm.set_defaults(run=_confirm)
    give_back = commands.add_parser("return", help="start the other version again, if this one never worked here")
    give_back.set_defaults(run=_give_back)


def install(bundle: Path, running: str, run: Run) -> str:
    """Install into the other slot and give its version; wait first until it is known whether the running one works.

    Raises:
        TacetError: nothing was changed, or the other slot only: the running version starts again.
    """
    offered = _version_of(run(["rauc", "info", "--output-format=json", str(bundle)]))
    if ordered(offered) <= ordered(running):
        raise TacetError(f"The bundle holds version {offered}, and {running} is running. Take a newer one.")
    _wait_until_kept(run)
    refuse_during_a_session(run)
    run(["rauc", "install", str(bundle)])
    return offered


def _wait_until_kept(run: Run) -> None:
    """So that a version that does not work finds one to give way to: RAUC cannot mark one good while it installs.

    One that does not work may be replaced too: by the version that mends it.
    """
    with contextlib.suppress(TacetError):
        run(["systemctl", "start", "tacet-healthy.service"])


def newest(sticks: Path, run: Run) -> tuple[Path | None, tuple[str, ...]]:
    """The bundle with the highest version in the sticks' top folders, and a sentence for each that cannot be taken."""
    offered: dict[Path, tuple[int, ...]] = {}
    refused = []
    for bundle in sorted(sticks.glob("*/*.raucb")):
        try:
            version = _version_of(run(["rauc", "info", "--output-format=json", str(bundle)]))
            _refuse_what_failed(version, run)
            offered[bundle] = ordered(version)
        except TacetError as error:
            refused.append(f"{bundle.name} was not taken: {error}")
    return max(offered, key=lambda bundle: offered[bundle], default=None), tuple(refused)


def look(sticks: Path, running: str, run: Run) -> tuple[str, ...]:
    """Install the newest bundle there is and start the box again, if it is newer than what runs; say what was done.

    Raises:
        TacetError: As `install`; also when a session has begun meanwhile: then it starts next time.
    """
    bundle, said = newest(sticks, run)
    if bundle is None:
        return (*said, "There is no update on a stick.")
    version = install(bundle, running, run)
    refuse_during_a_session(run)
    run(["systemctl", "reboot"])
    return (*said, f"Version {version} is in the other half of the disk; the box starts again with it.")


def confirm(run: Run) -> None:
    """Mark the running slot good. Raises TacetError when one of the box's processes does not run."""
    for unit in DAEMONS:
        if run(["systemctl", "show", "-P", "ActiveState", unit]).strip() != "active":
            raise TacetError(f"{unit} does not run, so this version is not kept. Start the box again.")
    run(["rauc", "status", "mark-good"])


def confirm_patiently(run: Run, pause: Callable[[], None], tries: int = CONFIRM_TRIES) -> None:
    """Confirm, and try again where a process is just being started anew: one stumble is no verdict on a version."""
    for _ in range(tries - 1):
        with contextlib.suppress(TacetError):
            confirm(run)
            return
        pause()
    confirm(run)


def give_back(running: str, kept: str | None, run: Run) -> str | None:
    """Leave a version that has never worked on this box for the one before, at once, by starting the box again.

    Returns:
        Why nothing was done; None when the box is about to start again.

    Raises:
        TacetError: A session is going on; ask again.
    """
    if running == kept:
        return f"Version {running} has worked on this box before, so it stays."
    if not _another_works(run(["rauc", "status", "--output-format=json"])):
        return "The other half of the disk holds nothing that works, so this version stays."
    refuse_during_a_session(run)
    run(["rauc", "status", "mark-bad"])
    run(["systemctl", "reboot"])
    return None


def _another_works(status: str) -> bool:
    """Whether a slot that is not running counts as good. What cannot be read counts as no."""
    return any(slot.get("boot_status") == "good" for slot in _not_running(status))


def _refuse_what_failed(version: str, run: Run) -> None:
    """A stick may stay plugged in, and is looked at after each start: its version would come and go without end.

    Raises:
        TacetError: This version lies whole in the other slot, and was given up.
    """
    for slot in _not_running(run(["rauc", "status", "--detailed", "--output-format=json"])):
        holds = slot.get("slot_status", {})
        gave_up = slot.get("boot_status") == "bad" and holds.get("status") == "ok"
        if gave_up and holds.get("bundle", {}).get("version") == version:
            raise TacetError(
                f"Version {version} was tried on this box and did not work. "
                "Take the stick out, and ask who builds the image for a newer one."
            )


def _not_running(status: str) -> list[dict[str, Any]]:
    """The slots that did not start this time, as RAUC tells them in JSON; none where that cannot be read."""
    try:
        slots = [slot for named in json.loads(status)["slots"] for slot in named.values()]
        return [slot for slot in slots if slot["state"] != "booted"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


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
    found = image_version(os_release)
    if found is None:
        raise TacetError("This machine does not run from an image, so there is nothing to update.")
    return found


def compatible_with(system_conf: Path = SYSTEM_CONF) -> str:
    """The board that this image is for, as bundles name it."""
    found = re.search(r"^compatible=(\S+)$", system_conf.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise TacetError("This machine does not run from an image, so there is nothing to update.")
    return found[1]


def _version_of(info: str) -> str:
    try:
        return str(json.loads(info)["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise TacetError("The bundle does not say its version. Fetch it again.") from error


def ordered(version: str) -> tuple[int, ...]:
    numbers = re.findall(r"\d+", version)
    if not numbers:
        raise TacetError(f"The version {version} cannot be compared. Fetch the bundle again.")
    return tuple(int(number) for number in numbers)


def refuse_during_a_session(run: Run) -> None:
    """Raises SessionGoesOn."""
    doing = run(["systemctl", "show", "-P", "StatusText", "tacet-recorder.service"]).strip()
    if doing not in {"ready", "not ready", ""}:
        raise SessionGoesOn(f"A session is going on ({doing}). Update when it is over; nothing was changed.")


def _install(args: argparse.Namespace) -> int:
    if not args.bundle.is_file():
        raise TacetError(f"There is no {args.bundle}. If it is on a stick, plug the stick in.")
    version = install(args.bundle, running_version(), run_program)
    print(f"Version {version} is in the other slot and starts next time; if it does not work, this one is back.")
    return 0


def _look(args: argparse.Namespace) -> int:
    for sentence in look(args.sticks, running_version(), run_program):
        print(sentence)
    return 0


def _take(args: argparse.Namespace) -> int:
    from tacet.updating.outcome import OutcomeFiles  # noqa: PLC0415  of updates from a server alone
    from tacet.updating.taking import take  # noqa: PLC0415  same

    print(take(args.offered, running_version(), run_program, OutcomeFiles()))
    return 0


def _follow(args: argparse.Namespace) -> int:
    from tacet.settings import load_settings  # noqa: PLC0415  the other commands need no settings
    from tacet.updating.scheduled import ThisBox, follow  # noqa: PLC0415  same

    settings = load_settings(args.config)
    if not settings.update.server:
        print("No server for updates is named. Write `server` into the section [update] of the configuration.")
        return 0
    box = ThisBox(settings.app.data_dir, running_version(), compatible_with())
    return follow(box, settings.update, settings.app.run_dir)


def _confirm(_: argparse.Namespace) -> int:
    confirm_patiently(run_program, lambda: time.sleep(CONFIRM_EVERY_S))
    write_private(KEPT_FILE, f"{running_version()}\n".encode())
    return 0


def _give_back(_: argparse.Namespace) -> int:
    kept = KEPT_FILE.read_text(encoding="utf-8").strip() if KEPT_FILE.exists() else None
    stays = give_back(running_version(), kept, run_program)
    print(stays or "This version does not work here. The box starts again with the one before.")
    return 0
