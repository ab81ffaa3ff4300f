"""Power cuts: QEMU is killed, so that the guest loses what it had not flushed to its disk."""

import base64
import io
import json
import random
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from app.vault.vault import Vault
from firmware.tape import TapeError, TapeReader, read_head
from image.lab import Progress
from image.machine import BESIDE_THE_RECORDER, Machine, MachineError
from image.page import wait_for_page
from image.visiting import PASSPHRASE, RECORDER, press, wait_for_state

SHORTEST_S, LONGEST_S = 3.0, 15.0
STARTS_WITHIN_S = 900.0


@dataclass(slots=True)
class Cuts:
    """What the box had said of each session when its power went."""

    sealed: dict[str, int] = field(default_factory=dict)  # by session, the samples that it said were safe
    unbootable: int = 0


def cut_while_recording(box: Machine, rounds: int, seed: int, progress: Progress) -> Cuts:
    """Record, take the power away at a random moment, start again; leaves the box running.

    Emulated, the page takes minutes to come and the recorder does without it: the box starts to its page after the
    last cut, and to its recorder alone after the others.
    """
    dice, cuts = random.Random(seed), Cuts()
    for number in range(rounds):
        progress(f"cut {number + 1} of {rounds}")
        wait_for_state(box, "ready", tries=150)
        press(box)
        wait_for_state(box, "recording")
        box.follow(RECORDER)
        box.listen(dice.uniform(SHORTEST_S, LONGEST_S))
        box.cut()
        session, samples = last_acknowledged(box.said)
        cuts.sealed[session] = samples
        if not _starts(box, whole=number == rounds - 1):
            cuts.unbootable += 1
            break
    return cuts


def lost(box: Machine, folder: Path, cuts: Cuts) -> dict[str, str]:
    """What of each acknowledged session is not there, by session; opened with the therapist's passphrase."""
    wait_for_state(box, "ready", tries=150)
    packed = box.out("/bin/sh", "-c", "tar -C /var/lib/tacet -c tapes vaults | base64 -w0", within_s=600)
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(packed))) as archive:
        archive.extractall(folder, filter="data")
    (vault_folder,) = (path.parent for path in (folder / "vaults").rglob("account.json"))
    vault = Vault.unlock(vault_folder, PASSPHRASE)
    try:
        found = {
            session: _missing(vault, folder / "tapes" / session, samples) for session, samples in cuts.sealed.items()
        }
    finally:
        vault.lock()
    return {session: what for session, what in found.items() if what}


def _missing(vault: Vault, tape: Path, samples: int) -> str:
    try:
        head = read_head(tape)
        reader = TapeReader(tape, vault.session_key(head.session_id) or vault.open_tape_key(head))
        reader.verify()
    except (TapeError, OSError) as error:
        return f"cannot be read: {error}"
    kept = reader.samples - reader.gap_samples
    return "" if kept >= samples else f"{samples - kept} of {samples} samples"


def last_acknowledged(said: list[str]) -> tuple[str, int]:
    statuses = [json.loads(line) for line in said if line.endswith("}")]
    recording = [status for status in statuses if status["session_id"]]
    if not recording:
        raise MachineError("The recorder said nothing of its session before the cut.")
    return str(recording[-1]["session_id"]), int(recording[-1]["samples_sealed"])


def _starts(box: Machine, *, whole: bool) -> bool:
    box.start(resting=() if whole else BESIDE_THE_RECORDER)
    try:
        if whole:
            wait_for_page(box)
        box.wait_for_agent(box.hardware.page_within_s)
        box.out("/bin/sh", "-c", f"until test -S {RECORDER}; do sleep 1; done", within_s=STARTS_WITHIN_S)
    except MachineError:
        return False
    return True
