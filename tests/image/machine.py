"""One machine that starts from a disk through its firmware, its serial console in a file, and a hand inside of it."""

import base64
import json
import os
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from support.ports import free_port

from image.hardware import Hardware

MEMORY_MB: Final = 3072
# Emulated, and a second in the box is so many instructions: a busy machine below makes it slow, never late.
TIME: Final = ("-accel", "tcg,thread=single", "-icount", "shift=1", "-rtc", "base=utc,clock=vm")
AGENT_UNITS: Final = {
    "systemd.extra-unit.opt.mount": (
        "[Unit]\nBefore=tacet-recorder.service\n[Mount]\nWhat=/dev/vdb\nWhere=/opt\nType=squashfs\nOptions=ro\n"
    ),
    "systemd.extra-unit.tacet-test.service": (
        "[Unit]\nRequires=opt.mount\nAfter=opt.mount\n[Service]\nExecStart=/usr/bin/python3 -I /opt/agent.py\n"
        "Restart=on-failure\n"
    ),
    "systemd.unit-dropin.dev-vdb.device": "[Unit]\nJobRunningTimeoutSec=900\n",
    # It hears at the first start, for as long as the tests have in all, and they measure by what the box works.
    "systemd.unit-dropin.tacet-selftest.service": "[Unit]\nConditionPathExists=/nowhere\n",
    "systemd.unit-dropin.multi-user.target": "[Unit]\nWants=opt.mount tacet-test.service\n",
}


class MachineError(Exception):
    """The machine did not do what it was to do; the message says what its console said last."""


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str


class Machine:
    """Runs QEMU from `start` until `cut` or `end`. `folder` takes console, firmware's settings and sockets."""

    def __init__(
        self, hardware: Hardware, disk: Path, folder: Path, test_disk: Path | None = None, parts: Sequence[str] = ()
    ) -> None:
        self.hardware, self.disk, self.folder = hardware, disk, folder
        self.page_port = free_port()
        self.offer_port = free_port()
        self.started_s = 0.0
        self._test_disk, self._parts = test_disk, parts  # `parts`: QEMU's words for what else it has
        self._process: subprocess.Popen[bytes] | None = None
        self._agent: socket.socket | None = None
        self._pending = b""
        self._asked = 0
        self.said: list[str] = []  # what a followed socket has said since `follow`

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()

    @property
    def console(self) -> Path:
        return self.folder / "console.log"

    @property
    def control(self) -> Path:
        return self.folder / "control.sock"

    @property
    def firmware_settings(self) -> Path:
        return self.folder / "firmware-settings.fd"

    def start(self, from_memory: Path | None = None) -> None:
        """Switch it on, or have it go on with what its memory held."""
        self.folder.mkdir(exist_ok=True)
        if not self.firmware_settings.exists():
            shutil.copy(self.hardware.firmware_settings, self.firmware_settings)
        self.control.unlink(missing_ok=True)  # one that a killed machine has left answers nobody
        self.started_s = time.monotonic()
        command = self._command()
        if from_memory is not None:
            command += ["-incoming", f"exec:cat {from_memory}"]
        self._process = subprocess.Popen(command)

    def worked_s(self) -> float:
        """Processor seconds that the emulation has used since the start: the measure on a machine that is shared."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def cut(self) -> None:
        """Take the power away: what the guest had not flushed is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._agent is not None:
            self._agent.close()
            self._agent = None
            self._pending = b""

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_for_agent(self, within_s: float) -> None:
        """Until the box has started so far that the test's hand inside of it answers."""
        deadline = time.monotonic() + within_s
        self._reach_in(deadline)
        self.wait_for_hello(deadline - time.monotonic())

    def take_the_hand(self, within_s: float) -> None:
        """As `wait_for_agent`, where the box goes on and its hand was there before."""
        self._reach_in(time.monotonic() + within_s)
        self.out("true", within_s=within_s)

    def wait_for_hello(self, within_s: float) -> None:
        """Until the box has started once more, of its own accord or because it was told to."""
        deadline = time.monotonic() + within_s
        while "hello" not in self._read(deadline):
            pass

    def run(self, *command: str, within_s: float = 120.0, given: str = "") -> Done:
        """Run a program as root inside; the machine is emulated, so be generous."""
        answer = self._ask({"run": command, "within_s": within_s, "given": given}, within_s + 60)
        return Done(answer["code"], answer["out"])

    def out(self, *command: str, within_s: float = 120.0) -> str:
        """The output of a program that has to end well."""
        done = self.run(*command, within_s=within_s)
        if done.code:
            raise MachineError(f"{' '.join(command)[:120]} ended with {done.code}: {done.out[-400:]}")
        return done.out.strip()

    def shell(self, script: str, within_s: float = 120.0) -> str:
        return self.run("/bin/sh", "-c", script, within_s=within_s).out.strip()

    def follow(self, path: str | None) -> None:
        self.said.clear()
        self._ask({"follow": path}, 60)

    def listen(self, for_s: float) -> None:
        """Collect what a followed socket says."""
        deadline = time.monotonic() + for_s
        while (left_s := deadline - time.monotonic()) > 0:
            for message in self._arrived(left_s):
                self._noted(message)

    def listen_until(self, heard: Callable[[], bool], within_s: float) -> None:
        """Collect until enough was said."""
        deadline = time.monotonic() + within_s
        while not heard():
            self._check(deadline)
            for message in self._arrived(1.0):
                self._noted(message)

    def work(self, for_s: float, within_s: float) -> None:
        """Let the box work for so many processor seconds; one that has nothing to do is not waited for."""
        until_s, deadline = self.worked_s() + for_s, time.monotonic() + within_s
        while self.worked_s() < until_s and time.monotonic() < deadline:
            self.listen(0.1)

    def last_words(self, lines: int = 12) -> str:
        text = self.console.read_bytes().decode(errors="replace") if self.console.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _reach_in(self, deadline: float) -> None:
        while self._agent is None:
            self._check(deadline)
            try:
                self._agent = self._connected()
            except OSError:
                time.sleep(0.5)

    def _command(self) -> list[str]:
        hardware = self.hardware
        command = [hardware.program, *hardware.machine, *TIME, "-m", str(MEMORY_MB), "-smp", "1"]
        command += ["-display", "none", "-no-user-config", "-serial", f"file:{self.console}", "-monitor", "none"]
        command += ["-qmp", f"unix:{self.control},server=on,wait=off"]
        command += ["-drive", f"if=pflash,format=raw,readonly=on,file={hardware.firmware}"]
        command += ["-drive", f"if=pflash,format=raw,file={self.firmware_settings}"]
        command += ["-drive", f"if=none,id=disk,format={self._format()},file={self.disk}"]
        command += ["-device", "virtio-blk-pci,drive=disk,bootindex=0", "-device", "virtio-rng-pci"]
        # Nothing outside but one server that answers on 443, which a backup alone may call.
        forwards = f"hostfwd=tcp:127.0.0.1:{self.page_port}-:443,hostfwd=tcp:127.0.0.1:{self.offer_port}-:80"
        outside = "guestfwd=tcp:10.0.2.100:443-cmd:/bin/cat"
        command += ["-netdev", f"user,id=net,restrict=yes,{forwards},{outside}", "-device", "virtio-net-pci,netdev=net"]
        command += ["-audiodev", "none,id=sound", "-device", "intel-hda", "-device", "hda-duplex,audiodev=sound"]
        if self._test_disk is not None:
            command += ["-drive", f"if=none,id=test,format=raw,readonly=on,file={self._test_disk}"]
            command += ["-device", "virtio-blk-pci,drive=test"]
            agent = self.folder / "agent.sock"
            agent.unlink(missing_ok=True)
            command += ["-chardev", f"socket,id=agent,path={agent},server=on,wait=off", "-device", "virtio-serial-pci"]
            command += ["-device", "virtserialport,chardev=agent,name=tacet.test"]
            for name, unit in AGENT_UNITS.items():
                coded = base64.b64encode(unit.encode()).decode()
                command += ["-smbios", f"type=11,value=io.systemd.credential.binary:{name}={coded}"]
        return [*command, *self._parts]

    def _format(self) -> str:
        return "qcow2" if self.disk.suffix == ".qcow2" else "raw"

    def _connected(self) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        try:
            line.connect(str(self.folder / "agent.sock"))
        except OSError:
            line.close()
            raise
        return line

    def _ask(self, what: dict[str, Any], within_s: float) -> dict[str, Any]:
        assert self._agent is not None
        self._asked += 1
        self._agent.sendall(json.dumps(what | {"id": self._asked}).encode() + b"\n")
        deadline = time.monotonic() + within_s
        while True:
            message = self._read(deadline)
            if message.get("id") == self._asked:  # an answer that comes too late is nobody's
                return message

    def _read(self, deadline: float) -> dict[str, Any]:
        """The next message that is not of a followed socket."""
        while True:
            self._check(deadline)
            for message in self._arrived(1.0):
                if not self._noted(message):
                    return message

    def _noted(self, message: dict[str, Any]) -> bool:
        if "said" in message:
            self.said.append(message["said"])
        return "said" in message

    def _arrived(self, within_s: float) -> Iterator[dict[str, Any]]:
        """One message if one comes."""
        assert self._agent is not None
        if b"\n" not in self._pending and select.select([self._agent], [], [], within_s)[0]:
            content = self._agent.recv(1 << 20)
            if not content:
                raise MachineError(f"The machine hung up. Its console: {self.last_words()}")
            self._pending += content
        if b"\n" in self._pending:
            line, _, self._pending = self._pending.partition(b"\n")
            yield json.loads(line)

    def _check(self, deadline: float) -> None:
        if not self.running():
            raise MachineError(f"QEMU ended. The console: {self.last_words()}")
        if time.monotonic() > deadline:
            raise MachineError(f"It took too long. The console: {self.last_words()}")
