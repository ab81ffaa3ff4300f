import signal
import subprocess
import sys
import threading

import pytest

from firmware.__main__ import _quit_on
from firmware.hands import Hands
from firmware.inbox import Inbox, Quit

# In a process of its own, as the recorder is: libraries that other tests have loaded may have a say in signals.
TOLD_TO_END = """
import signal, sys
from firmware.__main__ import _quit_on
from firmware.inbox import Inbox, Quit
inbox = Inbox()
crashed = _quit_on(inbox)
signal.raise_signal(int(sys.argv[1]))
assert inbox.get(timeout=1) == Quit()
assert not crashed.is_set()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_recorder__told_to_end__quits_and_has_not_crashed(number: signal.Signals) -> None:
    subprocess.run([sys.executable, "-c", TOLD_TO_END, str(int(number))], check=True, timeout=60)


def test_recorder__one_of_its_threads_dies__quits_as_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("a mistake in the program")

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        inbox = Inbox()
        crashed = _quit_on(inbox)
        Hands()(fail)
        assert inbox.get(timeout=5) == Quit()
        assert crashed.is_set()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
