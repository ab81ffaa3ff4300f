"""Everything the vault does with keys: deriving, wrapping, making them. No other file of the vault imports a cipher.

    passphrase ──Argon2id──┐
                           ├─ wraps ─> vault key ─ wraps ─> database key, tape key (X25519), every session's key
    recovery code ──HKDF───┘
                           └─ also wraps ─> process key ─ wraps ─> the key of each client's process notes

The vault key never changes, so a new passphrase re-wraps 32 bytes and no data. Wrapping is AES-256-GCM with a random
nonce; the associated data names the vault and the purpose, so that a wrapped key cannot be moved to another place.
"""

import os
import threading
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.vault.errors import VaultFailed

KEY_BYTES = 32
SALT_BYTES = 16
_NONCE_BYTES = 12

# Two sign-ins at once would need twice the memory, which a box that also transcribes does not have.
_one_derivation_at_a_time = threading.Lock()


class NotOpened(Exception):
    """The key does not open what was wrapped: it is the wrong one, or the bytes were changed."""


class Purpose(StrEnum):
    """What a wrapped key is for; part of its associated data."""

    UNLOCK = "vault key under the passphrase"
    RECOVER = "vault key under the recovery code"
    DATABASE = "database key under the vault key"
    TAPE = "tape key under the vault key"
    SESSION = "session key under the vault key"
    PROCESS_UNLOCK = "process key under the passphrase"
    PROCESS_RECOVER = "process key under the recovery code"
    PROCESS_PLACE = "key of a client's process notes under the process key"
    SECOND_STEP = "second step of a sign-in under the vault key"
    IT_CODES = "one-time codes of clinic IT under its passphrase"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at the passphrase costs.

    Source: RFC 9106, section 4, the second recommended option (64 MiB, 3 passes), with one lane because a small box
    has one core to spare.
    """

    memory_kib: int
    passes: int
    lanes: int


DEFAULT_COST = Cost(memory_kib=65536, passes=3, lanes=1)
CHEAP_COST = Cost(memory_kib=8, passes=1, lanes=1)  # protects nothing: for throw-away vaults of tests


def key_from_passphrase(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    """The 32-byte key that a passphrase stands for. One at a time in this process; the others wait.

    The passphrase is brought to Unicode NFKC first, so that keyboards which compose letters differently agree.

    Raises:
        VaultFailed: There is not enough memory just now.
    """
    secret = unicodedata.normalize("NFKC", passphrase).encode(errors="surrogatepass")
    with _one_derivation_at_a_time:
        try:
            return hash_secret_raw(secret, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID)
        except HashingError:
            pass
    raise VaultFailed("The box is short of memory just now. Wait a minute and try again.")


def key_from_recovery_bits(bits: bytes, salt: bytes) -> bytes:
    """The 32-byte key that a recovery code stands for. Its bits are random, so guessing needs no slowing down."""
    return HKDF(SHA256(), KEY_BYTES, salt, b"tacet vault recovery 1").derive(bits)


def wrap(key: bytes, secret: bytes, vault_id: str, purpose: Purpose, item: str = "") -> bytes:
    """Seal the secret under the key: nonce, ciphertext, tag. It opens only for the same vault, purpose and item."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, _associated(vault_id, purpose, item))


def unwrap(key: bytes, wrapped: bytes, vault_id: str, purpose: Purpose, item: str = "") -> bytes:
    """The secret in clear.

    Raises:
        NotOpened: The key is wrong, the bytes were changed, or they were wrapped for something else.
    """
    try:
        return AESGCM(key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _associated(vault_id, purpose, item))
    except (InvalidTag, ValueError):
        pass
    raise NotOpened


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def new_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def new_tape_key() -> tuple[bytes, bytes]:
    """A raw X25519 pair: the private half in clear, and the public half for the recorder."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def public_half(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def _associated(vault_id: str, purpose: Purpose, item: str) -> bytes:
    return f"tacet vault 1\0{vault_id}\0{purpose}\0{item}".encode()
