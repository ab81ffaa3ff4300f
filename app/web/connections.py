"""Connections that no slow or greedy machine can use up: uvicorn's own protocol has no time limit on a request.

A request's head and body have to be there within a time, and an answer has to be taken. An event stream may stay as
long as it likes, since it costs little. How many there may be is seen to where they are taken: `listening`.
"""

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
BODY_WITHIN_S = 30.0
TAKEN_WITHIN_S = 30.0  # how long a full send buffer may stay full
HEAD_BYTES = 16 * 1024
LOOK_EVERY_S = 1.0


class BoundedProtocol(H11Protocol):
    """Closes what is too slow. Event loop only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watch: asyncio.TimerHandle | None = None
        self._since_s = 0.0
        self._phase = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since_s = self.loop.time()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch:
            self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Count how long the connection has been in its phase, and end it when that is too long."""
        if self.transport.is_closing():
            # a peer that takes nothing would keep the rest of the answer, and the connection, for ever
            self._watch = self.loop.call_later(TAKEN_WITHIN_S, self.transport.abort)
            return
        phase, within_s = self._now()
        if phase != self._phase:
            self._phase, self._since_s = phase, self.loop.time()
        elif self.loop.time() - self._since_s > within_s:
            self.transport.abort()
            return
        self._watch = self.loop.call_later(LOOK_EVERY_S, self._look)

    def _now(self) -> tuple[str, float]:
        if self.flow.write_paused:
            return "taking", TAKEN_WITHIN_S
        if self.conn.their_state is h11.IDLE:
            return "head", HEAD_WITHIN_S
        if self.conn.their_state is h11.SEND_BODY:
            return "body", BODY_WITHIN_S
        return "answering", float("inf")


def allow_many_files() -> None:
    """Let this process hold as many connections as the system grants it: 1024 files are soon used up."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if most == resource.RLIM_INFINITY else min(most, 8192)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
