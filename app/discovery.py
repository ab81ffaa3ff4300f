"""Says on the clinic's network where the box is and whether it is well; hears the others. Alone knows zeroconf."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from zeroconf import InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from app.neighbours import Neighbours, Wellbeing

log = logging.getLogger(__name__)

SERVICE = "_https._tcp.local."
BOXES = "_tacet._tcp.local."
WELLBEING = "wellbeing"
LOOK_EVERY_S = 10.0
FORGOTTEN_AFTER_S = 240  # a box that lost its power counts as gone then; zeroconf's own is 75 minutes
ANSWERS_WITHIN_MS = 3000


@asynccontextmanager
async def announced(
    name: str,
    port: int,
    interfaces: list[str] | InterfaceChoice = InterfaceChoice.All,
    *,
    wellbeing: Callable[[], Wellbeing] = lambda: Wellbeing.WELL,
    neighbours: Neighbours | None = None,
) -> AsyncIterator[None]:
    """Announce the page and whether the box is well while the context lasts, and keep `neighbours` up to date.

    A network that cannot be announced on leaves the page reachable by its address, so it is told in one line and no
    more. The announcement holds the box's name, its port and one word.
    """
    zeroconf, telling, hearing = None, None, None
    try:
        zeroconf = AsyncZeroconf(interfaces, ip_version=IPVersion.V4Only)
        await zeroconf.async_register_service(_service(SERVICE, name, port, {"path": "/"}), allow_name_change=True)
        telling = asyncio.create_task(_tell(zeroconf, name, port, wellbeing))
        if neighbours is not None:
            hearing = _Hearing(zeroconf.zeroconf, name, neighbours)
    except Exception as error:  # noqa: BLE001  zeroconf raises its own, OSError and asyncio's, by network
        log.warning("the page is not announced on this network (%s); use its address", type(error).__name__)
    try:
        yield
    finally:
        if hearing:
            await hearing.end()
        if telling:
            await _ended(telling)
        if zeroconf:
            await zeroconf.async_close()


async def _tell(zeroconf: AsyncZeroconf, name: str, port: int, wellbeing: Callable[[], Wellbeing]) -> None:
    """Tell the other boxes how this one is, whenever that has changed."""
    said: Wellbeing | None = None
    while True:
        now = wellbeing()
        if now is not said:
            box = _service(BOXES, name, port, {WELLBEING: now.value})
            tell = zeroconf.async_register_service if said is None else zeroconf.async_update_service
            try:
                await (await tell(box))
                said = now
            except Exception as error:  # noqa: BLE001  as in `announced`; the next turn tries again
                log.warning("the other boxes were not told how this one is (%s)", type(error).__name__)
        await asyncio.sleep(LOOK_EVERY_S)


class _Hearing:
    """Asks whoever comes up on the network how it is. Event loop only."""

    def __init__(self, zeroconf: Zeroconf, own_name: str, neighbours: Neighbours) -> None:
        self._zeroconf = zeroconf
        self._own_name = own_name
        self._neighbours = neighbours
        self._asking: set[asyncio.Task[None]] = set()
        self._browser = AsyncServiceBrowser(zeroconf, BOXES, handlers=[self._changed])

    async def end(self) -> None:
        await self._browser.async_cancel()
        for task in list(self._asking):
            await _ended(task)

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        """The names of its arguments are zeroconf's."""
        del zeroconf, service_type
        box = name.removesuffix(f".{BOXES}")
        if box == self._own_name:
            return
        if state_change is ServiceStateChange.Removed:
            self._neighbours.gone(box)
            return
        task = asyncio.ensure_future(self._ask(name, box))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, full_name: str, box: str) -> None:
        info = AsyncServiceInfo(BOXES, full_name)
        if await info.async_request(self._zeroconf, ANSWERS_WITHIN_MS):
            self._neighbours.heard(box, info.decoded_properties.get(WELLBEING) or "")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _service(kind: str, name: str, port: int, properties: dict[str, str]) -> AsyncServiceInfo:
    return AsyncServiceInfo(
        kind,
        f"{name}.{kind}",
        port=port,
        parsed_addresses=_addresses(),
        server=f"{name}.local.",
        properties=properties,
        other_ttl=FORGOTTEN_AFTER_S,
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
