"""Gives every call to a microphone an end, whatever the device or the sound server does."""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING

from firmware.errors import FirmwareError
from firmware.microphone import MicrophoneStuck

if TYPE_CHECKING:
    from collections.abc import Callable

    from firmware.microphone import BlockSink, Microphone


class BoundedMicrophone:
    """A microphone whose calls return in time: what hangs is left behind in a thread of its own.

    Sound stops when `close` is called, even if the device never answers. An `open` that was given up closes the device
    again should it ever succeed. As long as a call hangs, the microphone has a problem and is not touched again.
    """

    def __init__(self, inner: Microphone, *, open_timeout_s: float = 5.0, close_timeout_s: float = 1.5) -> None:
        self._inner = inner
        self._open_timeout_s = open_timeout_s
        self._close_timeout_s = close_timeout_s
        self._gate = _Gate(None)
        self._hanging: _Call | None = None

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def ended(self) -> bool:
        return self._inner.ended

    def problem(self) -> str | None:
        found: list[str | None] = []
        try:
            self._run(lambda: found.append(self._inner.problem()), self._open_timeout_s)
        except FirmwareError as error:
            return str(error)
        return found[0]

    def rewind(self) -> None:
        self._inner.rewind()

    def open(self, on_block: BlockSink) -> None:
        self._gate = _Gate(on_block)
        try:
            self._run(partial(self._inner.open, self._gate), self._open_timeout_s, undo=self._inner.close)
        except FirmwareError:
            self._gate.shut()
            raise

    def close(self) -> None:
        self._gate.shut()
        self._run(self._inner.close, self._close_timeout_s)

    def _run(self, work: Callable[[], None], timeout_s: float, undo: Callable[[], None] | None = None) -> None:
        if self._hanging is not None and self._hanging.is_running():
            raise _stuck()
        call = _Call(work, undo)
        self._hanging = None if call.returns_within(timeout_s) else call
        if self._hanging is not None:
            raise _stuck()
        call.raise_error()


class _Gate:
    """Lets blocks through until it is shut; after that not one."""

    def __init__(self, on_block: BlockSink | None) -> None:
        self._on_block = on_block
        self._passing = threading.Lock()

    def __call__(self, block: bytes, *, overflowed: bool) -> None:
        with self._passing:
            if self._on_block is not None:
                self._on_block(block, overflowed=overflowed)

    def shut(self) -> None:
        with self._passing:
            self._on_block = None


class _Call:
    """One call in a thread of its own, which is given up when it takes too long."""

    def __init__(self, work: Callable[[], None], undo: Callable[[], None] | None) -> None:
        self._work = work
        self._undo = undo
        self._settling = threading.Lock()
        self._given_up = False
        self._returned = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="microphone call", daemon=True)
        self._thread.start()

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def returns_within(self, timeout_s: float) -> bool:
        """Waits, and gives the call up when it takes longer."""
        self._returned.wait(timeout_s)
        with self._settling:
            self._given_up = not self._returned.is_set()
        return not self._given_up

    def raise_error(self) -> None:
        """What the work raised, if it did."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001  handed to the thread that waits
            self._error = error
        with self._settling:
            self._returned.set()
            too_late = self._given_up
        if too_late and self._undo is not None:
            with contextlib.suppress(Exception):  # nobody waits for this any more
                self._undo()


def _stuck() -> MicrophoneStuck:
    return MicrophoneStuck("The microphone does not answer. Unplug it and plug it in again.")
