"""A clinic's pool of real processes on this machine: a scheduler, workers with the real model, links of boxes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec
from support.demo_sound import MODELS_DIR

from app.authority import key_pem
from app.pool.authority import PoolAuthority
from app.pool.membership import KEY_FILE, REVOKED_FILE, Membership, Place, Role

STARTS_WITHIN_S = 240.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Process:
    """A `tacet pool` process; what it says goes to a file."""

    def __init__(self, said: Path, *arguments: str, inside: Sequence[str] = (), **environment: str) -> None:
        """`inside` is a program that runs it, such as one that leads into another network."""
        self.said = said
        self._inside = inside
        self._arguments = arguments
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, until: str = "") -> Self:
        """Start it, and wait until it has said `until`."""
        before = self.said.read_text().count(until) if until and self.said.exists() else 0
        with self.said.open("ab") as file:
            self._process = subprocess.Popen(
                [*self._inside, sys.executable, "-m", "tacet", "pool", *self._arguments],
                stderr=file,
                stdout=file,
                env=self._environment,
            )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while until and self.said.read_text().count(until) <= before:
            assert self._process.poll() is None, f"ended by itself: {self.said.read_text()}"
            assert time.monotonic() < deadline, f"did not say {until!r}: {self.said.read_text()}"
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Let it say nothing any more, with all its connections open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> int:
        """Wait until it ends by itself; give its exit code."""
        assert self._process is not None
        code = self._process.wait(timeout=STARTS_WITHIN_S)
        self._process = None
        return code

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=60)
            raise
        finally:
            self._process = None


class Pool:
    """Folders of all members, made without codes, and the processes. Ends what it started."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", model: str = "base", inside: Sequence[str] = ()) -> None:
        """`inside` as for a process; the links of boxes are outside of it."""
        self._inside = inside
        self.links = list[Process]()
        self.folder = folder
        self.host = host
        self.model = model
        self.place = Place("clinic", host, free_port(), free_port())
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = PoolAuthority.create(folder / "authority", "clinic")
        self.enrol("scheduler", Role.SCHEDULER)
        self._processes: list[Process] = []

    def enrol(self, name: str, role: Role) -> Membership:
        membership = Membership(self.folder / name)
        membership.keep(new_files(self.authority, name, role), self.place)
        return membership

    def revoke(self, name: str) -> None:
        self.authority.revoke(name)
        (self.folder / "scheduler" / REVOKED_FILE).write_bytes(self.authority.revoked_pem)

    def scheduler(self, **environment: str) -> Process:
        arguments = (
            "scheduler",
            "--folder",
            str(self.folder / "scheduler"),
            "--model",
            self.model,
            "--listen",
            self.host,
        )
        return self.process("scheduler", *arguments, inside=self._inside, **environment).start("serves boxes")

    def worker(self, name: str = "worker-1", *, threads: int = 1, offered: bool = True, **environment: str) -> Process:
        if not (self.folder / name).exists():
            self.enrol(name, Role.WORKER)
        arguments = ("worker", "--folder", str(self.folder / name), "--model", self.model, "--threads", str(threads))
        more = ("--models-dir", str(MODELS_DIR), "--listen", self.host)
        process = self.process(name, *arguments, *more, inside=self._inside, **environment)
        return process.start("offered to the pool" if offered else "")

    def link(self, name: str = "room-1", model: str = "base") -> Path:
        """Start a box's link, and give its socket."""
        if not (self.folder / name).exists():
            self.enrol(name, Role.BOX)
        run_dir = self.folder / f"{name}-run"
        run_dir.mkdir()
        config = run_dir / "tacet.toml"
        config.write_text(f'data_dir = "{run_dir}"\nrun_dir = "{run_dir}"\n[asr]\nmodel = "{model}"\n')
        self.process(f"{name}-link", "link", "--folder", str(self.folder / name), "--config", str(config)).start("asks")
        self.links.append(self._processes[-1])
        return run_dir / "pool.sock"

    def process(self, name: str, *arguments: str, inside: Sequence[str] = (), **environment: str) -> Process:
        one = Process(self.folder / f"{name}.log", *arguments, inside=inside, **environment)
        self._processes.append(one)
        return one

    def said(self) -> str:
        return "\n".join(one.read_text() for one in sorted(self.folder.glob("*.log")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in reversed(self._processes):
            one.kill()


def new_files(authority: PoolAuthority, name: str, role: Role) -> dict[str, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    return {KEY_FILE: key_pem(key), **authority.files_for(key.public_key(), name, role)}
