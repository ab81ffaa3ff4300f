"""Withdraws tapes in child processes, each killed before a later step on the disk, until one gets through.

    python -m faults.killed_erasing FOLDER

A program of its own, since it forks. Prints one JSON line: kills, withdrawals that had begun by then (its note was
durable), tapes of these that could still be opened after the next start, files that were left of them, receipts that
were missing, tapes that were touched although nothing had begun, and the longest time that
a next start took in seconds.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.tapes import new_tape, open_tape, record_session

from firmware.tape import (
    AskedBy,
    TapeError,
    Withdrawal,
    finish_withdrawals,
    list_withdrawals,
    read_head,
    withdraw_tape,
)

STEPS = ("open", "write", "fsync", "fdatasync", "unlink", "rmdir", "rename", "ftruncate", "close")


def kill_at(step: int) -> None:
    """Let this process die just before its step-th call that touches the disk."""
    calls = 0

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **options)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def survives(folder: Path, step: int) -> bool:
    child = os.fork()
    if child == 0:
        kill_at(step)
        withdraw_tape(folder.parent, withdrawal_of(folder), lambda: 1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def withdrawal_of(folder: Path) -> Withdrawal:
    head = read_head(folder)
    return Withdrawal(head.session_id, head.key_id, AskedBy.BUTTON, 1, True, 170, head.sample_rate_hz)  # noqa: FBT003  the clock is trusted


def can_be_opened(folder: Path) -> bool:
    try:
        return open_tape(folder).samples >= 0
    except TapeError:
        return False


def main(folder: Path) -> None:
    found = dict.fromkeys(("kills", "begun", "openable", "left", "no_receipt", "touched"), 0) | {"longest_s": 0.0}
    went_through = False
    while not went_through:
        tapes_dir = folder / str(found["kills"])
        tape = new_tape(tapes_dir)
        record_session(tape)
        went_through = survives(tape.folder, int(found["kills"]) + 1)
        has_begun = bool(list_withdrawals(tapes_dir))
        started_s = time.monotonic()
        finish_withdrawals(tapes_dir, lambda: 2)
        found["longest_s"] = max(found["longest_s"], time.monotonic() - started_s)
        if has_begun:
            found["openable"] += can_be_opened(tape.folder)
            found["left"] += tape.folder.exists()
            found["no_receipt"] += [w.erased_at_ms is not None for w in list_withdrawals(tapes_dir)] != [True]
        else:
            found["touched"] += not can_be_opened(tape.folder)
        found["kills"] += not went_through
        found["begun"] += has_begun and not went_through
    print(json.dumps(found))  # noqa: T201  the answer to the bench


if __name__ == "__main__":
    main(Path(sys.argv[1]))
