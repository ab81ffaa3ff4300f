"""Where boxes ask. No pickle, no Dask: frames of JSON and sound over mutual TLS.

A connection begins with hellos, then carries one window at a time; three connections a box at most, so a box has no
more than three windows in the pool, however many it has to hear (its link asks for one at a time). While a window is
being heard the box is told so every second: a box that hears nothing for some seconds takes over by itself.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from app.pool.errors import PoolRefused
from app.pool.figures import Figures
from app.pool.frames import read_frame, write_frame
from app.pool.hello import Hello, hello_from, refuse_other_version
from app.pool.membership import Membership, Peer, Place, Role, peer_of
from app.pool.tls import MemberContext, keep_cutting, member_context

log = logging.getLogger(__name__)

TOLD_EVERY_S = 1.0
HELLO_WITHIN_S = 10.0
MOST_CONNECTIONS = 3  # a box: one for windows, one for looks, one for somebody at the command line


class Hearing(Protocol):
    """What stands behind the door."""

    @property
    def workers(self) -> list[str]: ...
    @property
    def queued(self) -> int: ...
    async def hear(self, head: dict[str, Any], pcm: bytes) -> dict[str, Any]: ...


class Door:
    def __init__(self, pool: str, hello: Hello, hearing: Hearing, context: MemberContext) -> None:
        self._pool = pool
        self._hello = hello
        self._hearing = hearing
        self._context = context
        self._open = dict[asyncio.StreamWriter, Peer]()
        self._serving = set["asyncio.Task[None]"]()
        self.figures = Figures()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        this = asyncio.current_task()
        assert this is not None
        self._serving.add(this)
        this.add_done_callback(self._serving.discard)
        try:
            peer = peer_of(writer.get_extra_info("peercert") or {})
            self._open[writer] = peer
            await self._welcome(peer, reader, writer)
            while True:
                await self._answer(peer, *await read_frame(reader), writer)
        except PoolRefused as error:
            with contextlib.suppress(OSError):
                await write_frame(writer, {"refused": str(error)})
        except (OSError, EOFError, ValueError, KeyError, TypeError, TimeoutError):
            pass  # the box went away or speaks something else; it comes back by itself
        finally:
            self._open.pop(writer, None)
            writer.transport.abort()

    async def _welcome(self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if sum(one == peer for one in self._open.values()) > MOST_CONNECTIONS:
            raise PoolRefused(f"{peer.name} has {MOST_CONNECTIONS} connections already.")
        async with asyncio.timeout(HELLO_WITHIN_S):
            head, _ = await read_frame(reader)
        refuse_other_version(self._hello, hello_from(head), f"The box {peer.name}")
        said = self._hello.head() | {"pool": self._pool, "revoked": self._context.revoked.pem()}
        await write_frame(writer, said)

    async def _answer(self, peer: Peer, head: dict[str, Any], pcm: bytes, writer: asyncio.StreamWriter) -> None:
        if head == {"ask": "status"}:
            shown = self.figures.told(None if peer.role is Role.SCHEDULER else peer.name)
            await write_frame(
                writer, {"pool": self._pool, "workers": self._hearing.workers, "queued": self._hearing.queued} | shown
            )
            return
        if not self._hearing.workers:
            await write_frame(writer, {"away": True})
            return
        with self.figures.asked(peer.name, len(pcm)):
            await write_frame(writer, await self._heard(head, pcm, writer))

    async def _heard(self, head: dict[str, Any], pcm: bytes, writer: asyncio.StreamWriter) -> dict[str, Any]:
        """Wait for the words, telling the box that it is worth waiting; a box that went away is not heard."""
        hearing = asyncio.create_task(self._hearing.hear(head, pcm))
        try:
            while not (await asyncio.wait({hearing}, timeout=TOLD_EVERY_S))[0]:
                if not self._hearing.workers:
                    return {"away": True}
                await write_frame(writer, {"waiting": True})
            return hearing.result()
        finally:
            hearing.cancel()
            await asyncio.wait({hearing})

    async def end(self) -> None:
        """Break all connections off."""
        for writer in list(self._open):
            writer.transport.abort()
        if self._serving:
            await asyncio.wait(self._serving)

    def close_revoked(self) -> None:
        """Cut the connections of boxes that were revoked after they had been let in."""
        for writer, peer in list(self._open.items()):
            try:
                self._context.judge(writer.get_extra_info("peercert"))
            except ssl.SSLError:
                log.warning("the connection of %s, which was revoked, is cut", peer.name)
                writer.transport.abort()


@asynccontextmanager
async def door(
    membership: Membership, place: Place, listen: str, hello: Hello, hearing: Hearing
) -> AsyncIterator[tuple[Door, int]]:
    """Serve boxes; gives the door and its port."""
    context = member_context(membership, {Role.BOX, Role.SCHEDULER}, server=True)
    one = Door(place.pool, hello, hearing, context)
    server = await asyncio.start_server(
        one.serve, listen, place.door_port, ssl=context, ssl_handshake_timeout=HELLO_WITHIN_S, limit=1 << 20
    )
    looking = asyncio.create_task(keep_cutting(one.close_revoked))
    try:
        async with server:
            yield one, server.sockets[0].getsockname()[1]
            server.close()
            await one.end()
    finally:
        looking.cancel()
