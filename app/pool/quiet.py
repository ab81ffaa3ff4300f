"""Dask as a pool may have it: no web page, nothing on disk, no words in logs."""

import logging

import dask

from app.own_log import begin_log

SETTINGS = {
    # No page, no metrics over HTTP, no code loaded because a file or a variable says so.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.preload": [],
    "distributed.worker.preload": [],
    "distributed.client.preload": [],
    # Sound stays in memory: full is full, nothing is written away.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.p2p.storage.disk": False,
    "distributed.worker.use-file-locking": False,
    # A machine that is gone is missed soon; a window over which two machines died is left to the box.
    "distributed.scheduler.worker-ttl": "10s",  # looked at as often
    "distributed.scheduler.allowed-failures": 1,
    "distributed.comm.timeouts.connect": "10s",
    "distributed.comm.timeouts.tcp": "15s",
    # Windows wait where they are heard, by their priorities: in a queue of the scheduler's one of a session that goes
    # on would wait for those that were sent already.
    "distributed.scheduler.worker-saturation": float("inf"),
    # A worker may not have the scheduler run its code, nor the other way round but for tasks.
    "distributed.scheduler.blocked-handlers": ["run_function", "feed", "broadcast", "dump_cluster_state_to_url"],
    # Looking at itself a hundred times a second costs a box's worth of processor.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.tick.cycle": "10s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.log-length": 10,
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.diagnostics.nvml": False,
    # Nothing is remembered of tasks that are done.
    "distributed.admin.log-length": 0,
    "distributed.admin.low-level-log-length": 0,
    "distributed.diagnostics.erred-tasks.max-history": 0,
    "distributed.diagnostics.computations.max-history": 0,
}

FOREIGN = ("distributed", "dask", "tornado", "bokeh", "asyncio", "faster_whisper")


def be_quiet() -> None:
    """Set Dask and the logs of this process. After `distributed` was imported, which sets them its own way."""
    dask.config.set(SETTINGS)
    begin_log("pool")
    for name in [*FOREIGN, *logging.root.manager.loggerDict]:
        if name.split(".")[0] in FOREIGN:  # importing it gave some of them handlers of their own, tracebacks and all
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.NOTSET if "." in name else logging.WARNING)
