"""What a unit hands to a process, and what the process tells back. Without systemd nothing happens here.

Source: sd_listen_fds(3), sd_notify(3).
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Mapping

FIRST_HANDED_OVER = 3


def handed_over_socket(environment: Mapping[str, str]) -> socket.socket | None:
    """The listening socket that the unit's `.socket` has made; None where this process has to make its own."""
    return next(iter(handed_over_sockets(environment)), None)


def handed_over_sockets(environment: Mapping[str, str]) -> list[socket.socket]:
    """All of them, in the order of the `.socket` units that the service names. Call once."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(os.getpid()) or count not in {"1", "2"}:
        return []
    numbers = range(FIRST_HANDED_OVER, FIRST_HANDED_OVER + int(count))
    for number in numbers:
        os.set_inheritable(number, False)  # noqa: FBT003  its only parameter
    return [socket.socket(fileno=number) for number in numbers]


@contextlib.asynccontextmanager
async def telling_systemd(environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Say that the process is ready, then, as long as the event loop turns, twice as often as is asked for."""
    address = environment.get("NOTIFY_SOCKET", "")
    watchdog_us = environment.get("WATCHDOG_USEC", "")
    _tell(address, "READY=1")
    beating = asyncio.create_task(_beat(address, int(watchdog_us) / 2e6)) if watchdog_us.isdigit() else None
    try:
        yield
    finally:
        if beating is not None:
            beating.cancel()
        _tell(address, "STOPPING=1")


async def _beat(address: str, every_s: float) -> None:
    while True:
        _tell(address, "WATCHDOG=1")
        await asyncio.sleep(every_s)


def _tell(address: str, line: str) -> None:
    if not address:
        return
    abstract = f"\0{address[1:]}" if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.setblocking(False)  # noqa: FBT003  systemd that does not read must not stop the loop
        notify.sendto(line.encode(), abstract)
