"""QEMU's own door (QMP): stop and go on, write the memory, press keys."""

import json
import socket
import time
from typing import Any, Final, Self

from image.machine import Machine, MachineError

KEPT_WITHIN_S: Final = 300.0
ANSWERS_WITHIN_S: Final = 120.0
KEYS: Final = {"-": "minus", "\n": "ret"}


class Control:
    """Open as long as the `with` block lasts."""

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

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
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

    def type(self, text: str) -> None:
        """On the machine's keyboard: small letters and hyphens, then Enter."""
        for sign in [*text, "\n"]:
            key = {"type": "qcode", "data": KEYS.get(sign, sign)}
            self.ask("send-key", keys=[key])
