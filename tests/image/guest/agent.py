"""Runs as root inside of the started box, from a disk that the test plugs in, and does what the test says.

Lines of JSON over a serial line. Asked {"id": 1, "run": [program, ...], "within_s": 60} it answers
{"id": 1, "code": 0, "out": "..."}; asked
{"follow": "/run/tacet/recorder.sock"} it passes on each line of that socket as {"said": "..."} until the test says
{"follow": null}. The image knows nothing of it: systemd takes its unit from the machine's firmware tables.
"""

import contextlib
import json
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

PORT = Path("/dev/virtio-ports/tacet.test")


class Agent:
    def __init__(self) -> None:
        self._line = PORT.open("r+b", buffering=0)
        self._telling = threading.Lock()
        self._following: socket.socket | None = None

    def serve(self) -> None:
        self._tell({"hello": "box"})
        pending = b""
        while True:
            arrived = self._line.read(65536)
            if not arrived:  # nobody is at the other end, as between two starts from one moment
                time.sleep(0.1)
                continue
            pending += arrived
            *lines, pending = pending.split(b"\n")
            for line in lines:
                self.obey(json.loads(line))

    def close(self) -> None:
        self._line.close()

    def obey(self, asked: dict[str, Any]) -> None:
        if "follow" in asked:
            self._follow(asked["follow"])
            self._answer(asked, 0, "")
            return
        try:
            done = subprocess.run(
                asked["run"],
                input=asked.get("given", ""),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=asked.get("within_s", 120),
            )
            self._answer(asked, done.returncode, done.stdout + done.stderr)
        except subprocess.TimeoutExpired:
            self._answer(asked, 124, "timed out")
        except OSError as error:
            self._answer(asked, 127, str(error))

    def _answer(self, asked: dict[str, Any], code: int, out: str) -> None:
        self._tell({"id": asked["id"], "code": code, "out": out})

    def _follow(self, path: str | None) -> None:
        if self._following is not None:
            with contextlib.suppress(OSError):
                self._following.shutdown(socket.SHUT_RDWR)
            self._following = None
        if path is not None:
            self._following = socket.socket(socket.AF_UNIX)
            self._following.connect(path)
            threading.Thread(target=self._pass_on, args=(self._following,), daemon=True).start()

    def _pass_on(self, source: socket.socket) -> None:
        with source, source.makefile("r") as lines:
            for line in lines:
                self._tell({"said": line.strip()})

    def _tell(self, what: dict[str, Any]) -> None:
        content = json.dumps(what).encode() + b"\n"
        with self._telling:
            while content:
                content = content[self._line.write(content) :]


if __name__ == "__main__":
    Agent().serve()
