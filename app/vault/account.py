"""A vault's account file: what anybody may know of it, and its wrapped keys.

    vaults/<vault_id>/account.json     this file; no secret in clear
                     /vault.db         SQLCipher under the database key
                     /keys/            one wrapped session key a file
                     /process/         process notes, apart (app.vault.process_notes)

A vault appears under its name in one rename, complete, so a kill during set-up leaves none.
"""

import fcntl
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from app.durable import PRIVATE_FILE, PRIVATE_FOLDER, make_private_folder, sync_folder
from app.vault.account_file import AccountFile, read_account_file, write_account_file
from app.vault.credentials import check_name, check_passphrase
from app.vault.database import Database
from app.vault.errors import NoSuchVault, VaultDamaged, storage_refused
from app.vault.keyring import VaultKeys, make_keys
from app.vault.keys import DEFAULT_COST, Cost

DATABASE_FILE = "vault.db"
KEYS_FOLDER = "keys"

_VAULT_ID = re.compile(r"[0-9a-f]{32}")
_HALF_MADE = ".half-made-"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """What anybody may know of a vault without opening it."""

    vault_id: str  # 32 lowercase hex digits
    name: str
    public_key: bytes  # 32 bytes, raw X25519: what the recorder seals to
    created_at_ms: int  # UTC epoch

    @property
    def key_id(self) -> str:
        """The first 16 hex digits of the public key's SHA-256, as tapes name whom they are sealed to."""
        return sha256(self.public_key).hexdigest()[:16]


def account_of(stored: AccountFile) -> Account:
    return Account(stored.vault_id, stored.name, stored.public_key, stored.created_at_ms)


def vault_folder(vaults_dir: Path, vault_id: str) -> Path:
    """Where the vault of this id lives. Ids come from browsers, so anything but 32 hex digits is refused.

    Raises:
        NoSuchVault: This cannot be a vault's id.
    """
    if not _VAULT_ID.fullmatch(vault_id):
        raise NoSuchVault("This box has no such account. Go back to the start page and choose again.")
    return vaults_dir / vault_id


def list_accounts(vaults_dir: Path) -> list[Account]:
    """The box's accounts by name. A damaged one is left out, so that it keeps nobody else from signing in."""
    if not vaults_dir.is_dir():
        return []
    found = []
    for folder in vaults_dir.iterdir():
        if not _VAULT_ID.fullmatch(folder.name):
            continue
        try:
            found.append(account_of(read_account_file(folder)))
        except (VaultDamaged, NoSuchVault):
            log.warning("vault %s: the account file cannot be read", folder.name)
    return sorted(found, key=lambda account: (account.name.casefold(), account.vault_id))


@dataclass(frozen=True, slots=True)
class NewVault:
    """A vault that was just made, with its keys in clear."""

    folder: Path
    stored: AccountFile
    keys: VaultKeys = field(repr=False)
    recovery_code: str = field(repr=False)


def create_account(vaults_dir: Path, name: str, passphrase: str, *, cost: Cost = DEFAULT_COST) -> tuple[Account, str]:
    """Make a vault, locked, and tell its recovery code; see `make_vault`."""
    new = make_vault(vaults_dir, name, passphrase, cost)
    return account_of(new.stored), new.recovery_code


def make_vault(vaults_dir: Path, name: str, passphrase: str, cost: Cost) -> NewVault:
    """Make a vault. Its recovery code exists nowhere else: show it once.

    The vault is there whole and durable on return; before, and after a kill at any moment, it is not there at all.
    Thread-safe, also between processes.

    Raises:
        InvalidName, WeakPassphrase: Ask again.
        VaultFull, VaultFailed: The storage refused; no vault was made.
    """
    check_passphrase(passphrase, name)
    try:
        make_private_folder(vaults_dir)
        with _the_only_creation(vaults_dir):
            _remove_half_made(vaults_dir)
            tidy = check_name(name, [account.name for account in list_accounts(vaults_dir)])
            return _make(vaults_dir, tidy, passphrase, cost)
    except OSError as error:
        refusal = storage_refused(error)
    raise refusal


def _make(vaults_dir: Path, name: str, passphrase: str, cost: Cost) -> NewVault:
    vault_id = uuid.uuid4().hex
    stored, keys, recovery_code = make_keys(vault_id, name, passphrase, time.time_ns() // 1_000_000, cost)
    folder, half_made = vault_folder(vaults_dir, vault_id), vaults_dir / f"{_HALF_MADE}{vault_id}"
    half_made.mkdir(PRIVATE_FOLDER)
    (half_made / KEYS_FOLDER).mkdir(PRIVATE_FOLDER)
    Database.create(half_made / DATABASE_FILE, keys.database_key)
    write_account_file(half_made, stored)
    half_made.rename(folder)
    sync_folder(vaults_dir)
    return NewVault(folder, stored, keys, recovery_code)


@contextmanager
def _the_only_creation(vaults_dir: Path) -> Iterator[None]:
    """Keep two set-ups at once from taking the same name, and one from tidying away the other's half-made vault."""
    descriptor = os.open(vaults_dir / ".creating", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_half_made(vaults_dir: Path) -> None:
    for leftover in vaults_dir.glob(f"{_HALF_MADE}*"):
        shutil.rmtree(leftover, ignore_errors=True)
