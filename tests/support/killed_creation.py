"""Makes a vault in child processes, each killed at a later step on the disk, until one gets through.

    python -m support.killed_creation VAULTS_DIR

A program of its own, since it forks: prints how many were killed and how many
vaults stand then, and ends with an error when one of those is not whole.
"""

import json
import sys
from functools import partial
from pathlib import Path

from support.killed import survives

from app.vault.account import create_account, list_accounts
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault

PASSPHRASE = "slow green river stone"
STEPS = ("open", "mkdir", "fsync", "rename", "replace", "write", "close")


def main(vaults_dir: Path) -> None:
    step = 0
    while not survives(step, STEPS, partial(create_account, vaults_dir, f"Room {step}", PASSPHRASE, cost=CHEAP_COST)):
        step += 1
    accounts = list_accounts(vaults_dir)
    for account in accounts:
        vault = Vault.unlock(vaults_dir / account.vault_id, PASSPHRASE)
        vault.sessions.list()
        vault.lock()
    visible = [path for path in vaults_dir.iterdir() if not path.name.startswith(".")]
    assert len(visible) == len(accounts), "a half-made vault shows up"
    print(json.dumps({"killed": step, "whole": len(accounts)}))  # noqa: T201  the answer to the test


main(Path(sys.argv[1]))
