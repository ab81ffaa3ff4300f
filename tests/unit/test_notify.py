import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.notify import Notifier


@pytest.fixture
def systemd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[socket.socket]:
    name = f"\0tacet-test-{tmp_path_factory.mktemp('notify').name}-{id(tmp_path_factory)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(0.2)
        yield listener


def said(systemd: socket.socket) -> list[str]:
    lines = []
    while True:
        try:
            lines += systemd.recv(4096).decode().split("\n")
        except TimeoutError:
            return lines


def notifier(systemd: socket.socket, **environment: str) -> Notifier:
    address = systemd.getsockname()
    return Notifier.from_environment({"NOTIFY_SOCKET": "@" + address[1:].decode()} | environment)


def test_notify__first_turn__is_ready_and_says_what_it_does(systemd: socket.socket) -> None:
    notifier(systemd).turned("not ready", 0)
    assert said(systemd) == ["READY=1", "STATUS=not ready"]


def test_notify__turns_without_news__say_nothing(systemd: socket.socket) -> None:
    told = notifier(systemd)
    for now_ms in range(0, 10_000, 250):
        told.turned("ready", now_ms)
    assert said(systemd).count("STATUS=ready") == 1


def test_notify__watched__beats_twice_as_often_as_asked_and_only_when_it_turns(systemd: socket.socket) -> None:
    told = notifier(systemd, WATCHDOG_USEC="10000000")
    for now_ms in range(0, 30_000, 250):
        told.turned("ready", now_ms)
    assert said(systemd).count("WATCHDOG=1") == 6
    assert said(systemd) == []


def test_notify__ending__says_so(systemd: socket.socket) -> None:
    notifier(systemd).stopping()
    assert said(systemd) == ["STOPPING=1"]


def test_notify__nobody_listens__is_harmless(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "1000000"}):
        told = Notifier.from_environment(environment)
        told.turned("ready", 0)
        told.stopping()


def test_notify__systemd_came_later__is_told_then(tmp_path: Path) -> None:
    path = tmp_path / "n"
    told = Notifier.from_environment({"NOTIFY_SOCKET": str(path)})
    told.turned("ready", 0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.settimeout(1)
        told.turned("ready", 1)
        assert said(listener) == ["READY=1", "STATUS=ready"]
