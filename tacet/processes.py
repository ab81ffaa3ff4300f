"""Keeps the box's processes running on a machine without systemd: `tacet run` and `tacet demo`."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.journal import ERROR
from app.own_log import LEVELS_ASKED
from tacet.confinement.rules import Confinement, confinements
from tacet.log.kept import KeptLog
from tacet.settings import load_settings

ENDS_WITHIN_S = 10.0
FIRST_RESTART_S = 0.5
LONGEST_WAIT_S = 15.0
_LONGEST_LINE = 1 << 20
_LAST_WORDS_S = 2.0  # what it started itself may hold the other end
STEADY_S = 20.0  # a process that ran for so long starts its waits afresh


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the box, as a `tacet` command line."""

    name: str
    arguments: tuple[str, ...]
    confinement: Confinement | None = None  # what it does without, where the machine lets it

    @property
    def command(self) -> list[str]:
        own = [sys.executable, "-m", "tacet", *self.arguments]
        setpriv = shutil.which(
            "setpriv"
        )  # the kernel ends it should its parent be killed: no orphan keeps a microphone
        bound = [setpriv, "--pdeathsig", "TERM", *own] if setpriv else own
        return [*self.confinement.command, *bound] if self.confinement else bound


def box_services(config: Path, *, backup: bool = False) -> list[Service]:
    """The processes in the order in which they are started; they end in the same order, the recorder first."""
    confined = confinements(load_settings(config))
    names = ("recorder", "asr", "app")
    services = [Service(name, (name, "--config", str(config)), confined[name]) for name in names]
    return [*services, Service("backup", ("backup", "--scheduled", str(config)))] if backup else services


@contextlib.asynccontextmanager
async def running(
    services: Sequence[Service], *, errors: int | None = None, log: KeptLog | None = None
) -> AsyncIterator[None]:
    """Keep the services running while the context lasts, then end them one after another.

    A service that ends by itself is started again after a wait that grows while it keeps ending.

    Args:
        services: in starting order.
        errors: a file descriptor for what they say; None is this process's own standard error.
        log: keeps what they say besides; for those without `errors`.
    """
    stops = [asyncio.Event() for _ in services]
    kept = [
        asyncio.create_task(_keep(service, stop, errors, log)) for service, stop in zip(services, stops, strict=True)
    ]
    try:
        yield
    finally:
        for stop, task in zip(stops, kept, strict=True):
            stop.set()
            await task


async def _keep(service: Service, stop: asyncio.Event, errors: int | None, log: KeptLog | None) -> None:
    wait_s = FIRST_RESTART_S
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        process = await asyncio.create_subprocess_exec(
            *service.command,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=errors if log is None else asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches only us, and we end them in order
            env=None if log is None else os.environ | {LEVELS_ASKED: "1"},
            limit=_LONGEST_LINE,
        )
        hearing = asyncio.create_task(_hear(process.stderr, service.name, log)) if process.stderr and log else None
        await _ended_or_told(process, stop)
        if hearing is not None:
            await asyncio.wait((hearing,), timeout=_LAST_WORDS_S)
            hearing.cancel()
        if stop.is_set():
            return
        if asyncio.get_running_loop().time() - began > STEADY_S:
            wait_s = FIRST_RESTART_S
        said = f"ended with code {process.returncode}; starting it again in {wait_s:g} s"
        print(f"{service.name} {said}", file=sys.stderr)
        if log is not None:
            log.tell(service.name, ERROR, said)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)


async def _hear(said: asyncio.StreamReader, name: str, log: KeptLog) -> None:
    """Keep every line and pass it on, until nobody writes any more."""
    while True:
        try:
            line = await said.readline()
        except ValueError:  # one without end
            continue
        if not line:
            return
        print(log.take(name, line.decode(errors="replace").rstrip("\n")), file=sys.stderr, flush=True)


async def _ended_or_told(process: asyncio.subprocess.Process, stop: asyncio.Event) -> None:
    """Return once the process has ended, by itself or because it was told to."""
    ended = asyncio.create_task(process.wait())
    told = asyncio.create_task(stop.wait())
    await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not ended.done():
        process.terminate()
        done, _ = await asyncio.wait((ended,), timeout=ENDS_WITHIN_S)
        if not done:
            process.kill()
            await ended
