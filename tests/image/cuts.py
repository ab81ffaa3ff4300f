"""Power cuts while the box records: QEMU is killed, so that the guest loses what it had not written to its disk."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.vault.vault import Vault
from firmware.tape import TapeError, TapeReader, read_head
from image.lab import Progress
from image.machine import Machine, MachineError
from image.moments import Moment, go_on
from image.outside import NOT_MENDED, opened
from image.page import wait_for_page
from image.visiting import PASSPHRASE, RECORDER, SAMPLE_RATE_HZ, begin, last_acknowledged, sealed, wait_for_state

SHORTEST_S, LONGEST_S = 2.0, 10.0  # of sound that the box says is safe, before the cut
AFTER_S: Final = 2.0  # the cut comes at any moment within so long after that
SEALED_WITHIN_S: Final = 900.0


@dataclass(frozen=True, slots=True)
class Cut:
    """One power cut: what the box had said was safe, what of it is missing, and how the box and its disk took it."""

    acknowledged: int  # samples
    missing: str  # empty: nothing
    disk_mended: bool
    started: bool | None  # to its page; None where it was not tried


def cut_while_recording(box: Machine, moment: Moment, rounds: int, seed: int, progress: Progress) -> list[Cut]:
    """From the same moment each time: record, cut at a random moment, look at the disk from outside.

    The first and the last cut are followed by a start to the page.
    """
    dice, done = random.Random(seed), list[Cut]()
    for number in range(rounds):
        progress(f"cut {number + 1} of {rounds}")
        go_on(box, moment)
        session, acknowledged = _recorded(box, dice)
        box.cut()
        missing, mended = _judged(box, session, acknowledged, box.folder / f"cut-{number}")
        started = _starts(box) if number in {0, rounds - 1} else None
        done.append(Cut(acknowledged, missing, mended, started))
    box.cut()
    return done


def _recorded(box: Machine, dice: random.Random) -> tuple[str, int]:
    """Give the session and the samples that the box says are safe, at a random moment."""
    begin(box)
    box.follow(RECORDER)
    wanted = round(dice.uniform(SHORTEST_S, LONGEST_S) * SAMPLE_RATE_HZ)
    box.listen_until(lambda: sealed(box.said) >= wanted, SEALED_WITHIN_S)
    box.listen(dice.uniform(0, AFTER_S))
    return last_acknowledged(box.said)


def _judged(box: Machine, session: str, acknowledged: int, folder: Path) -> tuple[str, bool]:
    with opened(box.disk) as disk:
        mended = disk.mend() < NOT_MENDED
        for part in ("tapes", "vaults"):
            disk.take_out(f"/tacet/{part}", folder)
    (vault_folder,) = (path.parent for path in (folder / "vaults").rglob("account.json"))
    vault = Vault.unlock(vault_folder, PASSPHRASE)
    try:
        return _missing(vault, folder / "tapes" / session, acknowledged), mended
    finally:
        vault.lock()


def _missing(vault: Vault, tape: Path, samples: int) -> str:
    try:
        head = read_head(tape)
        reader = TapeReader(tape, vault.session_key(head.session_id) or vault.open_tape_key(head))
        reader.verify()
    except (TapeError, OSError) as error:
        return f"cannot be read: {error}"
    kept = reader.samples - reader.gap_samples
    return "" if kept >= samples else f"{samples - kept} of {samples} samples"


def _starts(box: Machine) -> bool:
    """From the disk as the cut left it, through the firmware, to the page and a recorder that is ready."""
    try:
        box.start()
        wait_for_page(box)
        box.wait_for_agent(box.hardware.page_within_s)
        wait_for_state(box, "ready", tries=150)
    except MachineError:
        return False
    return True
