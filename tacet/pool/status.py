"""`tacet pool status`."""

import argparse
import contextlib
import json
from typing import Any

from app.pool.connection import PoolConnection
from app.pool.errors import PoolAway, PoolRefused
from app.pool.membership import Membership
from tacet.pool.near import near


def status(args: argparse.Namespace) -> int:
    """Print what the pool does now; exit code 1 where nobody hears."""
    membership = Membership(args.folder)
    place = membership.place()
    try:
        with contextlib.closing(PoolConnection(membership, None)) as connection:
            said = connection.ask({"ask": "status"}, b"")
    except PoolAway as error:
        raise PoolAway(
            f"The pool at {place.host} port {place.door_port} does not answer. Is `tacet pool scheduler` running "
            f"there, and is this machine still a member? {near()}"
        ) from error
    except PoolRefused as error:
        raise PoolRefused(str(error)) from error
    if args.json:
        print(json.dumps(said))
    elif args.prometheus:
        print("\n".join(metrics(said)))
    else:
        print("\n".join(lines(said)))
    return 0 if said["workers"] else 1


def lines(said: dict[str, Any]) -> list[str]:
    """For people."""
    workers = ", ".join(said["workers"]) or "none: boxes hear by themselves"
    shown = [
        f"pool {said['pool']}",
        f"workers: {workers}",
        f"windows in work: {said['queued']}",
        f"seconds of sound a second, over five minutes: {said['sound_s_a_second']:.2f}",
    ]
    shown += [
        f"{name}: {one['windows']} windows, {one['sound_s']:.0f} s of sound; "
        f"the last took {one['waited_s']:.1f} s, waits now for {one['lag_s']:.1f} s"
        for name, one in sorted(said["boxes"].items())
    ]
    return shown


def metrics(said: dict[str, Any]) -> list[str]:
    """For Prometheus. Names of boxes are the clinic's own; none of a person."""
    shown = [
        f"tacet_pool_workers {len(said['workers'])}",
        f"tacet_pool_windows_in_work {said['queued']}",
        f"tacet_pool_sound_seconds_per_second {said['sound_s_a_second']}",
    ]
    for name, one in sorted(said["boxes"].items()):
        shown += [
            f'tacet_pool_box_windows_total{{box="{name}"}} {one["windows"]}',
            f'tacet_pool_box_sound_seconds_total{{box="{name}"}} {one["sound_s"]}',
            f'tacet_pool_box_last_wait_seconds{{box="{name}"}} {one["waited_s"]}',
            f'tacet_pool_box_lag_seconds{{box="{name}"}} {one["lag_s"]}',
        ]
    return shown
