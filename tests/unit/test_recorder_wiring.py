import signal
import threading
from collections.abc import Iterator

import pytest

from firmware.__main__ import _quit_on
from firmware.hands import Hands
from firmware.inbox import Inbox, Quit


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    yield Inbox()
    for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_recorder__told_to_end__quits_and_has_not_crashed(inbox: Inbox, number: signal.Signals) -> None:
    crashed = _quit_on(inbox)
    signal.raise_signal(number)
    assert inbox.get(timeout=1) == Quit()
    assert not crashed.is_set()


def test_recorder__one_of_its_threads_dies__quits_as_crashed(inbox: Inbox) -> None:
    def fail() -> None:
        raise RuntimeError("a mistake in the program")

    crashed = _quit_on(inbox)
    Hands()(fail)
    assert inbox.get(timeout=5) == Quit()
    assert crashed.is_set()
