"""Hands a bundle that was fetched to RAUC, once, and starts the box with it. Runs as root, without network."""

from pathlib import Path

from app.errors import TacetError
from tacet.update import Run, SessionGoesOn, install, refuse_during_a_session
from tacet.updating.outcome import Outcome, OutcomeFiles


def take(offered: Path, running: str, run: Run, files: OutcomeFiles) -> str:
    """Install the bundle that lies there, keep what became of it, and start the box again; say what was done.

    Raises:
        SessionGoesOn: Ask again; the bundle stays.
    """
    bundle = next(iter(sorted(offered.glob("*.raucb"))), None)
    if bundle is None:
        return "There is no update to install."
    known = files.read()
    if known is not None and known.bundle == bundle.name and not files.waits_for_its_start(bundle.name):
        return f"{bundle.name} was tried before, and is not tried again."
    if not files.waits_for_its_start(bundle.name):
        try:
            install(bundle, running, run)
        except SessionGoesOn:
            raise
        except TacetError as error:
            files.keep(Outcome(bundle.name, str(error)))
            return f"{bundle.name} was not taken: {error}"
        files.keep(Outcome(bundle.name, None))
    refuse_during_a_session(run)
    run(["systemctl", "reboot"])
    return f"{bundle.name} is in the other half of the disk; the box starts again with it."
