"""Makes a vault in child processes, each killed at a later step on the disk, until one gets through.

Run as a program of its own, since it forks: `killed_creation.py VAULTS_DIR` prints how many were killed and how many
vaults stand then, and ends with an error when one of those is not whole.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.vault.account import create_account, list_accounts
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault

PASSPHRASE = "slow green river stone"
STEPS = ("open", "mkdir", "fsync", "rename", "replace", "write", "close")


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


def survives(vaults_dir: Path, step: int) -> bool:
    child = os.fork()
    if child == 0:
        kill_at(step)
        create_account(vaults_dir, f"Therapist {step}", PASSPHRASE, cost=CHEAP_COST)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def main(vaults_dir: Path) -> None:
    step = 1
    while not survives(vaults_dir, step):
        step += 1
    accounts = list_accounts(vaults_dir)
    for account in accounts:
        vault = Vault.unlock(vaults_dir / account.vault_id, PASSPHRASE)
        vault.sessions.list()
        vault.lock()
    visible = [path for path in vaults_dir.iterdir() if not path.name.startswith(".")]
    assert len(visible) == len(accounts), "a half-made vault shows up"
    print(json.dumps([step - 1, len(accounts)]))  # noqa: T201  the answer to the test


main(Path(sys.argv[1]))
