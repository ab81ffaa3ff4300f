import asyncio

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncZeroconf

from app.discovery import SERVICE, announced, pool_announced, pools_near
from app.neighbours import MOST, MOST_POOLS, Neighbour, Neighbours, PoolHeard, Pools, Wellbeing

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


def test_boxes__on_one_network__hear_how_the_other_is_and_when_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.discovery.LOOK_EVERY_S", 0.1)
    heard = Neighbours()
    feels = [Wellbeing.WELL]

    async def until(expected: tuple[Neighbour, ...]) -> None:
        while heard.all() != expected:  # noqa: ASYNC110  nobody is told; that is the contract
            await asyncio.sleep(0.05)

    async def watch() -> None:
        async with announced("tacet-room-1", 8443, LOOPBACK, neighbours=heard):
            async with announced("tacet-room-2", 8443, LOOPBACK, wellbeing=lambda: feels[0]):
                await until((Neighbour("tacet-room-2", Wellbeing.WELL),))
                feels[0] = Wellbeing.ATTENTION
                await until((Neighbour("tacet-room-2", Wellbeing.ATTENTION),))
            await until(())

    asyncio.run(asyncio.wait_for(watch(), 120))


def test_neighbours__what_no_box_would_say__is_passed_over() -> None:
    heard = Neighbours()
    heard.heard("<script>", "well")
    heard.heard("tacet-room-1", "recording")
    for number in range(MOST + 5):
        heard.heard(f"tacet-{number}", "well")
    assert len(heard.all()) == MOST
    heard.heard("tacet-0", "attention")
    assert Neighbour("tacet-0", Wellbeing.ATTENTION) in heard.all()


def test_pool__that_announces_itself__is_heard_by_a_box_until_it_is_gone() -> None:
    heard = Neighbours()

    async def until(*, there: bool) -> None:
        while any(one.port == 18790 for one in heard.pools.all()) is not there:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.05)

    async def watch() -> None:
        async with announced("tacet-room-1", 8443, LOOPBACK, neighbours=heard):
            async with pool_announced("clinic-tried-here", 18790, "127.0.0.1"):
                await until(there=True)
            await until(there=False)

    asyncio.run(asyncio.wait_for(watch(), 120))


def test_pools_near__on_a_network_with_one__find_it() -> None:
    async def look() -> Pools:
        async with pool_announced("clinic-looked-for", 18791, "127.0.0.1"):
            for _ in range(20):
                found = await pools_near(3.0, LOOPBACK)
                if any(one.port == 18791 for one in found.all()):
                    break
        return found

    (one,) = [one for one in asyncio.run(look()).all() if one.port == 18791]
    assert (one.name, one.address) == ("clinic-looked-for", "127.0.0.1")


def test_pools__what_no_pool_of_a_clinic_would_say__is_passed_over() -> None:
    heard = Pools()
    heard.heard("<script>", "192.168.7.5", 8790)
    heard.heard("clinic", "8.8.8.8", 8790)
    heard.heard("clinic", "strong-1", 8790)
    assert heard.all() == ()
    for number in range(MOST_POOLS + 5):
        heard.heard(f"clinic-{number}", "192.168.7.5", 8790)
    assert len(heard.all()) == MOST_POOLS
    heard.heard("clinic-0", "192.168.7.6", 8790)
    assert PoolHeard("clinic-0", "192.168.7.6", 8790) in heard.all()
