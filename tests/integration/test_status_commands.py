import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.light import Light
from firmware.status import BoxState, BoxStatus, Pause, RecorderAway, RecorderClient
from firmware.status_server import StatusServer

STATUS = BoxStatus(state=BoxState.READY, light=Light("off", green=True), microphone="none")


@pytest.fixture
def socket_path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tp-") as folder:  # short, for a socket
        yield Path(folder) / "recorder.sock"


def test_send__many_commands_one_after_another__all_arrive(socket_path: Path) -> None:
    arrived: list[object] = []
    server = StatusServer(socket_path, arrived.append)
    server.start(STATUS)

    async def send_all() -> None:
        client = RecorderClient(socket_path)
        for _ in range(200):
            await client.send(Pause())

    asyncio.run(send_all())
    server.close()
    assert len(arrived) == 200


def test_send__no_recorder__says_to_use_the_button(socket_path: Path) -> None:
    with pytest.raises(RecorderAway, match="button"):
        asyncio.run(RecorderClient(socket_path).send(Pause()))
