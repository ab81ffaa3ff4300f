"""Says on the clinic's network where the box is and whether it is well; hears the others. Alone knows zeroconf.

A pool's scheduler says where it is, too. Whoever hears that is only shown it: nobody is trusted or joined by it.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from zeroconf import InterfaceChoice, IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from app.neighbours import Neighbours, Pools, Wellbeing

log = logging.getLogger(__name__)

SERVICE = "_https._tcp.local."
BOXES = "_tacet._tcp.local."
POOLS = "_tacet-pool._tcp.local."
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
    zeroconf, telling = None, None
    hearing = list[_Hearing]()
    try:
        zeroconf = AsyncZeroconf(interfaces, ip_version=IPVersion.V4Only)
        await zeroconf.async_register_service(_service(SERVICE, name, port, {"path": "/"}), allow_name_change=True)
        telling = asyncio.create_task(_tell(zeroconf, name, port, wellbeing))
        if neighbours is not None:
            hearing.append(_HearingBoxes(zeroconf.zeroconf, name, neighbours))
            hearing.append(_HearingPools(zeroconf.zeroconf, neighbours.pools))
    except Exception as error:  # noqa: BLE001  zeroconf raises its own, OSError and asyncio's, by network
        log.warning("the page is not announced on this network (%s); use its address", type(error).__name__)
    try:
        yield
    finally:
        for one in hearing:
            await one.end()
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


@asynccontextmanager
async def pool_announced(pool: str, port: int, address: str) -> AsyncIterator[None]:
    """Announce where a pool's door is while the context lasts; keeps nobody waiting.

    `address` is the one that it listens at, 0.0.0.0 for all of this machine's.
    """
    ending = asyncio.Event()
    announcing = asyncio.create_task(_announce_pool(pool, port, address, ending))
    try:
        yield
    finally:
        ending.set()
        await announcing


async def _announce_pool(pool: str, port: int, address: str, ending: asyncio.Event) -> None:
    everywhere, zeroconf = address in {"", "0.0.0.0"}, None  # noqa: S104  asked, not bound
    try:
        zeroconf = AsyncZeroconf(InterfaceChoice.All if everywhere else [address], ip_version=IPVersion.V4Only)
        addresses = _addresses() if everywhere else [address]
        await zeroconf.async_register_service(_service(POOLS, pool, port, {}, addresses), allow_name_change=True)
    except Exception as error:  # noqa: BLE001  as in `announced`
        log.warning("the pool is not announced on this network (%s); name its address", type(error).__name__)
    await ending.wait()
    if zeroconf:
        await zeroconf.async_close()


async def pools_near(for_s: float, interfaces: list[str] | InterfaceChoice = InterfaceChoice.All) -> Pools:
    """Listen for pools that announce themselves, for so long; none where there is no network."""
    found = Pools()
    try:
        zeroconf = AsyncZeroconf(interfaces, ip_version=IPVersion.V4Only)
    except Exception:  # noqa: BLE001  as in `announced`: there is nobody to be seen
        return found
    hearing = _HearingPools(zeroconf.zeroconf, found)
    await asyncio.sleep(for_s)
    await hearing.end()
    await zeroconf.async_close()
    return found


class _Hearing:
    """Asks whoever comes up on the network what it is. Event loop only."""

    def __init__(self, zeroconf: Zeroconf, kind: str) -> None:
        self._zeroconf = zeroconf
        self._kind = kind
        self._asking: set[asyncio.Task[None]] = set()
        self._browser = AsyncServiceBrowser(zeroconf, kind, handlers=[self._changed])

    def gone(self, name: str) -> None:
        raise NotImplementedError

    def heard(self, name: str, info: AsyncServiceInfo) -> None:
        raise NotImplementedError

    async def end(self) -> None:
        await self._browser.async_cancel()
        for task in list(self._asking):
            await _ended(task)

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        """The names of its arguments are zeroconf's."""
        del zeroconf, service_type
        if state_change is ServiceStateChange.Removed:
            self.gone(name.removesuffix(f".{self._kind}"))
            return
        task = asyncio.ensure_future(self._ask(name))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, full_name: str) -> None:
        info = AsyncServiceInfo(self._kind, full_name)
        if await info.async_request(self._zeroconf, ANSWERS_WITHIN_MS):
            self.heard(full_name.removesuffix(f".{self._kind}"), info)


class _HearingBoxes(_Hearing):
    def __init__(self, zeroconf: Zeroconf, own_name: str, neighbours: Neighbours) -> None:
        self._own_name = own_name
        self._neighbours = neighbours
        super().__init__(zeroconf, BOXES)

    def gone(self, name: str) -> None:
        if name != self._own_name:
            self._neighbours.gone(name)

    def heard(self, name: str, info: AsyncServiceInfo) -> None:
        if name != self._own_name:
            self._neighbours.heard(name, info.decoded_properties.get(WELLBEING) or "")


class _HearingPools(_Hearing):
    def __init__(self, zeroconf: Zeroconf, pools: Pools) -> None:
        self._pools = pools
        super().__init__(zeroconf, POOLS)

    def gone(self, name: str) -> None:
        self._pools.gone(name)

    def heard(self, name: str, info: AsyncServiceInfo) -> None:
        addresses = sorted(info.parsed_addresses(IPVersion.V4Only), key=lambda one: one.startswith("127."))
        if addresses and info.port:
            self._pools.heard(name, addresses[0], info.port)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _service(
    kind: str, name: str, port: int, properties: dict[str, str], addresses: list[str] | None = None
) -> AsyncServiceInfo:
    return AsyncServiceInfo(
        kind,
        f"{name}.{kind}",
        port=port,
        parsed_addresses=addresses or _addresses(),
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
