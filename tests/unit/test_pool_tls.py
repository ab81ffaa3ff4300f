"""Who may talk with whom: real handshakes on this machine, on sockets as Dask uses them and on asyncio's streams."""

import asyncio
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from support.pool import Pool

from app.pool.membership import Membership, Role
from app.pool.tls import MemberContext, member_context

WITHIN_S = 120.0


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    pool = Pool(tmp_path / "pool")
    pool.enrol("room-1", Role.BOX)
    pool.enrol("worker-1", Role.WORKER)
    return pool


def member(pool: Pool, name: str) -> Membership:
    return Membership(pool.folder / name)


def without_certificate(pool: Pool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pool.folder / "scheduler/authority.pem"))
    context.check_hostname = False
    return context


def talk(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """What the client hears from the server, one word; "" where either refuses."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = listener.accept()
        plain.settimeout(WITHIN_S)
        try:
            with plain, server.wrap_socket(plain, server_side=True) as connection:
                connection.sendall(b"welcome")
        except OSError:
            plain.close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with (
            socket.create_connection(listener.getsockname(), WITHIN_S) as plain,
            client.wrap_socket(plain) as connection,
        ):
            return connection.recv(100).decode()
    except OSError:
        return ""
    finally:
        serving.join(WITHIN_S)
        listener.close()


def door(pool: Pool) -> MemberContext:
    return member_context(member(pool, "scheduler"), {Role.BOX}, server=True)


def test_member__with_the_role_that_is_asked_for__is_welcome(pool: Pool) -> None:
    assert talk(door(pool), member_context(member(pool, "room-1"), {Role.SCHEDULER}, server=False)) == "welcome"


def test_stranger__without_a_certificate__hears_nothing(pool: Pool) -> None:
    assert talk(door(pool), without_certificate(pool)) == ""


def test_stranger__of_another_authority__hears_nothing(pool: Pool, tmp_path: Path) -> None:
    other = Pool(tmp_path / "other")
    other.enrol("room-1", Role.BOX)
    client = member_context(member(other, "room-1"), {Role.SCHEDULER}, server=False)
    client.load_verify_locations(pool.folder / "scheduler/authority.pem")  # it would trust this pool
    assert talk(door(pool), client) == ""


def test_member__that_was_revoked__hears_nothing_from_then_on(pool: Pool) -> None:
    server, client = door(pool), member_context(member(pool, "room-1"), {Role.SCHEDULER}, server=False)
    assert talk(server, client) == "welcome"
    pool.revoke("room-1")
    assert talk(server, client) == ""


def test_member__of_another_role__hears_nothing(pool: Pool) -> None:
    assert talk(door(pool), member_context(member(pool, "worker-1"), {Role.SCHEDULER}, server=False)) == ""


def test_box__that_is_answered_by_another_box__sends_it_nothing(pool: Pool) -> None:
    pool.enrol("room-2", Role.BOX)
    posing = member_context(member(pool, "room-2"), {Role.BOX}, server=True)
    assert talk(posing, member_context(member(pool, "room-1"), {Role.SCHEDULER}, server=False)) == ""


def test_list_of_revoked__is_missing__lets_nobody_in(pool: Pool) -> None:
    (pool.folder / "scheduler/revoked.pem").unlink()
    assert talk(door(pool), member_context(member(pool, "room-1"), {Role.SCHEDULER}, server=False)) == ""


def test_connection__whose_owner_is_revoked__is_cut(pool: Pool) -> None:
    server = door(pool)
    client = member_context(member(pool, "room-1"), {Role.SCHEDULER}, server=False)
    here, there = socket.socketpair()
    here.settimeout(WITHIN_S)
    there.settimeout(WITHIN_S)
    taken = list[ssl.SSLSocket]()
    serving = threading.Thread(target=lambda: taken.append(server.wrap_socket(there, server_side=True)))
    serving.start()
    with client.wrap_socket(here) as connection:
        serving.join(WITHIN_S)
        with taken[0]:
            assert server.close_revoked() == 0
            pool.revoke("room-1")
            assert server.close_revoked() == 1
            with suppress(ssl.SSLError):  # cut without a farewell
                assert connection.recv(1) == b""


@pytest.mark.parametrize("name", ["room-1", "worker-1"])
def test_stream_of_asyncio__role_is_not_asked_for__is_refused_as_on_a_socket(pool: Pool, name: str) -> None:
    async def ask() -> bytes:
        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"welcome")
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=door(pool))
        async with server:
            address = server.sockets[0].getsockname()
            context = member_context(member(pool, name), {Role.SCHEDULER}, server=False)
            try:
                reader, writer = await asyncio.open_connection(*address, ssl=context)
                said = await reader.read()
                writer.transport.abort()
            except OSError:
                return b""
            return said

    assert asyncio.run(ask()) == (b"welcome" if name == "room-1" else b"")
