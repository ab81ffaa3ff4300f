"""`tacet pool scheduler`: the pool's door and what stands behind it. Holds no keys of any box, writes nothing."""

import asyncio
import contextlib
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from app.discovery import pool_announced
from app.pool.cluster import cluster
from app.pool.door import door
from app.pool.hello import Hello, Model
from app.pool.membership import Membership
from app.pool.quiet import be_quiet
from app.systemd import telling_systemd

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SchedulerOptions:
    folder: Path
    model: str
    listen: str = "0.0.0.0"  # noqa: S104  boxes and workers are on the clinic's network
    announce: bool = True  # by mDNS, where the door is


def run_scheduler(options: SchedulerOptions) -> int:
    """Serve until SIGTERM.

    Raises:
        PoolError, ModelUnknown: with a sentence.
    """
    be_quiet()
    hello = Hello.own(Model.pinned(options.model))
    asyncio.run(_serve(options, hello))
    return 0


async def _serve(options: SchedulerOptions, hello: Hello) -> None:
    membership = Membership(options.folder)
    place = membership.place()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    async with (
        cluster(membership, place, options.listen, hello) as hearing,
        door(membership, place, options.listen, hello, hearing) as (_, port),
        _announced(options, place.pool, port),
        telling_systemd(os.environ),
    ):
        log.info("%s serves boxes at port %d, workers at %d", place.pool, port, place.scheduler_port)
        await ending.wait()
    log.info("ended")


def _announced(options: SchedulerOptions, pool: str, port: int) -> contextlib.AbstractAsyncContextManager[None]:
    if not options.announce:
        return contextlib.nullcontext()
    return pool_announced(pool, port, options.listen)
