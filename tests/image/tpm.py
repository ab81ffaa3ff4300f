"""A box with a TPM2 (swtpm): its data partition is encrypted, opened by that TPM, and by the recovery key elsewhere."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image.control import Control
from image.lab import TACET_TOML, Lab, Progress
from image.machine import Machine, MachineError
from image.page import Seen, wait_for_page

ASKED: Final = "does not open the data partition. Type the disk's recovery key"
TYPING: Final = "Enter passphrase for"
LISTENS_WITHIN_S: Final = 60.0
DATA: Final = "/dev/vda4"
RECOVERY_KEY: Final = "/data/tacet/identity/disk-recovery-key"


@dataclass(frozen=True, slots=True)
class Held:
    """What a running box says of its data partition."""

    kind: str  # what stands on the partition
    mounted: str
    seals: int  # to a TPM
    recovery_keys: int
    other_keys: int
    machine_id: str

    @property
    def sealed(self) -> bool:
        """Nothing but this TPM and the recovery key opens it."""
        keys = (self.seals, self.recovery_keys, self.other_keys)
        return (self.kind, self.mounted, keys) == ("crypto_LUKS", "/dev/mapper/tacet-data", (1, 1, 0))


@dataclass(frozen=True, slots=True)
class Lived:
    """A box with a TPM, through its first start, a second one, another TPM, and a start after that."""

    first: Held
    second: Held
    other_tpm: Held
    last: Held
    pages: tuple[Seen, ...]
    asked_uncalled: bool  # for the recovery key, where the TPM should have opened it


def lived(lab: Lab, progress: Progress) -> Lived:
    folder = lab.folder / "tpm"
    folder.mkdir()
    parts = ["-chardev", f"socket,id=tpm,path={folder}/tpm.sock", "-tpmdev", "emulator,id=tpm0,chardev=tpm"]
    parts += ["-device", f"{lab.hardware.tpm},tpmdev=tpm0", "-device", "qemu-xhci", "-device", "usb-kbd"]
    with tpm(folder, "one"):
        progress("first start with a TPM")
        box = lab.box("tpm", TACET_TOML, parts=parts)
        first = held(box)
        pages = [lab.first_seen("tpm")]
        recovery_key = box.out("cat", RECOVERY_KEY)
        box.run("sync")
        box.cut()
        progress("the same TPM again")
        pages.append(_started(box))
        second = held(box)
        uncalled = _was_asked(box)
        box.cut()
    with tpm(folder, "two"):
        progress("another TPM, the recovery key typed")
        box.start()
        _type_when_asked(box, recovery_key)
        pages.append(_reached(box))
        other_tpm = held(box)
        box.run("sync")
        box.cut()
        progress("that TPM again")
        pages.append(_started(box))
        last = held(box)
        uncalled = uncalled or _was_asked(box)
        box.cut()
    return Lived(first, second, other_tpm, last, tuple(pages), uncalled)


@contextmanager
def tpm(folder: Path, name: str) -> Iterator[None]:
    """A TPM2 of its own state, for as long as the block lasts."""
    state, sock = folder / name, folder / "tpm.sock"
    state.mkdir()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={sock}"]
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + LISTENS_WITHIN_S
            while not sock.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise MachineError("swtpm does not start.")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
    sock.unlink(missing_ok=True)


def held(box: Machine) -> Held:
    header = box.shell(f"cryptsetup luksDump {DATA}")
    keyslots, _, tokens = header.partition("Tokens:")
    seals, recovery = tokens.count(": systemd-tpm2"), tokens.count(": systemd-recovery")
    return Held(
        kind=box.shell(f"blkid -p -s TYPE -o value {DATA}"),
        mounted=box.out("findmnt", "-no", "SOURCE", "/data"),
        seals=seals,
        recovery_keys=recovery,
        other_keys=keyslots.count(": luks2") - seals - recovery,
        machine_id=box.out("cat", "/data/machine-id"),
    )


def _started(box: Machine) -> Seen:
    box.start()
    return _reached(box)


def _reached(box: Machine) -> Seen:
    seen = wait_for_page(box)
    box.wait_for_agent(box.hardware.page_within_s)
    return seen


def _was_asked(box: Machine) -> bool:
    return ASKED in _console(box)


def _type_when_asked(box: Machine, recovery_key: str) -> None:
    """On the keyboard, at the screen; the serial line, which is asked as well, tells when."""
    deadline = time.monotonic() + box.hardware.page_within_s
    while ASKED not in _console(box) or TYPING not in _console(box).rpartition(ASKED)[2]:
        if not box.running() or time.monotonic() > deadline:
            raise MachineError(f"Nobody was asked for the recovery key. The console: {box.last_words()}")
        time.sleep(1.0)
    time.sleep(5.0)  # until the screen listens as the serial line does; it takes what comes later
    with Control(box) as control:
        control.type(recovery_key)


def _console(box: Machine) -> str:
    return box.console.read_bytes().decode(errors="replace") if box.console.exists() else ""
