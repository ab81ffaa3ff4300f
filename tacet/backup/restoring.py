"""Puts a backup back, and proves one without touching the live data."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.durable import make_private_folder, sync_folder
from app.errors import TacetError
from app.vault.account_file import read_account_file
from app.vault.vault import Vault
from firmware.tape import TapeReader, read_head
from tacet.backup.copying import Progress
from tacet.backup.repository import BackupFailed, Repository, Snapshot

UNFINISHED = ".restoring-"


def restore(repository: Repository, data_dir: Path, name: str | None = None, told: Progress | None = None) -> Snapshot:
    """Put a snapshot into an empty folder. All of it is checked before any of it stands where the box looks.

    Called again after a kill it goes on, and ends with the same.

    Raises:
        BackupFailed: The folder is not empty, or the backup is damaged; nothing was put in place.
    """
    snapshot = repository.read(name)
    draft = data_dir / f"{UNFINISHED}{snapshot.name}"
    if not draft.is_dir() and data_dir.is_dir() and any(data_dir.iterdir()):
        raise BackupFailed(f"{data_dir} holds something already, which restoring would mix up. Name an empty folder.")
    make_private_folder(draft)
    missing = [entry for entry in snapshot.entries if not (data_dir / entry.path).exists()]
    for number, entry in enumerate(missing):
        if told:
            told(number, len(missing))
        repository.fetch(entry, draft / entry.path)
    if told:
        told(len(missing), len(missing))
    _put_in_place(draft, data_dir)
    return snapshot


def _put_in_place(draft: Path, data_dir: Path) -> None:
    for path in sorted(draft.rglob("*")):
        place = data_dir / path.relative_to(draft)
        if path.is_dir():
            make_private_folder(place)
            continue
        path.rename(place)
        sync_folder(place.parent)
    shutil.rmtree(draft)
    sync_folder(data_dir)


@dataclass(frozen=True, slots=True)
class Proof:
    """What of a vault in a backup could be opened."""

    name: str
    sessions: int
    recordings: int  # whose every second could be opened
    events: int  # of an unbroken audit trail


def prove(restored: Path, ask: Callable[[str], str]) -> list[Proof]:
    """Open each vault of a restored copy whose passphrase is given, and everything in it.

    Args:
        restored: A folder of its own, never the live data.
        ask: Gives the passphrase of the person of this name, "" to leave that one out.

    Raises:
        BackupFailed: Something in it does not open.
        TacetError: The passphrase is wrong, or the vault damaged.
    """
    proofs = []
    for folder in sorted((restored / "vaults").glob("*")):
        if not (folder / "account.json").is_file():
            continue
        proof = _prove_vault(folder, restored / "tapes", ask)
        if proof:
            proofs.append(proof)
    return proofs


def _prove_vault(folder: Path, tapes: Path, ask: Callable[[str], str]) -> Proof | None:
    name = read_account_file(folder).name
    passphrase = ask(name)
    if not passphrase:
        return None
    vault = Vault.unlock(folder, passphrase)
    try:
        broken = vault.audit.verify()
        if broken:
            raise BackupFailed(f"The events of {name} in this backup were changed: {broken.why}.")
        sessions = vault.sessions.list()
        recordings = sum(_opens(vault, tapes / row.head.session_id) for row in sessions)
        return Proof(name, len(sessions), recordings, vault.audit.head().events)
    finally:
        vault.lock()


def _opens(vault: Vault, tape: Path) -> bool:
    """Whether the recording is there; raises BackupFailed where it is and does not open."""
    if not tape.is_dir():
        return False
    try:
        key = vault.session_key(tape.name)
        reader = TapeReader(tape, key if key is not None else vault.open_tape_key(read_head(tape)))
        second = reader.head.sample_rate_hz
        for first in range(0, reader.samples, second):
            reader.read_pcm(first, min(second, reader.samples - first))
    except TacetError:
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, its text may not come out
        problem = type(error).__name__
    else:
        return True
    raise BackupFailed(f"The recording {tape.name[:8]} in this backup does not open ({problem}). Name an earlier one.")
