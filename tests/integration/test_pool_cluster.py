"""Dask behind the door, for real, with one worker; what it hears with is a gate, so that an order can be seen."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import dask
import pytest
from support.pool import Pool

from app.asr.protocol import window_head
from app.asr.transcriber import Heard, Window
from app.domain import Context
from app.pool import task
from app.pool.cluster import Cluster, cluster
from app.pool.hello import Hello, Model
from app.pool.membership import Role
from app.pool.quiet import SETTINGS
from app.pool.security import PoolSecurity
from app.pool.worker import PagelessWorker, offered

WITHIN_S = 240.0
PATIENT = {"distributed.scheduler.worker-ttl": f"{WITHIN_S:g}s"}  # a machine that is busy with other tests is not gone


@pytest.fixture(autouse=True)
def nobody_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a test says otherwise, as it may have to wait for other tests."""
    for name in ("BEGUN_WITHIN_S", "SILENT_FOR_S"):
        monkeypatch.setattr(f"app.pool.cluster.{name}", WITHIN_S)


class Gate:
    """A Transcriber that hears when it is let, and notes for whom."""

    at_once = 1

    def __init__(self) -> None:
        self.open = threading.Event()
        self.order = list[str]()

    def hear(self, window: Window) -> Heard:
        self.order.append("live" if window.live else "later")
        assert self.open.wait(WITHIN_S)
        return Heard((), 1, Context(), "model")


def run(folder: Path, gate: Gate, play: Callable[[Cluster, PagelessWorker], Awaitable[None]]) -> None:
    """Play it with a scheduler and a worker that listens through the gate."""

    async def all_of_it() -> None:
        with dask.config.set(SETTINGS | PATIENT):
            async with asyncio.timeout(WITHIN_S), running(folder, gate) as (pool, worker):
                try:
                    await play(pool, worker)
                finally:
                    gate.open.set()

    asyncio.run(all_of_it())


@asynccontextmanager
async def running(folder: Path, gate: Gate) -> AsyncIterator[tuple[Cluster, PagelessWorker]]:
    pool, hello = Pool(folder), Hello.own(Model.pinned("base"))
    security = PoolSecurity(pool.enrol("worker-1", Role.WORKER), Role.WORKER)
    task.be(task.Worker("clinic/worker-1", Model.pinned("base"), gate))
    scheduler = pool.enrol("scheduler-2", Role.SCHEDULER)
    address = f"tls://127.0.0.1:{pool.place.scheduler_port}"
    async with (
        cluster(scheduler, pool.place, "127.0.0.1", hello) as one,
        offered(address, security, "worker-1", "127.0.0.1", 1) as worker,
    ):
        yield one, worker


def asked(pool: Cluster, number: int, *, live: bool) -> "asyncio.Task[dict[str, Any]]":
    pcm = bytes([number]) * 3200
    return asyncio.create_task(pool.hear(window_head(Window(pcm, final=True, live=live)), pcm))


async def until(true: Callable[[], bool]) -> None:
    while not true():  # noqa: ASYNC110  nobody is told
        await asyncio.sleep(0.02)


def test_windows_of_a_session_that_goes_on__go_before_those_of_sessions_that_ended(tmp_path: Path) -> None:
    gate = Gate()

    async def play(pool: Cluster, worker: PagelessWorker) -> None:
        waiting = [asked(pool, 0, live=False)]
        await until(lambda: bool(gate.order))
        waiting += [asked(pool, number, live=False) for number in range(1, 6)]
        await until(lambda: len(worker.state.tasks) == len(waiting))  # all of them are the worker's already
        waiting += [asked(pool, number, live=True) for number in (6, 7)]
        await until(lambda: len(worker.state.tasks) == len(waiting))
        gate.open.set()
        assert all("error" not in said for said in await asyncio.gather(*waiting))

    run(tmp_path, gate, play)
    assert gate.order == ["later", "live", "live", *["later"] * 5]


def test_window__whose_machine_says_nothing_any_more__is_left_to_its_box(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()

    async def play(pool: Cluster, worker: PagelessWorker) -> None:
        waiting = asked(pool, 0, live=True)
        await until(lambda: bool(gate.order))
        monkeypatch.setattr("app.pool.cluster.SILENT_FOR_S", 2.0)
        worker.periodic_callbacks["heartbeat"].stop()
        assert await waiting == {"away": True}
        assert pool.workers == []
        monkeypatch.setattr("app.pool.cluster.SILENT_FOR_S", WITHIN_S)
        worker.periodic_callbacks["heartbeat"].start()
        await until(lambda: pool.workers == ["worker-1"])

    run(tmp_path, gate, play)


def test_window__that_no_machine_begins_with__is_left_to_its_box_and_the_one_being_heard_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()

    async def play(pool: Cluster, worker: PagelessWorker) -> None:
        heard = asked(pool, 0, live=False)
        await until(lambda: bool(gate.order))
        await until(lambda: any(one.executing for one in pool._scheduler.workers.values()))
        monkeypatch.setattr("app.pool.cluster.BEGUN_WITHIN_S", 2.0)
        assert await asked(pool, 1, live=False) == {"away": True}
        await until(lambda: len(worker.state.tasks) == 1)  # the worker knows that nobody waits for it any more
        gate.open.set()
        assert (await heard)["machine"] == "clinic/worker-1"

    run(tmp_path, gate, play)
    assert gate.order == ["later"]
