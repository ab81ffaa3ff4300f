import ctypes
import sys
from pathlib import Path

import pytest

from firmware import clock


class Libc:
    """Answers as the kernel does; status is 32 bits at byte 40 of struct timex on 64-bit Linux."""

    def __init__(self, status: int, answer: int = 0) -> None:
        self._status, self._answer = status, answer

    def adjtimex(self, timex: ctypes.Array[ctypes.c_char]) -> int:
        timex[40:44] = self._status.to_bytes(4, sys.byteorder)
        return self._answer


@pytest.fixture(autouse=True)
def no_timesyncd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clock, "_SYNCHRONISED", tmp_path / "synchronized")


@pytest.mark.parametrize(
    ("libc", "trusted"),
    [(Libc(0x2001), True), (Libc(0x0041), False), (Libc(0x0040, answer=5), False), (Libc(0, answer=-1), False)],
    ids=["chrony", "not synchronised", "no daemon", "forbidden"],
)
def test_clock__without_timesyncd__is_trusted_when_the_kernel_was_told(
    monkeypatch: pytest.MonkeyPatch, libc: Libc, *, trusted: bool
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: libc)
    assert clock.is_trusted() is trusted


def test_clock__set_by_timesyncd__is_trusted_whatever_the_kernel_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Libc(0x40))
    (tmp_path / "synchronized").touch()
    assert clock.is_trusted()


def test_clock__this_machines_kernel__gives_an_answer() -> None:
    assert clock.is_trusted() in {True, False}
