"""Tells every local client how the box is, and passes on what they ask for."""

from collections.abc import Callable, Hashable
from pathlib import Path

from firmware.line_server import LineServer
from firmware.status import BoxStatus, Command, decode_command, encode


class StatusServer:
    """The recorder's end of run_dir/recorder.sock. `publish` may be called from any thread and never waits."""

    def __init__(self, socket_path: Path, on_command: Callable[[Command], None]) -> None:
        self._on_command = on_command
        self._server = LineServer(socket_path, self._receive, mode=0o660)  # the app is of the folder's group

    def start(self, status: BoxStatus) -> None:
        """Listens until closed. Raises SocketUnusable."""
        self._server.start(encode(status))

    def publish(self, status: BoxStatus) -> None:
        self._server.publish(encode(status))

    def close(self) -> None:
        self._server.close()

    def _receive(self, _client: Hashable, line: bytes) -> None:
        command = decode_command(line)
        if command is not None:
            self._on_command(command)
