"""`tacet pool worker`: a machine that hears for boxes. Sound is in its memory while it listens, and nowhere else."""

import asyncio
import logging
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Worker as DaskWorker
from distributed.core import rpc

from app.asr.device import Asked as AskedDevice
from app.asr.whisper import WhisperTranscriber
from app.pool import task
from app.pool.errors import PoolRefused
from app.pool.hello import Hello, Model
from app.pool.membership import Membership, RevokedList, Role
from app.pool.quiet import be_quiet
from app.pool.security import PoolSecurity
from app.pool.tls import keep_cutting
from models import locate

log = logging.getLogger(__name__)

AGAIN_AFTER_S = 1.0  # after the scheduler went away
REFRESH_EVERY_S = 60.0  # the list of revoked certificates


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    folder: Path
    models_dir: Path
    model: str
    threads: int = 0  # for the model; 0: one a core
    device: AskedDevice = "auto"
    listen: str = ""  # the address that the scheduler reaches it at; "": found by itself


class PagelessWorker(DaskWorker):
    """Dask's, without its HTTP server."""

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Open no port but the one for the scheduler."""


def run_worker(options: WorkerOptions) -> int:
    """Load the model, offer it to the pool, and go on until SIGTERM.

    Raises:
        PoolError, ModelError: with a sentence; also where the scheduler wants another version or model.
    """
    be_quiet()
    membership = Membership(options.folder)
    place, name = membership.place(), membership.name()
    model = Model.pinned(options.model)
    folder = locate(options.models_dir, options.model)
    transcriber = WhisperTranscriber(folder, options.model, options.threads, options.device)
    task.be(task.Worker(f"{place.pool}/{name}", model, transcriber))
    log.info("%s loaded; %d windows at a time", options.model, transcriber.at_once)
    try:
        asyncio.run(_offer(membership, Hello.own(model), options.listen, transcriber.at_once))
    except asyncio.CancelledError:
        log.info("ended")
    return 0


async def _offer(membership: Membership, hello: Hello, listen: str, at_once: int) -> None:
    this = asyncio.current_task()
    assert this is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    place, revoked = membership.place(), RevokedList(membership.folder)
    address = f"tls://{place.host}:{place.scheduler_port}"
    said_away = False
    while True:
        security = PoolSecurity(membership, Role.WORKER)
        try:
            await _admitted(address, security, hello, revoked)
            said_away = False
            await _work(address, security, membership.name(), listen, at_once)
        except PoolRefused:
            raise
        except (OSError, TimeoutError, RuntimeError) as error:
            if not said_away:
                log.warning("the scheduler at %s is away (%s)", place.host, type(error).__name__)
                said_away = True
        await asyncio.sleep(AGAIN_AFTER_S)


async def _admitted(address: str, security: PoolSecurity, hello: Hello, revoked: RevokedList) -> None:
    """Ask whether the scheduler wants what this worker is, and keep its list of revoked certificates."""
    async with rpc(address, connection_args=security.get_connection_args("worker")) as scheduler:
        said = await scheduler.tacet_admit(hello=hello.head())
    if "refused" in said:
        raise PoolRefused(said["refused"])
    revoked.take(said["revoked"])


async def _work(address: str, security: PoolSecurity, name: str, listen: str, at_once: int) -> None:
    async with offered(address, security, name, listen, at_once) as worker:
        log.info("offered to the pool")
        looking = asyncio.create_task(keep_cutting(security.close_revoked, every_s=REFRESH_EVERY_S))
        try:
            await worker.finished()  # type: ignore[no-untyped-call]
        finally:
            looking.cancel()
    log.info("the scheduler is gone")


@asynccontextmanager
async def offered(
    address: str, security: PoolSecurity, name: str, listen: str, at_once: int
) -> AsyncIterator[PagelessWorker]:
    """Let the scheduler at that address use this process; `task.be` comes first."""
    with tempfile.TemporaryDirectory(prefix="tacet-pool-") as empty:  # Dask wants one; nothing is put there
        worker = PagelessWorker(
            address,
            name=name,
            nthreads=at_once,
            memory_limit=0,  # the unit's MemoryMax= is the limit; Dask's would write to disk first
            local_directory=empty,
            security=security,
            protocol="tls://",
            host=listen or None,
            dashboard=False,
        )
        async with worker:
            yield worker
