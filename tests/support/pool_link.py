"""A box's link that says what it is told to say, on the socket where the app asks."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from app.asr.server import listen
from app.pool.link import Link
from app.pool.membership import Membership
from app.pool.seen import PoolSeen, Standing
from app.pool.watch import Watch

WITHIN_S = 120.0  # a machine that is busy with other tests is no link that is dead
REACHABLE = PoolSeen(
    standing=Standing.REACHABLE,
    since_ms=1_795_000_000_000,
    name="tacet-room-3",
    pool="clinic",
    host="192.168.7.5",
    port=8790,
    version="0.9.0",
    pool_version="0.9.0",
    model="base",
    pool_model="large-v3",
    pool_model_digest="3f2c9a7d51e04b86" * 4,
    workers=("strong-1", "strong-2"),
    queued=3,
    sound_s_a_second=6.42,
    waited_s=4.1,
    lag_s=1.2,
)
AWAY = REACHABLE.model_copy(
    update={"standing": Standing.AWAY, "sentence": "Nobody answers at 192.168.7.5 port 8790.", "workers": ()}
)
REFUSED = REACHABLE.model_copy(
    update={
        "standing": Standing.REFUSED,
        "pool_version": "0.8.2",
        "sentence": "The pool runs Tacet 0.8.2 (protocol 1), this machine 0.9.0 (protocol 1). "
        "Bring both to the same version.",
    }
)


@contextmanager
def link_that_says(run_dir: Path, seen: PoolSeen) -> Iterator[None]:
    with mock.patch("app.pool.seen.ANSWERS_WITHIN_S", WITHIN_S):
        yield from _served(run_dir, seen)


def _served(run_dir: Path, seen: PoolSeen) -> Iterator[None]:
    watch = Watch(Membership(run_dir / "pool"), "base")
    watch._seen = seen
    listener = listen(run_dir / "pool.sock")
    serving = threading.Thread(target=Link(listener, Membership(run_dir / "pool"), "base", watch).serve_forever)
    serving.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        serving.join(WITHIN_S)
        listener.close()
        (run_dir / "pool.sock").unlink()
