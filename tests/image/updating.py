"""Updates in the box: what is refused, what is taken, and which version runs afterwards."""

import random
import re
from dataclasses import dataclass
from typing import Final

from image.lab import Progress
from image.machine import Done, Machine, MachineError
from image.page import wait_for_page

INSTALLS_WITHIN_S: Final = 900.0
RETURNS_WITHIN_S: Final = 1800.0
HEALTHY_TRIES: Final = 120


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


def cut_during_install(box: Machine, bundle: str, rounds: int, seed: int, progress: Progress) -> int:
    """Take the power away at random moments of an installation; give how many times no page came back."""
    dice, unbootable = random.Random(seed), 0
    for number in range(rounds):
        progress(f"cut {number + 1} of {rounds}")
        box.run("systemd-run", "--no-block", "/usr/bin/tacet", "update", "install", f"/opt/{bundle}.raucb")
        box.listen(dice.uniform(2.0, 90.0))
        box.cut()
        box.start()
        try:
            wait_for_page(box)
            box.wait_for_agent(600)
        except MachineError:
            unbootable += 1
            break
    return unbootable
