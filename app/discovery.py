"""Says on the clinic's network where the box is: https://<name>.local. The only file that knows zeroconf."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from zeroconf import InterfaceChoice, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

log = logging.getLogger(__name__)

SERVICE = "_https._tcp.local."


@asynccontextmanager
async def announced(
    name: str, port: int, interfaces: list[str] | InterfaceChoice = InterfaceChoice.All
) -> AsyncIterator[None]:
    """Announce the page while the context lasts.

    A network that cannot be announced on leaves the page reachable by its address, so it is told in one line and no
    more. The announcement holds the box's name and port and nothing else.
    """
    zeroconf = None
    try:
        zeroconf = AsyncZeroconf(interfaces, ip_version=IPVersion.V4Only)
        await zeroconf.async_register_service(_service(name, port), allow_name_change=True)
    except Exception as error:  # noqa: BLE001  zeroconf raises its own, OSError and asyncio's, by network
        log.warning("the page is not announced on this network (%s); use its address", type(error).__name__)
    try:
        yield
    finally:
        if zeroconf:
            await zeroconf.async_close()


def _service(name: str, port: int) -> AsyncServiceInfo:
    return AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=port,
        parsed_addresses=_addresses(),
        server=f"{name}.local.",
        properties={"path": "/"},
    )


def _addresses() -> list[str]:
    """IPv4 addresses of this machine; the loopback where there is no network."""
    found = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; tells which address a packet out would carry
            found.add(probe.getsockname()[0])
        except OSError:
            log.info("this machine has no route to a network")
    return sorted(str(address) for address in found)
