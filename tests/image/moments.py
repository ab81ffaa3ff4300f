"""A box as it stood at one moment, from which it goes on as often as the test wants: a power cut then costs seconds.

QEMU writes the machine's memory into a file and ends; its disk stays as it is below a new layer for each time that the
box goes on.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from image.control import ANSWERS_WITHIN_S, Control
from image.machine import Machine


@dataclass(frozen=True, slots=True)
class Moment:
    """Nobody writes to these files any more."""

    memory: Path
    disk: Path
    firmware_settings: Path


def keep(box: Machine) -> Moment:
    """Stop the box where it is; `go_on` has it go on from there."""
    number = sum(1 for _ in box.folder.glob("*.memory"))
    disk = box.folder / f"{number}{box.disk.suffix}"
    moment = Moment(box.folder / f"{number}.memory", disk, box.folder / f"{number}.firmware-settings.fd")
    with Control(box) as control:
        control.ask("stop")
        control.ask("migrate", uri=f"exec:cat >{moment.memory}")
        control.wait_until_written()
    box.cut()
    box.disk.rename(disk)
    shutil.copy(box.firmware_settings, moment.firmware_settings)
    return moment


def go_on(box: Machine, moment: Moment) -> None:
    """Forget what the box did since, and have it go on from that moment."""
    box.cut()
    box.disk = layer_above(moment.disk, box.folder / "since.qcow2")
    shutil.copy(moment.firmware_settings, box.firmware_settings)
    box.start(from_memory=moment.memory)
    with Control(box) as control:
        control.wait_until_read()
        control.ask("cont")
    box.take_the_hand(ANSWERS_WITHIN_S)


def layer_above(disk: Path, layer: Path) -> Path:
    """A disk with the content of another one, which stays as it is."""
    layer.unlink(missing_ok=True)
    below = "qcow2" if disk.suffix == ".qcow2" else "raw"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(disk), "-F", below, str(layer)]
    subprocess.run(command, check=True)
    return layer
