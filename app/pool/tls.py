"""Mutual TLS between members. Who is not of the clinic's authority, has the wrong role or was revoked gets nothing.

OpenSSL proves that a certificate is of the authority and in time. Role and revocation are judged at the end of every
handshake, on both sides, by what `ssl` calls for its sockets: so they hold for every library that is handed a context,
Dask's included. Names and addresses are not compared: a member is who its role says, wherever it is plugged in.
"""

import asyncio
import socket
import ssl
import weakref
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from app.pool.errors import PoolError
from app.pool.membership import AUTHORITY_FILE, KEY_FILE, MEMBER_FILE, Membership, Peer, RevokedList, Role, peer_of

LOOK_EVERY_S = 2.0  # at the list of revoked certificates


class MemberContext(ssl.SSLContext):
    """Judges the other side after each handshake, and can close what was revoked since."""

    accepts: frozenset[Role]
    revoked: RevokedList
    open: "weakref.WeakSet[ssl.SSLSocket]"

    def judge(self, certificate: Any) -> Peer:
        """Raise ssl.SSLError unless the other side may be talked with."""
        try:
            peer = peer_of(certificate or {})
            revoked = self.revoked.serials()
        except PoolError as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, str(error)) from None
        if peer.serial in revoked:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, f"the certificate of {peer.name} was revoked")
        if peer.role not in self.accepts:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, f"{peer.name} is a {peer.role}, which is not welcome here")
        return peer

    def close_revoked(self) -> int:
        """Cut the connections of those that were revoked after they had been let in."""
        cut = 0
        for one in list(self.open):
            with suppress(OSError, ValueError):
                try:
                    self.judge(one.getpeercert())
                except ssl.SSLError:
                    socket.socket.shutdown(one, socket.SHUT_RDWR)
                    cut += 1
        return cut


class _JudgedSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  as its base has it
        super().do_handshake(block)
        context = self.context
        assert isinstance(context, MemberContext)
        context.judge(self.getpeercert())
        context.open.add(self)


class _JudgedObject(ssl.SSLObject):
    """The same for asyncio's streams."""

    def do_handshake(self) -> None:
        super().do_handshake()
        assert isinstance(self.context, MemberContext)
        self.context.judge(self.getpeercert())


async def keep_cutting(close_revoked: Callable[[], object], *, every_s: float = LOOK_EVERY_S) -> None:
    """Look at the list of revoked certificates again and again, until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        close_revoked()


def member_context(membership: Membership, accepts: Collection[Role], *, server: bool) -> MemberContext:
    """A context that speaks as this member and talks with these roles alone.

    Raises:
        PoolError: The files are missing or damaged.
    """
    context = MemberContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.sslsocket_class = _JudgedSocket
    context.sslobject_class = _JudgedObject
    context.accepts = frozenset(accepts)
    context.revoked = RevokedList(membership.folder)
    context.open = weakref.WeakSet()
    if server:
        context.num_tickets = 0  # every connection is a whole handshake
    try:
        context.load_verify_locations(membership.folder / AUTHORITY_FILE)
        context.load_cert_chain(membership.folder / MEMBER_FILE, membership.folder / KEY_FILE)
    except (OSError, ssl.SSLError) as error:
        raise PoolError(
            f"The certificate in {membership.folder} cannot be used. Run `tacet pool join` again."
        ) from error
    return context
