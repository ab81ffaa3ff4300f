"""Clinic IT's account: one for the box, in box/clinic-it.json. It holds no key, so it can open nothing."""

import hmac
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.durable import make_private_folder, write_private
from app.errors import TacetError
from app.vault.credentials import check_passphrase
from app.vault.keys import DEFAULT_COST, Cost, key_from_passphrase, new_salt

_FILE = "clinic-it.json"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="hex", val_json_bytes="hex")

    salt: bytes = Field(repr=False)
    memory_kib: int = Field(ge=8, le=1 << 20)
    passes: int = Field(ge=1, le=64)
    lanes: int = Field(ge=1, le=16)
    proof: bytes = Field(repr=False)  # SHA-256 of what the passphrase derives to


class ItAccount:
    """Any thread; one Argon2 at a time, as for vaults."""

    def __init__(self, folder: Path, cost: Cost = DEFAULT_COST) -> None:
        self._folder = folder
        self._cost = cost

    @property
    def exists(self) -> bool:
        return (self._folder / _FILE).is_file()

    def set_passphrase(self, passphrase: str) -> None:
        """Make the account, or give it another passphrase.

        Raises:
            WeakPassphrase: Ask again.
            OSError: The storage refused.
        """
        check_passphrase(passphrase, "clinic it")
        salt, cost = new_salt(), self._cost
        proof = _proof(passphrase, salt, cost)
        stored = _Stored(salt=salt, memory_kib=cost.memory_kib, passes=cost.passes, lanes=cost.lanes, proof=proof)
        make_private_folder(self._folder)
        write_private(self._folder / _FILE, stored.model_dump_json().encode())

    def verify(self, passphrase: str) -> bool:
        """Whether this is the passphrase. Takes as long where there is no account.

        Raises:
            TacetError: The account's file is damaged.
        """
        try:
            stored = _Stored.model_validate_json((self._folder / _FILE).read_bytes())
        except FileNotFoundError:
            _proof(passphrase, new_salt(), self._cost)
            return False
        except ValidationError:
            damaged = True
        else:
            damaged = False
        if damaged:
            raise TacetError("Clinic IT's account cannot be read. Ask a therapist for a new invitation.")
        cost = Cost(stored.memory_kib, stored.passes, stored.lanes)
        return hmac.compare_digest(_proof(passphrase, stored.salt, cost), stored.proof)


def _proof(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    return sha256(key_from_passphrase(passphrase, salt, cost)).digest()
