import asyncio
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.waiting import wait_until

from firmware.light import Light
from firmware.status import (
    BoxState,
    BoxStatus,
    Pause,
    Prepare,
    RecorderAway,
    RecorderClient,
    Stop,
    decode_command,
    encode,
)
from firmware.status_server import StatusServer

READY = BoxStatus(state=BoxState.READY, light=Light("off", green=True), microphone="a microphone")
RECORDING = READY.model_copy(update={"state": BoxState.RECORDING, "light": Light("on", green=False)})


@pytest.fixture
def socket_path() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tacet"))
    yield folder / "recorder.sock"
    shutil.rmtree(folder)


class Desk:
    """A status server and what it was told to do."""

    def __init__(self, socket_path: Path) -> None:
        self.commands: list[Pause | Stop | Prepare] = []
        self.server = StatusServer(socket_path, self.commands.append)
        self.server.start(READY)


@pytest.fixture
def desk(socket_path: Path) -> Iterator[Desk]:
    desk = Desk(socket_path)
    yield desk
    desk.server.close()


async def statuses(client: RecorderClient, count: int) -> list[BoxStatus | None]:
    seen: list[BoxStatus | None] = []
    async with asyncio.timeout(10):
        async for status in client.watch():
            seen.append(status)
            if len(seen) == count:
                break
    return seen


def test_status__as_a_line__comes_back_the_same() -> None:
    full = RECORDING.model_copy(update={"reasons": ("Because.",), "level_dbfs": -23.5, "session_id": "0" * 32})
    assert BoxStatus.model_validate_json(encode(full)) == full
    assert encode(full).count(b"\n") == 1


def test_status__unknown_field__is_refused() -> None:
    with pytest.raises(ValidationError):
        BoxStatus.model_validate_json(encode(READY).replace(b'"state"', b'"moods":1,"state"'))


@pytest.mark.parametrize("command", [Pause(), Stop(), Prepare(public_key="ab")])
def test_command__as_a_line__comes_back_the_same(command: Pause | Stop | Prepare) -> None:
    assert decode_command(encode(command)) == command


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"command":"start"}',
        b'{"command":"resume"}',
        b'{"command":"record"}',
        b'{"command":"pause","state":"recording"}',
        b'{"command":"prepare"}',
    ],
)
def test_command__anything_else__is_none(line: bytes) -> None:
    assert decode_command(line) is None


def test_client__connects__is_told_the_last_status_at_once(desk: Desk, socket_path: Path) -> None:
    desk.server.publish(RECORDING)
    assert asyncio.run(statuses(RecorderClient(socket_path), 1)) == [RECORDING]


def test_client__changes__come_in_order(desk: Desk, socket_path: Path) -> None:
    async def watch() -> list[BoxStatus | None]:
        watching = asyncio.create_task(statuses(RecorderClient(socket_path), 3))
        await asyncio.sleep(0.1)
        desk.server.publish(RECORDING)
        desk.server.publish(READY)
        return await watching

    assert asyncio.run(watch()) == [READY, RECORDING, READY]


@pytest.mark.parametrize("command", [Pause(), Stop(), Prepare(public_key="ab" * 32)])
def test_client__sends__the_recorder_has_it_when_it_returns(
    desk: Desk, socket_path: Path, command: Pause | Stop | Prepare
) -> None:
    asyncio.run(RecorderClient(socket_path).send(command))
    assert desk.commands == [command]


def test_client__recorder_is_away__yields_none_once_and_refuses_commands(socket_path: Path) -> None:
    async def watch() -> list[BoxStatus | None]:
        watching = asyncio.create_task(statuses(RecorderClient(socket_path), 2))
        await asyncio.sleep(1.2)  # time for three attempts
        desk = Desk(socket_path)
        seen = await watching
        desk.server.close()
        return seen

    with pytest.raises(RecorderAway, match="Use the button"):
        asyncio.run(RecorderClient(socket_path).send(Stop()))
    assert asyncio.run(watch()) == [None, READY]


def test_client__recorder_goes_and_comes_back__is_told_both(socket_path: Path) -> None:
    async def watch() -> list[BoxStatus | None]:
        desk = Desk(socket_path)
        watching = asyncio.create_task(statuses(RecorderClient(socket_path), 3))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(desk.server.close)
        await asyncio.sleep(0.1)
        desk = Desk(socket_path)
        seen = await watching
        await asyncio.to_thread(desk.server.close)
        return seen

    assert asyncio.run(watch()) == [READY, None, READY]


def test_server__a_client_talks_nonsense__goes_on(desk: Desk, socket_path: Path) -> None:
    async def talk() -> None:
        _, writer = await asyncio.open_unix_connection(socket_path)
        writer.write(b"nonsense\n" + b"x" * 200_000 + b"\n")
        await writer.drain()
        writer.close()

    asyncio.run(talk())
    asyncio.run(RecorderClient(socket_path).send(Stop()))
    assert desk.commands == [Stop()]


def test_server__a_client_reads_no_more__is_dropped_and_nobody_waits(desk: Desk, socket_path: Path) -> None:
    wide = READY.model_copy(update={"reasons": ("x" * 10_000,)})
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(socket_path))
        assert deaf.recv(10)
        for _ in range(200):
            desk.server.publish(wide)
        wait_until(lambda: not desk.server._server._clients)
    assert asyncio.run(statuses(RecorderClient(socket_path), 1)) == [wide]


def test_server__closed__leaves_no_socket(socket_path: Path) -> None:
    desk = Desk(socket_path)
    assert socket_path.stat().st_mode & 0o777 == 0o660
    desk.server.close()
    desk.server.close()
    desk.server.publish(READY)
    assert not socket_path.exists()


def test_server__socket_left_by_a_killed_recorder__is_taken_over(socket_path: Path, desk: Desk) -> None:
    again = Desk(socket_path)
    assert asyncio.run(statuses(RecorderClient(socket_path), 1)) == [READY]
    again.server.close()
