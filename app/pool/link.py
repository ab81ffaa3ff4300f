"""`tacet pool link`, on a box: hands the app's windows to the pool, and its words back.

A process of its own, so that the app, which holds keys, goes on calling nobody. It keeps nothing, knows no keys but its
own certificate's, and says within seconds when the pool is away: then the app asks this box's own asr process.
"""

import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.asr.protocol import receive_frame, send_frame
from app.asr.server import listen
from app.own_log import begin_log
from app.pool.connection import PoolConnection
from app.pool.errors import PoolAway, PoolError
from app.pool.invited import Waiting
from app.pool.membership import Membership
from app.pool.seen import SEEN, Standing
from app.pool.watch import Watch
from app.systemd import handed_over_socket

log = logging.getLogger(__name__)


class Link:
    """Serves the app's connections, each with one of its own to the pool."""

    def __init__(self, listener: socket.socket, membership: Membership, local_model: str, watch: Watch) -> None:
        self._listener = listener
        self._membership = membership
        self._local_model = local_model
        self._watch = watch

    def serve_forever(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed: the process ends
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        pool = PoolConnection(self._membership, self._local_model)
        with connection:
            try:
                while True:
                    head, body = receive_frame(connection)
                    send_frame(connection, self._answered(pool, head, body))
            except PoolAway:
                pass  # the app learns it by the connection's end, and takes over
            except (OSError, ValueError):
                pass  # the app went away
            finally:
                pool.close()

    def _answered(self, pool: PoolConnection, head: dict[str, Any], body: bytes) -> dict[str, Any]:
        if head == SEEN:
            return self._watch.seen.model_dump(mode="json")
        if self._watch.seen.standing is Standing.UNUSED or not self._membership.joined:
            raise PoolAway("This box hears by itself.")
        try:
            return pool.ask(head, body)
        except PoolAway:
            raise
        except PoolError as error:
            return {"error": str(error)}


@dataclass(frozen=True, slots=True)
class LinkOptions:
    folder: Path  # of the membership
    invited: Path  # where a code may lie
    run_dir: Path
    local_model: str
    host: str = ""  # where the pool is now; else where it was joined
    use: bool = True


def run_link(options: LinkOptions) -> int:
    """Serve the app until SIGTERM.

    Raises:
        PoolError: This box is no member of a pool, and was not invited into one.
    """
    begin_log("pool")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    membership, waiting = Membership(options.folder, options.host), Waiting(options.invited)
    if not waiting.there:
        place = membership.place()
        log.info("asks %s at %s port %d", place.pool, place.host, place.door_port)
    watch = Watch(membership, options.local_model, waiting, use=options.use)
    threading.Thread(target=watch.run, daemon=True).start()
    listener = handed_over_socket(os.environ) or listen(options.run_dir / "pool.sock")
    Link(listener, membership, options.local_model, watch).serve_forever()
    return 0
