"""One connection of a member to its pool's door: greets, asks, waits for as long as it is worth it."""

import contextlib
import socket
import ssl
import time
from typing import Any

from app.asr.protocol import receive_frame, send_frame
from app.pool.errors import PoolAway, PoolRefused
from app.pool.hello import Hello, Model, hello_from, refuse_other_model, refuse_other_tokens, refuse_other_version
from app.pool.membership import Membership, Place, Role
from app.pool.tls import MemberContext, member_context
from models import ModelUnknown

CONNECTS_WITHIN_S = 3.0
SILENT_FOR_S = 5.0  # the door speaks every second
PATIENCE_S = (
    45.0  # for one window: the pool says sooner that it comes to nothing, unless it hears slower than one speaks
)


class PoolConnection:
    """One connection to a pool's door, opened when it is needed. One thread. Handles speech in clear."""

    def __init__(self, membership: Membership, local_model: str | None) -> None:
        """`local_model` is what this box hears with when the pool is away; None where nothing will be heard."""
        self._membership = membership
        self._local_model = local_model
        self._connection: ssl.SSLSocket | None = None
        self.pool: Hello | None = None  # who greeted last

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
        except TimeoutError as error:
            self.close()
            raise PoolAway("The pool has fallen silent.") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.close()
            raise PoolAway("The pool broke off.") from error
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
            try:
                self._connection = self._greeted(_reached(place), context)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise PoolAway(
                    f"Somebody answers at {place.host} port {place.door_port}, but does not greet this machine. See "
                    "there, with `tacet pool members`, whether it was revoked, and whether the pool is still this one."
                ) from error
        return self._connection

    def _greeted(self, plain: socket.socket, context: MemberContext) -> ssl.SSLSocket:
        with contextlib.ExitStack() as if_it_fails:
            if_it_fails.callback(plain.close)
            connection = context.wrap_socket(plain)
            if_it_fails.callback(connection.close)
            self._greet(connection, context.revoked.take)
            if_it_fails.pop_all()
        return connection

    def _greet(self, connection: ssl.SSLSocket, keep_revoked: Any) -> None:
        own = Hello.own()
        send_frame(connection, own.head())
        said, _ = receive_frame(connection)
        if "refused" in said:
            raise PoolRefused(said["refused"])
        pool = self.pool = hello_from(said)
        refuse_other_version(own, pool, "The pool")
        keep_revoked(said["revoked"])
        if self._local_model is not None and pool.model is not None:
            try:
                refuse_other_model(Model.pinned(pool.model.name), pool.model, "The pool")
            except ModelUnknown as error:
                raise PoolRefused(f"The pool hears with {pool.model.name}, which this box does not know.") from error
            refuse_other_tokens(pool.model, self._local_model)


def _reached(place: Place) -> socket.socket:
    try:
        plain = socket.create_connection((place.host, place.door_port), CONNECTS_WITHIN_S)
    except OSError as error:
        raise PoolAway(f"Nobody answers at {place.host} port {place.door_port}.") from error
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    plain.settimeout(SILENT_FOR_S)
    return plain
