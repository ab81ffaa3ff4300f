"""account.json: the public facts of a vault and its wrapped keys. No secret stands in it in clear."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.durable import write_private
from app.vault.errors import NoSuchVault, VaultDamaged
from app.vault.keys import Cost

ACCOUNT_FILE = "account.json"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="hex", val_json_bytes="hex")


class PassphraseLock(_Stored):
    """Vault key and process key under the passphrase. The bounds keep a changed file from asking for all memory."""

    kdf: Literal["argon2id"] = "argon2id"
    salt: bytes = Field(repr=False)
    memory_kib: Annotated[int, Field(ge=8, le=1 << 20)]
    passes: Annotated[int, Field(ge=1, le=64)]
    lanes: Annotated[int, Field(ge=1, le=16)]
    vault_key: bytes = Field(repr=False)
    process_key: bytes = Field(repr=False)

    @property
    def cost(self) -> Cost:
        return Cost(self.memory_kib, self.passes, self.lanes)


class RecoveryLock(_Stored):
    """Vault key and process key under the recovery code."""

    kdf: Literal["hkdf-sha256"] = "hkdf-sha256"
    salt: bytes = Field(repr=False)
    vault_key: bytes = Field(repr=False)
    process_key: bytes = Field(repr=False)


class AccountFile(_Stored):
    """The whole of account.json. Every key in it is wrapped."""

    format: Literal[1] = 1
    vault_id: str
    name: str
    created_at_ms: int
    public_key: Annotated[bytes, Field(min_length=32, max_length=32)]
    passphrase: PassphraseLock
    recovery: RecoveryLock
    database_key: bytes = Field(repr=False)
    tape_key: bytes = Field(repr=False)


def read_account_file(folder: Path) -> AccountFile:
    """The account file in the vault's folder.

    Raises:
        NoSuchVault: There is no such folder.
        VaultDamaged: The file is missing, unreadable or not this vault's.
    """
    try:
        stored = AccountFile.model_validate_json((folder / ACCOUNT_FILE).read_bytes())
    except FileNotFoundError:
        if not folder.is_dir():
            raise NoSuchVault("This box has no such account. Go back to the start page and choose again.") from None
        stored = None
    except (OSError, ValidationError):
        stored = None
    if stored is None or stored.vault_id != folder.name:
        raise VaultDamaged(
            f"The account file of vault {folder.name[:8]} cannot be read. Its recordings and transcripts are still "
            "there, encrypted; restore the account file from a backup."
        )
    return stored


def write_account_file(folder: Path, stored: AccountFile) -> None:
    """Replace the account file, whole.

    Raises:
        OSError: The storage refused; the old file stands.
    """
    write_private(folder / ACCOUNT_FILE, stored.model_dump_json(indent=1).encode())
