"""`tacet pool link`, on a box: hands the app's windows to the pool, and its words back.

A process of its own, so that the app, which holds keys, goes on calling nobody. It keeps nothing, knows no keys but its
own certificate's, and says within seconds when the pool is away: then the app asks this box's own asr process.
"""

import logging
import os
import signal
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Any

from app.asr.protocol import receive_frame, send_frame
from app.asr.server import listen
from app.pool.errors import PoolAway, PoolRefused
from app.pool.hello import Hello, Model, hello_from, refuse_other_model, refuse_other_tokens, refuse_other_version
from app.pool.membership import Membership, Role
from app.pool.tls import member_context
from app.systemd import handed_over_socket
from models import ModelUnknown

log = logging.getLogger(__name__)

CONNECTS_WITHIN_S = 3.0
SILENT_FOR_S = 5.0  # the door speaks every second
PATIENCE_S = 90.0  # for one window, however often the pool says that it is being heard


class PoolConnection:
    """One connection to a pool's door, opened when it is needed. One thread. Handles speech in clear."""

    def __init__(self, membership: Membership, local_model: str | None) -> None:
        """`local_model` is what this box hears with when the pool is away; None where nothing will be heard."""
        self._membership = membership
        self._local_model = local_model
        self._connection: ssl.SSLSocket | None = None

    def ask(self, head: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Give the pool's answer.

        Raises:
            PoolAway: It does not answer, has no workers, or takes too long.
            PoolRefused: It is another version, or hears with a model that does not fit.
        """
        try:
            connection = self._connected()
            send_frame(connection, head, body)
            return self._answer(connection)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.close()
            raise PoolAway("The pool does not answer.") from error
        except (PoolAway, PoolRefused):
            self.close()
            raise

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    @staticmethod
    def _answer(connection: ssl.SSLSocket) -> dict[str, Any]:
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            said, _ = receive_frame(connection)
            if "away" in said:
                raise PoolAway("The pool has no machine that hears.")
            if "refused" in said:
                raise PoolRefused(said["refused"])
            if "waiting" not in said:
                return said
        raise PoolAway("The pool takes too long.")

    def _connected(self) -> ssl.SSLSocket:
        if self._connection is None:
            place = self._membership.place()
            context = member_context(self._membership, {Role.SCHEDULER}, server=False)
            plain = socket.create_connection((place.host, place.door_port), CONNECTS_WITHIN_S)
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                plain.settimeout(SILENT_FOR_S)
                self._connection = context.wrap_socket(plain)
            except BaseException:
                plain.close()
                raise
            self._greet(self._connection, context.revoked.take)
        return self._connection

    def _greet(self, connection: ssl.SSLSocket, keep_revoked: Any) -> None:
        own = Hello.own()
        send_frame(connection, own.head())
        said, _ = receive_frame(connection)
        if "refused" in said:
            raise PoolRefused(said["refused"])
        pool = hello_from(said)
        refuse_other_version(own, pool, "The pool")
        keep_revoked(said["revoked"])
        if self._local_model is not None and pool.model is not None:
            try:
                refuse_other_model(Model.pinned(pool.model.name), pool.model, "The pool")
            except ModelUnknown as error:
                raise PoolRefused(f"The pool hears with {pool.model.name}, which this box does not know.") from error
            refuse_other_tokens(pool.model, self._local_model)


class Link:
    """Serves the app's connections, each with one of its own to the pool."""

    def __init__(self, listener: socket.socket, membership: Membership, local_model: str) -> None:
        self._listener = listener
        self._membership = membership
        self._local_model = local_model

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

    @staticmethod
    def _answered(pool: PoolConnection, head: dict[str, Any], body: bytes) -> dict[str, Any]:
        try:
            return pool.ask(head, body)
        except PoolRefused as error:
            return {"error": str(error)}


def run_link(folder: Path, run_dir: Path, local_model: str) -> int:
    """Serve the app until SIGTERM.

    Raises:
        PoolError: This box is no member of a pool.
    """
    logging.basicConfig(level=logging.INFO, format="pool: %(message)s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    membership = Membership(folder)
    place = membership.place()
    listener = handed_over_socket(os.environ) or listen(run_dir / "pool.sock")
    log.info("asks %s at %s port %d", place.pool, place.host, place.door_port)
    Link(listener, membership, local_model).serve_forever()
    return 0
