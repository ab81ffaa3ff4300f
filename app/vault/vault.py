import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.domain import Receipt
from app.vault.account import DATABASE_FILE, KEYS_FOLDER, Account, account_of, list_accounts, make_vault, vault_folder
from app.vault.account_file import AccountFile, read_account_file, write_account_file
from app.vault.appointments import AppointmentStore
from app.vault.approvals import ApprovalStore
from app.vault.audit_trail import AuditTrail
from app.vault.clients import ClientStore
from app.vault.consents import ConsentStore
from app.vault.credentials import check_passphrase
from app.vault.database import Database
from app.vault.erasures import ErasureStore
from app.vault.errors import NoSuchVault, VaultLocked, WrongRecoveryCode, storage_refused
from app.vault.goals import GoalStore
from app.vault.hearings import HearingStore
from app.vault.keeping import KeepingStore
from app.vault.keyring import (
    VaultKeys,
    open_with_passphrase,
    open_with_recovery_code,
    process_key_with_passphrase,
    process_key_with_recovery_code,
    with_new_passphrase,
)
from app.vault.keys import DEFAULT_COST, Cost, key_from_passphrase, new_salt
from app.vault.note_search import NoteSearch
from app.vault.notes import NoteStore
from app.vault.process_notes import Place, ProcessNotes
from app.vault.reviews import ReviewStore
from app.vault.search import SearchStore
from app.vault.second_step import SecondStep, keep_second_step, read_second_step
from app.vault.session_keys import SessionKeys
from app.vault.sessions import SessionStore
from app.vault.worked_out import Shelf
from firmware.tape import TapeHead, open_session_key


class Vault:
    """An unlocked vault: its keys lie in this process's memory until `lock`. Thread-safe.

    `unlock` and `recover` raise, besides what they name:
        NoSuchVault: There is no vault in this folder.
        VaultDamaged, VaultTooNew, VaultFull, VaultFailed: The message says what to do.
    """

    account: Account
    sessions: SessionStore
    hearings: HearingStore
    approvals: ApprovalStore
    erasures: ErasureStore
    notes: NoteStore
    note_search: NoteSearch
    goals: GoalStore
    audit: AuditTrail  # who did what to which id in this vault
    clients: ClientStore
    appointments: AppointmentStore
    consents: ConsentStore
    keeping: KeepingStore
    search: SearchStore
    reviews: ReviewStore
    process_notes: ProcessNotes  # closed: the keys of an unlocked vault do not open them

    def __init__(self, folder: Path, stored: AccountFile, keys: VaultKeys) -> None:
        """Called by `unlock`, `recover` and `Vaults` alone."""
        self.account = account_of(stored)
        self._keys: VaultKeys | None = keys
        self._folder = folder
        self._database = Database.open(folder / DATABASE_FILE, keys.database_key)
        self._session_keys = SessionKeys(folder / KEYS_FOLDER, stored.vault_id)
        self._shelf = Shelf()
        self.sessions = SessionStore(self._database, shelf=self._shelf)
        self.hearings = HearingStore(self._database)
        self.approvals = ApprovalStore(self._database)
        self.erasures = ErasureStore(self._database, self._shelf)
        self.notes = NoteStore(self._database)
        self.note_search = NoteSearch(self._database)
        self.goals = GoalStore(self._database)
        self.audit = AuditTrail(self._database, stored.vault_id)
        self.clients = ClientStore(self._database)
        self.appointments = AppointmentStore(self._database)
        self.consents = ConsentStore(self._database)
        self.keeping = KeepingStore(self._database)
        self.search = SearchStore(self._database)
        self.reviews = ReviewStore(self._database)
        self.process_notes = ProcessNotes(folder, stored.vault_id)

    @classmethod
    def unlock(cls, folder: Path, passphrase: str) -> "Vault":
        """Open the vault in this folder.

        Raises:
            WrongPassphrase: Ask again.
        """
        stored = read_account_file(folder)
        return cls(folder, stored, open_with_passphrase(stored, passphrase))

    @classmethod
    def recover(cls, folder: Path, recovery_code: str, new_passphrase: str, *, cost: Cost = DEFAULT_COST) -> "Vault":
        """Open the vault and give it a new passphrase. The recovery code stays valid.

        Raises:
            WrongRecoveryCode, WeakPassphrase: Ask again; the old passphrase, if anybody knows it, is still valid.
        """
        return cls(folder, *_recovered(folder, recovery_code, new_passphrase, cost))

    def lock(self) -> None:
        """Wait for what is running, close the database and drop the keys. Safe to call twice."""
        self._database.close()
        self._shelf.clear()
        self._keys = None

    def second_step(self) -> SecondStep:
        """What a sign-in asks for besides the passphrase."""
        return read_second_step(self._folder, self.account.vault_id, self._opened.vault_key)

    def keep_second_step(self, asked: SecondStep) -> None:
        """Ask for this from the next sign-in on.

        Raises:
            VaultFull, VaultFailed: The storage refused; what was asked for still is.
        """
        try:
            keep_second_step(self._folder, self.account.vault_id, self._opened.vault_key, asked)
        except OSError as error:
            refusal = storage_refused(error)
        else:
            return
        raise refusal

    def session_key(self, session_id: str) -> bytes | None:
        """The key of a session's tape in clear; None where the vault keeps none (any more)."""
        return self._session_keys.get(self._opened.vault_key, session_id)

    def keep_session_key(self, session_id: str, key: bytes) -> None:
        """Keep the key of a session's tape, wrapped under the vault key, durable on return."""
        self._session_keys.keep(self._opened.vault_key, session_id, key)

    def drop_session_key(self, session_id: str) -> None:
        """Overwrite and remove the key. The tape's own head still holds it for this vault until that is erased."""
        self._session_keys.drop(session_id)

    def erase(self, receipt: Receipt) -> Receipt:
        """Erase a withdrawn session from the vault, its key first, and give the receipt that was kept. Idempotent.

        The tape is not touched: erase it before.
        """
        self.drop_session_key(receipt.session_id)
        return self.erasures.erase(receipt)

    def open_tape_key(self, head: TapeHead) -> bytes:
        """The key in clear of a tape that was sealed to this vault.

        Raises:
            firmware.tape.WrongKey: It was sealed to another vault.
        """
        return open_session_key(head, self._opened.tape_key)

    @property
    def _opened(self) -> VaultKeys:
        keys = self._keys
        if keys is None:
            raise VaultLocked("The vault is locked. Sign in again to go on.")
        return keys


@dataclass(frozen=True, slots=True)
class Proven:
    """A passphrase that was right, with the keys in clear; the vault is not open by it yet."""

    folder: Path
    stored: AccountFile
    keys: VaultKeys = field(repr=False)

    @property
    def vault_id(self) -> str:
        return self.stored.vault_id

    def second_step(self) -> SecondStep:
        """What is asked for besides, as it is now: another sign-in may have used a code meanwhile."""
        return read_second_step(self.folder, self.vault_id, self.keys.vault_key)

    def has_recovery_code(self, typed: str) -> bool:
        try:
            open_with_recovery_code(self.stored, typed)
        except WrongRecoveryCode:
            return False
        return True


class Vaults:
    """The box's vaults, and which of them are unlocked in this process. Thread-safe.

    Each unlocked vault is one `Vault`, however many browsers signed in: it stays unlocked until `lock`.
    """

    def __init__(self, vaults_dir: Path, *, cost: Cost = DEFAULT_COST) -> None:
        self._vaults_dir = vaults_dir
        self.cost = cost  # of a guess at a passphrase that is set from now on
        self._unlocked: dict[str, Vault] = {}
        self._registry = threading.Lock()

    def accounts(self) -> list[Account]:
        """Everybody's, by name."""
        return list_accounts(self._vaults_dir)

    def create(self, name: str, passphrase: str) -> tuple[Vault, str]:
        """Make a vault. It is unlocked already; its recovery code exists nowhere else, so show it once.

        Raises:
            InvalidName, WeakPassphrase: Ask again.
            VaultFull, VaultFailed: The storage refused; no vault was made.
        """
        new = make_vault(self._vaults_dir, name, passphrase, self.cost)
        return self._register(new.folder, new.stored, new.keys), new.recovery_code

    def unlock(self, vault_id: str, passphrase: str) -> Vault:
        """Open the vault, or prove the passphrase of one that is open already; see `prove`."""
        return self.open(self.prove(vault_id, passphrase))

    def prove(self, vault_id: str, passphrase: str) -> Proven:
        """Look whether the passphrase is right, and what else is asked for. Takes as long where there is no vault.

        Raises:
            WrongPassphrase: Ask again.
            NoSuchVault, VaultDamaged, VaultTooNew, VaultFull, VaultFailed: The message says what to do.
        """
        try:
            folder = vault_folder(self._vaults_dir, vault_id)
            stored = read_account_file(folder)
        except NoSuchVault:
            key_from_passphrase(passphrase, new_salt(), self.cost)
            raise
        return Proven(folder, stored, open_with_passphrase(stored, passphrase))

    def open(self, proven: Proven) -> Vault:
        """Open the vault for somebody who has proven all that is asked for."""
        return self._register(proven.folder, proven.stored, proven.keys)

    def recover(self, vault_id: str, recovery_code: str, new_passphrase: str) -> Vault:
        """Open the vault and give it a new passphrase; see Vault.recover."""
        folder = vault_folder(self._vaults_dir, vault_id)
        vault = self._register(folder, *_recovered(folder, recovery_code, new_passphrase, self.cost))
        vault.keep_second_step(SecondStep())  # who has lost the passphrase has often lost the phone with it
        return vault

    def change_passphrase(self, vault_id: str, old: str, new: str) -> None:
        """Lock the vault's keys with another passphrase; no data is encrypted again, the recovery code stays valid.

        Raises:
            WrongPassphrase, WeakPassphrase: Ask again; the old passphrase is still valid.
        """
        folder = vault_folder(self._vaults_dir, vault_id)
        stored = read_account_file(folder)
        keys = open_with_passphrase(stored, old)
        check_passphrase(new, stored.name)
        process_key = process_key_with_passphrase(stored, old)
        _keep_account(folder, with_new_passphrase(stored, keys, process_key, new, self.cost))

    def open_process_notes(self, vault_id: str, client_ids: Sequence[str], passphrase: str) -> tuple[Place, ...]:
        """Open the places of these clients for whoever knows the passphrase; the key over all of them is dropped.

        Raises:
            WrongPassphrase: Ask again.
            VaultLocked: The vault itself is not open.
        """
        vault = self.get(vault_id)
        if vault is None:
            raise VaultLocked("The vault is locked. Sign in again to go on.")
        process_key = process_key_with_passphrase(
            read_account_file(vault_folder(self._vaults_dir, vault_id)), passphrase
        )
        return tuple(vault.process_notes.open(one, process_key) for one in client_ids)

    def check_recovery_code(self, vault_id: str, recovery_code: str) -> None:
        """See whether this code would open the vault; nothing is opened or changed.

        Raises:
            WrongRecoveryCode: It would not.
        """
        open_with_recovery_code(read_account_file(vault_folder(self._vaults_dir, vault_id)), recovery_code)

    def unlocked(self) -> list[Vault]:
        with self._registry:
            return list(self._unlocked.values())

    def get(self, vault_id: str) -> Vault | None:
        """The vault if it is unlocked."""
        with self._registry:
            return self._unlocked.get(vault_id)

    def lock(self, vault_id: str) -> None:
        """Lock the vault for everybody; nothing happens when it is locked already."""
        with self._registry:
            vault = self._unlocked.pop(vault_id, None)
        if vault is not None:
            vault.lock()

    def lock_all(self) -> None:
        for vault in self.unlocked():
            self.lock(vault.account.vault_id)

    def _register(self, folder: Path, stored: AccountFile, keys: VaultKeys) -> Vault:
        with self._registry:
            vault = self._unlocked.get(stored.vault_id)
            if vault is None:
                vault = self._unlocked[stored.vault_id] = Vault(folder, stored, keys)
            return vault


def _recovered(folder: Path, recovery_code: str, new_passphrase: str, cost: Cost) -> tuple[AccountFile, VaultKeys]:
    """The keys that the recovery code opens; by then the account file is locked with the new passphrase."""
    stored = read_account_file(folder)
    keys = open_with_recovery_code(stored, recovery_code)
    check_passphrase(new_passphrase, stored.name)
    process_key = process_key_with_recovery_code(stored, recovery_code)
    renewed = with_new_passphrase(stored, keys, process_key, new_passphrase, cost)
    _keep_account(folder, renewed)
    return renewed, keys


def _keep_account(folder: Path, stored: AccountFile) -> None:
    try:
        write_account_file(folder, stored)
    except OSError as error:
        refusal = storage_refused(error)
    else:
        return
    raise refusal
