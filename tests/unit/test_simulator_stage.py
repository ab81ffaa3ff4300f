import asyncio
from collections.abc import AsyncIterator

from tacet.simulator.stage import Pins, Scene, Stage

RED = Pins(red=True, green=False)
GREEN = Pins(red=False, green=True)


async def next_of(scenes: AsyncIterator[Scene]) -> Scene:
    return await asyncio.wait_for(anext(scenes), 1)


def test_watch__at_once_and_after_every_change__yields_the_scene() -> None:
    async def watching() -> None:
        stage = Stage()
        scenes = stage.watch()
        assert await next_of(scenes) == Scene()
        stage.show_pins(RED)
        assert await next_of(scenes) == Scene(RED)

    asyncio.run(watching())


def test_watch__several_watchers__are_all_told() -> None:
    async def watching() -> None:
        stage = Stage()
        watchers = [stage.watch(), stage.watch()]
        for scenes in watchers:
            await next_of(scenes)
        waiting = [asyncio.create_task(next_of(scenes)) for scenes in watchers]
        await asyncio.sleep(0)
        stage.show_pins(RED)
        assert await asyncio.gather(*waiting) == [Scene(RED), Scene(RED)]

    asyncio.run(watching())


def test_watch__slow_watcher__gets_the_newest() -> None:
    async def watching() -> None:
        stage = Stage()
        scenes = stage.watch()
        await next_of(scenes)
        stage.show_pins(RED)
        stage.show_pins(GREEN)
        assert await next_of(scenes) == Scene(GREEN)

    asyncio.run(watching())


def test_watch__the_same_again__is_not_told() -> None:
    async def watching() -> bool:
        stage = Stage()
        stage.show_pins(RED)
        scenes = stage.watch()
        await next_of(scenes)
        waiting = asyncio.create_task(next_of(scenes))
        stage.show_pins(RED)
        await asyncio.sleep(0.05)
        told = waiting.done()
        waiting.cancel()
        return told

    assert not asyncio.run(watching())


def test_close__ends_every_watch__also_those_that_come_late() -> None:
    async def watching() -> list[Scene]:
        stage = Stage()
        scenes = stage.watch()
        await next_of(scenes)
        waiting = asyncio.create_task(asyncio.wait_for(anext(scenes, None), 1))
        await asyncio.sleep(0)
        stage.close()
        assert await waiting is None
        return [scene async for scene in stage.watch()]

    assert asyncio.run(watching()) == []
