import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from firmware.light import Levels
from firmware.panel import PanelPins
from firmware.panel_simulated import SimulatedPanel
from tacet.simulator.panel_link import PanelAwayError, PanelLink
from tacet.simulator.stage import Pins, Stage

PINS = PanelPins(button=17, red=27, green=22, heartbeat=23)
RED = Levels(red=True, green=False)


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder) / "panel.sock"


@pytest.fixture
def panel(socket_path: Path) -> Iterator[SimulatedPanel]:
    panel = SimulatedPanel(PINS, socket_path)
    yield panel
    panel.close()


@asynccontextmanager
async def linked(socket_path: Path) -> AsyncIterator[tuple[PanelLink, Stage]]:
    stage = Stage()
    link = PanelLink(socket_path, stage)
    running = asyncio.create_task(link.run())
    try:
        yield link, stage
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def shows(stage: Stage, pins: Pins | None) -> None:
    async with asyncio.timeout(5):
        async for scene in stage.watch():
            if scene.pins == pins:
                return


async def comes_true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  asks another thread's object, which sets no event
            await asyncio.sleep(0.01)


def test_link__lamps_change__shows_the_pins_own_levels(panel: SimulatedPanel, socket_path: Path) -> None:
    async def following() -> None:
        async with linked(socket_path) as (_, stage):
            await shows(stage, Pins(red=False, green=False))
            panel.show(RED)
            await shows(stage, Pins(red=True, green=False))

    asyncio.run(following())


def test_link__press_and_release__move_the_button(panel: SimulatedPanel, socket_path: Path) -> None:
    async def pressing() -> None:
        async with linked(socket_path) as (link, stage):
            await shows(stage, Pins(red=False, green=False))
            link.press("hand")
            await comes_true(panel.button_is_down)
            link.release("hand")
            await comes_true(lambda: not panel.button_is_down())

    asyncio.run(pressing())


def test_link__two_hands__the_button_stays_down_until_the_last_leaves(panel: SimulatedPanel, socket_path: Path) -> None:
    async def pressing() -> None:
        async with linked(socket_path) as (link, stage):
            await shows(stage, Pins(red=False, green=False))
            link.press("one")
            link.press("other")
            link.release("one")
            link.release("nobody")
            await comes_true(panel.button_is_down)
            await asyncio.sleep(0.2)
            assert panel.button_is_down()
            link.release("other")
            await comes_true(lambda: not panel.button_is_down())

    asyncio.run(pressing())


def test_link__ends_with_a_hand_on_the_button__lets_go(panel: SimulatedPanel, socket_path: Path) -> None:
    async def pressing() -> None:
        async with linked(socket_path) as (link, stage):
            await shows(stage, Pins(red=False, green=False))
            link.press("hand")
            await comes_true(panel.button_is_down)
        await comes_true(lambda: not panel.button_is_down())

    asyncio.run(pressing())


def test_press__recorder_away__says_so(socket_path: Path) -> None:
    async def pressing() -> None:
        async with linked(socket_path) as (link, _):
            with pytest.raises(PanelAwayError, match="not running"):
                link.press("hand")

    asyncio.run(pressing())


def test_link__recorder_ends_and_comes_back__lamps_go_dark_and_nobody_presses(socket_path: Path) -> None:
    async def following() -> None:
        first = SimulatedPanel(PINS, socket_path)
        first.show(RED)
        async with linked(socket_path) as (link, stage):
            await shows(stage, Pins(red=True, green=False))
            link.press("hand")
            await asyncio.to_thread(first.close)
            await shows(stage, None)
            second = SimulatedPanel(PINS, socket_path)
            await shows(stage, Pins(red=False, green=False))
            assert not second.button_is_down()
            link.press("hand")  # the old press is forgotten, so this one counts
            await comes_true(second.button_is_down)
            await asyncio.to_thread(second.close)

    asyncio.run(following())


def test_link__other_end_talks_nonsense__is_left_and_tried_again(socket_path: Path) -> None:
    answers = [b"nonsense\n", b'{"red": true}\n', b"x" * 100_000, b'{"red":true,"green":false,"heartbeat":0}\n']

    left: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.pop(0))
        left.append(await reader.read())
        writer.close()

    async def following() -> None:
        server = await asyncio.start_unix_server(answer, socket_path)
        async with linked(socket_path) as (_, stage):
            await shows(stage, Pins(red=True, green=False))
        await comes_true(lambda: len(left) == 4)
        server.close()

    asyncio.run(following())
    assert left == [b""] * 4
