"""The Transcriber port on Dask: windows become tasks, and workers answer them. Runs in the scheduler's process."""

import asyncio
import hmac
import json
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from distributed import Client, Future, Scheduler
from distributed.metrics import time
from distributed.scheduler import KilledWorker, WorkerState

from app.pool.errors import PoolRefused
from app.pool.hello import Hello, hello_from, refuse_other_model, refuse_other_version
from app.pool.membership import Membership, Place, Role
from app.pool.security import PoolSecurity
from app.pool.task import Answered, Asked, hear
from app.pool.tls import keep_cutting

log = logging.getLogger(__name__)

LIVE_FIRST = 10  # a window of a session that goes on now, before all others
LOOK_EVERY_S = 1.0
SILENT_FOR_S = 6.0  # a worker says twice a second that it is there; every two seconds where there are 200
BEGUN_WITHIN_S = 20.0  # else the box hears it: nothing was done for it yet, so nothing is thrown away


class PagelessScheduler(Scheduler):
    """Dask's, without its HTTP server, and with a question that workers ask before they offer themselves."""

    def __init__(self, hello: Hello, security: PoolSecurity, **options: Any) -> None:
        super().__init__(dashboard=False, security=security, **options)
        self._hello = hello
        self._pool_security = security
        self.handlers["tacet_admit"] = self._admit

    def start_http_server(self, *_: Any, **__: Any) -> None:
        """Open no port but the one for workers."""

    async def _admit(self, comm: Any = None, hello: dict[str, Any] | None = None) -> dict[str, str]:  # noqa: ARG002
        try:
            other = hello_from(hello or {})
            refuse_other_version(self._hello, other, "The worker")
            assert self._hello.model is not None
            refuse_other_model(self._hello.model, other.model, "The worker")
        except PoolRefused as error:
            return {"refused": str(error)}
        except (KeyError, TypeError, ValueError):
            return {"refused": "The worker does not say what it is. Update it."}
        return {"revoked": self._pool_security.listening.revoked.pem()}


class Cluster:
    """Hears windows on whatever workers there are. One event loop; holds speech in clear until a window is answered."""

    def __init__(self, scheduler: PagelessScheduler, client: Client, hello: Hello) -> None:
        self._scheduler = scheduler
        self._client = client
        self._hello = hello.head()
        self._secret = secrets.token_bytes(32)

    @property
    def workers(self) -> list[str]:
        """Those that were heard of a moment ago."""
        return sorted(str(one.name) for one in self._scheduler.workers.values() if not self._silent(one))

    @property
    def queued(self) -> int:
        """Windows that wait for a worker or are being heard."""
        return len(self._scheduler.tasks)

    async def hear(self, head: dict[str, Any], pcm: bytes) -> dict[str, Any]:
        """Give the answer for a box, `error` with a sentence, or `away` to have it hear by itself.

        Cancelled, the window is forgotten. A window that is asked for again, after a connection broke, is the same
        task: its name is a keyed hash of it.
        """
        priority = LIVE_FIRST if head.get("live") else 0
        asked = Asked(self._hello, head, pcm)
        future = self._client.submit(hear, asked, key=self._name(head, pcm), priority=priority, pure=False)
        answering, asked_s = asyncio.create_task(_answer_of(future)), time()
        try:
            while not (await asyncio.wait({answering}, timeout=LOOK_EVERY_S))[0]:
                why = self._hopeless(future, time() - asked_s)
                if why:
                    log.warning("a window is left to its box: %s", why)
                    return {"away": True}
            found: dict[str, Any] = json.loads(answering.result().encoded)
        except KilledWorker:
            log.warning("a window is left to its box: machines died over it")
            return {"away": True}
        finally:
            answering.cancel()
            future.release()
        return found

    def _hopeless(self, future: "Future[Answered]", waited_s: float) -> str:
        """Why it is not worth waiting any longer; "" where it is."""
        task = self._scheduler.tasks.get(future.key)
        worker = task.processing_on if task else None
        if worker and self._silent(worker):
            return "the machine that has it says nothing any more"  # frozen, unplugged, cut off
        begun = worker and task in worker.executing
        return "" if begun or waited_s < BEGUN_WITHIN_S else "no machine has begun to listen to it"

    @staticmethod
    def _silent(worker: WorkerState) -> bool:
        return time() - worker.last_seen > SILENT_FOR_S

    def _name(self, head: dict[str, Any], pcm: bytes) -> str:
        """Tell nothing of the window to who reads it, in a log or elsewhere; the key is made at each start."""
        mac = hmac.new(self._secret, json.dumps(head, sort_keys=True).encode(), sha256)
        mac.update(pcm)
        return f"hear-{mac.hexdigest()[:32]}"


async def _answer_of(future: "Future[Answered]") -> Answered:
    answered: Answered = await future
    return answered


@asynccontextmanager
async def cluster(membership: Membership, place: Place, listen: str, hello: Hello) -> AsyncIterator[Cluster]:
    """Run a scheduler for this pool's workers, and ask it."""
    security = PoolSecurity(membership, Role.SCHEDULER)
    scheduler = PagelessScheduler(hello, security, protocol="tls://", host=listen, port=place.scheduler_port)
    async with scheduler:
        address = scheduler.address
        async with Client(
            address, security=security, asynchronous=True, set_as_default=False, direct_to_workers=False
        ) as client:
            looking = asyncio.create_task(keep_cutting(security.close_revoked))
            try:
                yield Cluster(scheduler, client, hello)
            finally:
                looking.cancel()
