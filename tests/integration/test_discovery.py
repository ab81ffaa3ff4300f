import asyncio

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncZeroconf

from app.discovery import SERVICE, announced

LOOPBACK = ["127.0.0.1"]


def test_announced__on_the_loopback__is_found_with_name_and_port_and_gone_afterwards() -> None:
    async def look() -> tuple[object, object]:
        listener = AsyncZeroconf(LOOPBACK, ip_version=IPVersion.V4Only)
        try:
            async with announced("tacet-test-room", 8443, LOOPBACK):
                there = await listener.async_get_service_info(SERVICE, f"tacet-test-room.{SERVICE}", timeout=3000)
            listener.zeroconf.cache.cache.clear()
            gone = await listener.async_get_service_info(SERVICE, f"tacet-test-room.{SERVICE}", timeout=500)
            return there, gone
        finally:
            await listener.async_close()

    there, gone = asyncio.run(look())
    assert there is not None
    assert (there.server, there.port) == ("tacet-test-room.local.", 8443)  # type: ignore[attr-defined]
    assert gone is None
