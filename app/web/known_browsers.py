"""Recognises a browser in which somebody has signed in before. It opens nothing; it only gets a hearing of its own."""

import hmac
import secrets
from hashlib import sha256
from pathlib import Path

from app.durable import make_private_folder, write_private

HOLDS_S = 180 * 24 * 3600
_KEY_FILE = "known-browsers-key"
_KEY_BYTES = 32


def known_cookie(vault_id: str) -> str:
    """The cookie's name: one for each account that has used this browser."""
    return f"__Host-tacet-known-{sha256(vault_id.encode(errors='replace')).hexdigest()[:8]}"


class KnownBrowsers:
    """Tokens that only this box can make, so that nothing is kept of them."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where the storage refuses."""
        self._key = _read_or_make_key(folder)

    def token(self, vault_id: str) -> str:
        nonce = secrets.token_hex(16)
        return f"{nonce}.{self._proof(vault_id, nonce)}"

    def knows(self, vault_id: str, token: str | None) -> bool:
        """Whether this browser has opened this account before."""
        nonce, _, proof = (token or "").partition(".")
        return hmac.compare_digest(self._proof(vault_id, nonce).encode(), proof.encode(errors="replace"))

    def _proof(self, vault_id: str, nonce: str) -> str:
        said = f"{vault_id}\0{nonce}".encode(errors="replace")
        return hmac.new(self._key, said, sha256).hexdigest()


def _read_or_make_key(folder: Path) -> bytes:
    path = folder / _KEY_FILE
    key = path.read_bytes() if path.is_file() else b""
    if len(key) != _KEY_BYTES:
        make_private_folder(folder)
        key = secrets.token_bytes(_KEY_BYTES)
        write_private(path, key)
    return key
