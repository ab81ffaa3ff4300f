import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

from app.systemd import handed_over_socket, telling_systemd

TAKES_OVER = """
import os, sys
from app.systemd import handed_over_socket
listener = handed_over_socket(os.environ | {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"})
with listener, listener.accept()[0] as connection:
    connection.sendall(b"taken over")
"""


def test_handed_over_socket__made_by_the_unit__is_listened_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(tmp_path / "page.sock"))
        listener.listen()
        client.settimeout(60)
        client.connect(str(tmp_path / "page.sock"))
        program = f"import os; os.dup2({listener.fileno()}, 3)\n{TAKES_OVER}"
        subprocess.run([sys.executable, "-c", program], check=True, pass_fds=[listener.fileno()], timeout=60)
        assert client.recv(100) == b"taken over"


def test_handed_over_socket__meant_for_another_process__is_left_alone() -> None:
    assert handed_over_socket({"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "1"}) is None
    assert handed_over_socket({}) is None


def told(notify: socket.socket, lines: int) -> list[bytes]:
    notify.settimeout(60)
    return [notify.recv(100) for _ in range(lines)]


def test_telling_systemd__with_a_watchdog__is_ready_beats_and_stops(tmp_path: Path) -> None:
    async def live(environment: dict[str, str]) -> list[bytes]:
        async with telling_systemd(environment):
            return await asyncio.to_thread(told, notify, 3)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify.sock"))
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify.sock"), "WATCHDOG_USEC": "20000"}
        assert asyncio.run(live(environment)) == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        while (line := told(notify, 1)[0]) == b"WATCHDOG=1":
            pass
        assert line == b"STOPPING=1"


def test_telling_systemd__where_there_is_none__does_nothing() -> None:
    async def live() -> None:
        async with telling_systemd({}):
            pass

    asyncio.run(live())
