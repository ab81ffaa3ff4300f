"""A real recorder in a process of its own, with a simulated panel, in a temporary folder."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.waiting import wait_until

from firmware.settings import RecorderSettings
from firmware.status import BoxState, BoxStatus
from firmware.tape import TapeReader, list_tapes, open_session_key, read_head

_PATIENCE_MS = 10_000  # a machine too busy to play a file in time has lost no microphone
_PROGRAM = """
import sys
from firmware.__main__ import main
from firmware.settings import RecorderSettings
sys.exit(main(RecorderSettings.model_validate_json(sys.stdin.read())))
"""


class LineClient:
    """Collects the JSON lines that a Unix socket sends, and sends some."""

    def __init__(self, path: Path) -> None:
        self.lines: list[dict[str, Any]] = []
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, message: Mapping[str, object]) -> None:
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def _read(self) -> None:
        with self._socket.makefile("rb") as file:
            try:
                for line in file:
                    self.lines.append(json.loads(line))
            except OSError:
                return


class RecorderProcess:
    """Use as a context; leaving kills what still runs.

    `folder` has a short path, for the sockets in it. Settings beyond those of a small, quick box are passed on.
    `prelude` is Python that the process runs first: a slow disk, a clock that jumps.
    """

    def __init__(
        self, folder: Path, *, environment: Mapping[str, str] | None = None, prelude: str = "", **settings: object
    ) -> None:
        quick: dict[str, object] = {"panel": "simulated", "silence_allowed": True, "min_free_hours": 0.01}
        if settings.get("microphone") == "file":
            quick["block_timeout_ms"] = _PATIENCE_MS
        chosen = {"data_dir": folder / "data", "run_dir": folder / "run"} | quick | settings
        self.settings = RecorderSettings.model_validate(chosen)
        self.private_key = X25519PrivateKey.generate()
        self._folder = folder
        self._environment = environment
        self._prelude = prelude
        self._process: subprocess.Popen[str] | None = None
        self._status: LineClient | None = None
        self._panel: LineClient | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Returns when the recorder talks. Fails with what it said when it ends instead."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._prelude + _PROGRAM],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env=self._environment,
        )
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(self.settings.model_dump_json())
            self._process.stdin.close()
            self._status = self._connect("recorder.sock")
            if self.settings.panel == "simulated":
                self._panel = self._connect("panel.sock")
            wait_until(lambda: self.statuses and (self._panel is None or self.lamps), 60, "for its first words")
        except BaseException:
            self.kill()
            raise

    def kill(self, how: signal.Signals = signal.SIGKILL) -> str:
        """Ends it at once, as a crash or the kernel would; returns what was said on standard error."""
        if self._process is None:
            return ""
        self._process.send_signal(how)
        return self._end()[1]

    def terminate(self) -> tuple[int, str]:
        """SIGTERM, as the system's stop would; returns the exit status, and what libraries wrote to standard error."""
        assert self._process is not None
        self._process.terminate()
        status, said = self._end()
        return status, "".join(line for line in said.splitlines(keepends=True) if not line.startswith("recorder: "))

    @property
    def statuses(self) -> list[BoxStatus]:
        """Everything that was told since the start."""
        assert self._status is not None
        return [BoxStatus.model_validate(line) for line in list(self._status.lines)]

    @property
    def status(self) -> BoxStatus:
        assert self._status is not None
        return BoxStatus.model_validate(self._status.lines[-1])

    @property
    def lamps(self) -> list[tuple[bool, bool]]:
        """The levels of red and green since the start, as often as any pin has changed."""
        assert self._panel is not None
        return [(line["red"], line["green"]) for line in list(self._panel.lines)]

    def wait_for(self, condition: Callable[[BoxStatus], object], timeout_s: float = 60.0) -> BoxStatus:
        """The first status that meets the condition; fails with the last one when none does in time."""
        deadline_s = time.monotonic() + timeout_s
        while not condition(status := self.status):
            assert time.monotonic() < deadline_s, f"waited {timeout_s} s in vain, the last status was {status}"
            time.sleep(0.005)
        return status

    def wait_for_state(self, state: BoxState, timeout_s: float = 60.0) -> BoxStatus:
        return self.wait_for(lambda status: status.state is state, timeout_s)

    def command(self, **message: object) -> None:
        assert self._status is not None
        self._status.send(message)

    def prepare(self) -> None:
        """Hands the recorder this object's public key and waits until it is ready."""
        self.command(command="prepare", public_key=self.private_key.public_key().public_bytes_raw().hex())
        self.wait_for_state(BoxState.READY)

    def press(self, held_s: float = 0.1) -> None:
        assert self._panel is not None
        self._panel.send({"button": "press"})
        time.sleep(held_s)
        self._panel.send({"button": "release"})

    def hold(self) -> None:
        self.press(2.2)

    @property
    def tapes(self) -> list[Path]:
        return list_tapes(self.settings.data_dir / "tapes")

    def read_tape(self, folder: Path | None = None) -> TapeReader:
        """The only tape, or the one in `folder`, opened with the private key that the recorder never had."""
        if folder is None:
            (folder,) = self.tapes
        return TapeReader(folder, open_session_key(read_head(folder), self.private_key.private_bytes_raw()))

    def _connect(self, name: str) -> LineClient:
        assert self._process is not None
        deadline_s = time.monotonic() + 60
        while True:
            try:
                return LineClient(self.settings.run_dir / name)
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > deadline_s:
                    raise AssertionError(self._end()) from error
            time.sleep(0.01)

    def _end(self) -> tuple[int, str]:
        assert self._process is not None
        assert self._process.stderr is not None
        exit_status = self._process.wait(20)
        said = self._process.stderr.read()
        self._process.stderr.close()
        self._process = None
        for client in (self._status, self._panel):
            if client is not None:
                client.close()
        self._status = self._panel = None
        return exit_status, said
