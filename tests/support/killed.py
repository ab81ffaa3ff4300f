"""A process that dies just before one of its changes to the disk: for real, or by an exception that stands for it."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest


class Killed(BaseException):
    """No `except Exception` stops it, as none stops a kill."""


def _break_off() -> NoReturn:
    raise Killed


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def killed_before(
    step: int, names: Iterable[str], *, also: Iterable[tuple[object, str]] = (), die: Callable[[], None] = _break_off
) -> Iterator[Callable[[], int]]:
    """Within it the `step`-th call, counted from 0, of these functions of `os` and of what is `also` named kills.

    Gives how many calls were made.
    """
    made = 0

    def watched(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal made
            if made == step:
                die()
            made += 1
            return real(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for place, name in [*((os, name) for name in names), *also]:
            patch.setattr(place, name, watched(getattr(place, name)))
        yield lambda: made


def survives(step: int, names: Iterable[str], work: Callable[[], object]) -> bool:
    """Has a child of this process do `work`, killed for real before its step; whether it came to the work's end.

    For programs of their own, which no thread runs in: it forks.
    """
    child = os.fork()
    if child == 0:
        try:
            with killed_before(step, names, die=_die):
                work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0, "the work broke down by itself"
    return status == 0
