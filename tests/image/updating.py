"""Updates in the box: what is refused, what is taken, and which version runs afterwards."""

import random
import re
from dataclasses import dataclass
from typing import Final

from image.lab import Progress
from image.machine import Done, Machine, MachineError
from image.moments import Moment, go_on
from image.outside import NOT_MENDED, opened, slot_that_starts
from image.page import wait_for_page

INSTALLS_WITHIN_S: Final = 900.0
RETURNS_WITHIN_S: Final = 1800.0
HEALTHY_TRIES: Final = 240
NEWER_BUNDLE: Final = "newer"
PAST_THE_END: Final = 1.1
SLOTS: Final = {"A": "root-a", "B": "root-b"}


@dataclass(frozen=True, slots=True)
class Running:
    """What the box has started from."""

    version: str
    slot: str
    boot_id: str


def running(box: Machine) -> Running:
    version = box.out("sed", "-n", "s/^IMAGE_VERSION=//p", "/usr/lib/os-release")
    slot = re.search(r"rauc\.slot=([AB])", box.out("cat", "/proc/cmdline"))
    if slot is None:
        raise MachineError("The boot loader did not say which slot it started.")
    return Running(version, slot[1], box.out("cat", "/proc/sys/kernel/random/boot_id"))


@dataclass(frozen=True, slots=True)
class Installing:
    """An installation that is done again and again."""

    moment: Moment  # before it
    whole: dict[str, str]  # the digest of each slot after it
    work_s: float  # processor seconds that it takes


@dataclass(frozen=True, slots=True)
class Cut:
    """What a power cut during an installation left: the slot that starts next, and whether it can."""

    slot: str
    whole: bool  # byte for byte the version before or the new one
    disk_mended: bool
    started: bool | None  # to its page; None where it was not tried

    @property
    def bootable(self) -> bool:
        return self.whole and self.disk_mended and self.started is not False


def digests(box: Machine) -> dict[str, str]:
    """Of both slots of a box without power."""
    with opened(box.disk) as disk:
        return {slot: disk.digest(name) for slot, name in SLOTS.items()}


def wait_until_kept(box: Machine) -> None:
    """Until the box has found that its version works."""
    for _ in range(HEALTHY_TRIES):
        said = box.out("systemctl", "show", "-P", "ActiveState", "tacet-healthy.service")
        if said == "active":
            return
        box.listen(3.0)
    raise MachineError(f"This version was not kept: {box.shell('systemctl status tacet-healthy.service | tail -5')}")


def install(box: Machine, bundle: str) -> Done:
    return box.run("tacet", "update", "install", f"/opt/{bundle}.raucb", within_s=INSTALLS_WITHIN_S)


def install_measured(box: Machine) -> tuple[Done, float]:
    """Install the newer version and give the processor seconds that it took."""
    before_s = box.worked_s()
    return install(box, NEWER_BUNDLE), box.worked_s() - before_s


def is_left_on_a_stick(box: Machine, bundle: str) -> bool:
    """Whether the box knows this bundle as one that it gave up, when it is found on a stick after that."""
    box.run("mkdir", "-p", "/run/sticks/one")
    box.run("ln", "-s", f"/opt/{bundle}.raucb", "/run/sticks/one/")
    looked = box.run("tacet", "update", "look", "--sticks", "/run/sticks", within_s=INSTALLS_WITHIN_S)
    return looked.code == 0 and "was tried on this box" in looked.out


def start_again(box: Machine) -> None:
    """As somebody does who takes the plug out, but properly: the new slot starts."""
    box.run("systemctl", "reboot")
    box.wait_for_hello(RETURNS_WITHIN_S)


def wait_for_version(box: Machine, version: str) -> int:
    """How many more starts it takes until this version runs."""
    starts = 0
    while running(box).version != version:
        starts += 1
        box.wait_for_hello(RETURNS_WITHIN_S)
    return starts


def cut_during_install(box: Machine, installing: Installing, rounds: int, seed: int, progress: Progress) -> list[Cut]:
    """From the same moment each time: cut the power during an installation, look at the disk from outside.

    The cuts are spread from its beginning to a little after its end. The first and the last one, and the first
    that lets the new version start, are followed by a start to the page.
    """
    dice, done = random.Random(seed), list[Cut]()
    for number in range(rounds):
        progress(f"cut {number + 1} of {rounds}")
        go_on(box, installing.moment)
        box.run("systemd-run", "--no-block", "/usr/bin/tacet", "update", "install", f"/opt/{NEWER_BUNDLE}.raucb")
        box.work((number + dice.random()) / rounds * installing.work_s * PAST_THE_END, INSTALLS_WITHIN_S)
        box.cut()
        with opened(box.disk) as disk:
            mended = disk.mend() < NOT_MENDED
            slot = slot_that_starts(disk.environment())
            is_whole = disk.digest(SLOTS[slot]) == installing.whole[slot]
        tried = number in {0, rounds - 1} or (slot == "B" and all(cut.slot == "A" for cut in done))
        done.append(Cut(slot, is_whole, mended, _starts(box) if tried else None))
    box.cut()
    return done


def _starts(box: Machine) -> bool:
    try:
        box.start()
        wait_for_page(box)
        box.wait_for_agent(INSTALLS_WITHIN_S)
    except MachineError:
        return False
    return True
