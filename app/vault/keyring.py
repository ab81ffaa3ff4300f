"""From a passphrase or a recovery code to the keys of a vault, and back into wrapped form."""

from dataclasses import dataclass, field

from app.vault.account_file import AccountFile, PassphraseLock, RecoveryLock
from app.vault.errors import VaultDamaged, WrongPassphrase, WrongRecoveryCode
from app.vault.keys import (
    Cost,
    NotOpened,
    Purpose,
    key_from_passphrase,
    key_from_recovery_bits,
    new_key,
    new_salt,
    new_tape_key,
    public_half,
    unwrap,
    wrap,
)
from app.vault.recovery import new_recovery_bits, read, spell


@dataclass(frozen=True, slots=True)
class VaultKeys:
    """The keys of an unlocked vault, in clear. They live in the app's memory only; locking drops them.

    Python frees them without wiping; what a running, unlocked box holds in memory is readable to who opens the box.
    """

    vault_key: bytes = field(repr=False)
    database_key: bytes = field(repr=False)
    tape_key: bytes = field(repr=False)  # raw X25519, private


def make_keys(
    vault_id: str, name: str, passphrase: str, created_at_ms: int, cost: Cost
) -> tuple[AccountFile, VaultKeys, str]:
    """Fresh keys for a new vault: wrapped in an account file, in clear, and the recovery code in clear."""
    tape_key, public_key = new_tape_key()
    keys = VaultKeys(vault_key=new_key(), database_key=new_key(), tape_key=tape_key)
    process_key = new_key()
    bits = new_recovery_bits()
    stored = AccountFile(
        vault_id=vault_id,
        name=name,
        created_at_ms=created_at_ms,
        public_key=public_key,
        passphrase=_passphrase_lock(vault_id, keys.vault_key, process_key, passphrase, cost),
        recovery=_recovery_lock(vault_id, keys.vault_key, process_key, bits),
        database_key=wrap(keys.vault_key, keys.database_key, vault_id, Purpose.DATABASE),
        tape_key=wrap(keys.vault_key, keys.tape_key, vault_id, Purpose.TAPE),
    )
    return stored, keys, spell(bits)


def open_with_passphrase(stored: AccountFile, passphrase: str) -> VaultKeys:
    """The vault's keys. Takes as long as one guess is meant to take.

    Raises:
        WrongPassphrase: Ask again.
        VaultDamaged: The passphrase is right and the account file is not.
    """
    lock = stored.passphrase
    key = key_from_passphrase(passphrase, lock.salt, lock.cost)
    try:
        vault_key = unwrap(key, lock.vault_key, stored.vault_id, Purpose.UNLOCK)
    except NotOpened:
        raise WrongPassphrase(
            "That passphrase does not open this vault. Try again; if you have lost it, use your recovery code."
        ) from None
    return _open(stored, vault_key)


def open_with_recovery_code(stored: AccountFile, typed: str) -> VaultKeys:
    """The vault's keys.

    Raises:
        WrongRecoveryCode: A typing mistake, or another vault's code; the message says which.
        VaultDamaged: The code is right and the account file is not.
    """
    key = key_from_recovery_bits(read(typed), stored.recovery.salt)
    try:
        vault_key = unwrap(key, stored.recovery.vault_key, stored.vault_id, Purpose.RECOVER)
    except NotOpened:
        raise WrongRecoveryCode(
            "This recovery code is typed correctly and belongs to another vault. Look for the one of this account."
        ) from None
    return _open(stored, vault_key)


def process_key_with_passphrase(stored: AccountFile, passphrase: str) -> bytes:
    """The key over all process notes: not among the keys of an unlocked vault, so it is asked for each time.

    Raises:
        WrongPassphrase: Ask again.
    """
    lock = stored.passphrase
    key = key_from_passphrase(passphrase, lock.salt, lock.cost)
    try:
        return unwrap(key, lock.process_key, stored.vault_id, Purpose.PROCESS_UNLOCK)
    except NotOpened:
        raise WrongPassphrase("That passphrase is another. Type the one that you sign in with.") from None


def process_key_with_recovery_code(stored: AccountFile, typed: str) -> bytes:
    """The same by the recovery code, to give it a new passphrase.

    Raises:
        WrongRecoveryCode: A typing mistake.
        VaultDamaged: The code does not open it.
    """
    key = key_from_recovery_bits(read(typed), stored.recovery.salt)
    try:
        return unwrap(key, stored.recovery.process_key, stored.vault_id, Purpose.PROCESS_RECOVER)
    except NotOpened:
        pass
    raise VaultDamaged("The account file of this vault was changed or damaged. Restore it from a backup.")


def with_new_passphrase(
    stored: AccountFile, keys: VaultKeys, process_key: bytes, passphrase: str, cost: Cost
) -> AccountFile:
    """The same vault under another passphrase; the recovery code stays valid and no data is encrypted again."""
    lock = _passphrase_lock(stored.vault_id, keys.vault_key, process_key, passphrase, cost)
    return stored.model_copy(update={"passphrase": lock})


def _open(stored: AccountFile, vault_key: bytes) -> VaultKeys:
    try:
        keys = VaultKeys(
            vault_key=vault_key,
            database_key=unwrap(vault_key, stored.database_key, stored.vault_id, Purpose.DATABASE),
            tape_key=unwrap(vault_key, stored.tape_key, stored.vault_id, Purpose.TAPE),
        )
    except NotOpened:
        keys = None
    # A public key that was exchanged would have the recorder seal to somebody else.
    if keys is None or public_half(keys.tape_key) != stored.public_key:
        raise VaultDamaged(
            "The account file of this vault was changed or damaged, so it was not opened. "
            "Restore the account file from a backup before the next recording."
        )
    return keys


def _passphrase_lock(
    vault_id: str, vault_key: bytes, process_key: bytes, passphrase: str, cost: Cost
) -> PassphraseLock:
    salt = new_salt()
    key = key_from_passphrase(passphrase, salt, cost)
    return PassphraseLock(
        salt=salt,
        memory_kib=cost.memory_kib,
        passes=cost.passes,
        lanes=cost.lanes,
        vault_key=wrap(key, vault_key, vault_id, Purpose.UNLOCK),
        process_key=wrap(key, process_key, vault_id, Purpose.PROCESS_UNLOCK),
    )


def _recovery_lock(vault_id: str, vault_key: bytes, process_key: bytes, bits: bytes) -> RecoveryLock:
    salt = new_salt()
    key = key_from_recovery_bits(bits, salt)
    return RecoveryLock(
        salt=salt,
        vault_key=wrap(key, vault_key, vault_id, Purpose.RECOVER),
        process_key=wrap(key, process_key, vault_id, Purpose.PROCESS_RECOVER),
    )
