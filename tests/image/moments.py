"""A box as it stood at one moment, from which it goes on as often as the test wants: a power cut then costs seconds.

QEMU writes the machine's memory into a file and ends; its disk stays as it is below a new layer for each time that the
box goes on.
"""

import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from image.machine import Machine, MachineError

KEPT_WITHIN_S: Final = 300.0
ANSWERS_WITHIN_S: Final = 120.0


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
    with _control(box) as control:
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
    with _control(box) as control:
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


class _control:  # noqa: N801  a context manager that reads as a word
    """QEMU's own door (QMP)."""

    def __init__(self, box: Machine) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.settimeout(KEPT_WITHIN_S)
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        while self._line.connect_ex(str(box.control)):
            if time.monotonic() > deadline or not box.running():
                raise MachineError("QEMU does not answer.")
            time.sleep(0.1)
        self._answers = self._line.makefile("r")

    def __enter__(self) -> Self:
        self._answers.readline()
        self.ask("qmp_capabilities")
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._line.close()

    def ask(self, command: str, **arguments: str) -> dict[str, Any]:
        self._line.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        for line in self._answers:
            answer: dict[str, Any] = json.loads(line)
            if "error" in answer:
                raise MachineError(f"QEMU does not {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer
        raise MachineError(f"QEMU hung up at {command}.")

    def wait_until_read(self) -> None:
        while self.ask("query-status")["return"]["status"] == "inmigrate":
            time.sleep(0.2)

    def wait_until_written(self) -> None:
        while (state := self.ask("query-migrate")["return"].get("status")) != "completed":
            if state == "failed":
                raise MachineError("QEMU could not write the machine's memory.")
            time.sleep(0.2)
