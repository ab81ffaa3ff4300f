"""Lines of text to and from any number of local programs, over a Unix socket of this user or of its folder's group."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from firmware.errors import FirmwareError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable
    from pathlib import Path

_UNREAD_LIMIT_BYTES = 256 * 1024  # a client that leaves so much unread has stopped listening
_ANSWER_S = 5.0


class SocketUnusable(FirmwareError):
    """The socket cannot be made; the recorder cannot be seen or commanded and must not run."""


class LineServer:
    """Sends every published line to every client, and the last one at once to whoever connects.

    Runs in a thread of its own. `on_line(client, line)` and `on_gone(client)` are called in that thread and return
    quickly; `client` only tells one from another. A client that does not read is dropped, never waited for.
    """

    def __init__(
        self,
        path: Path,
        on_line: Callable[[Hashable, bytes], None],
        on_gone: Callable[[Hashable], None] = lambda _: None,
        *,
        mode: int = 0o600,
    ) -> None:
        self._path = path
        self._on_line = on_line
        self._on_gone = on_gone
        self._mode = mode
        self._clients: set[asyncio.StreamWriter] = set()
        self._last = b""
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"lines {path.name}", daemon=True)
        self._server: asyncio.Server | None = None

    def start(self, first_line: bytes) -> None:
        """Listens, with `first_line` as the greeting until another is published. Raises SocketUnusable."""
        self._last = first_line
        self._thread.start()
        try:
            self._run(self._listen())
        except OSError as error:
            self.close()
            raise SocketUnusable(
                f"The recorder cannot make its socket {self._path}: {error.strerror or error}. "
                "Choose another run_dir with a short path, or free this one."
            ) from error

    def publish(self, line: bytes) -> None:
        """May be called from any thread; returns at once."""
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody is left to tell
            self._loop.call_soon_threadsafe(self._send_to_all, line)

    def close(self) -> None:
        """Ends every connection and removes the socket. Harmless when repeated."""
        if self._loop.is_closed():
            return
        self._run(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if self._server is not None:
            self._path.unlink(missing_ok=True)

    def _run(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        self._path.chmod(self._mode)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._last)
        self._clients.add(writer)
        try:
            while not self._closing and (line := await reader.readline()):
                self._on_line(writer, line)
        except (OSError, ValueError):  # gone, or a line without end
            pass
        finally:
            self._clients.discard(writer)
            writer.transport.abort()
            self._on_gone(writer)

    def _send_to_all(self, line: bytes) -> None:
        self._last = line
        for writer in list(self._clients):
            if writer.transport.get_write_buffer_size() > _UNREAD_LIMIT_BYTES:
                writer.transport.abort()
            else:
                writer.write(line)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
        self._closing = True
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:  # also those that are only just connecting
            for writer in self._clients:
                writer.transport.abort()
            await asyncio.wait(rest)
