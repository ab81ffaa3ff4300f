"""Sign-ins that are half way: the passphrase was right, and the second step is asked for. In memory, for minutes.

They hold keys in clear and open nothing; what is not finished in time is dropped.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from app.vault.vault import Proven

HOLDS_S = 180
MOST_TRIES = 5
COOKIE = "__Host-tacet-half-way"


@dataclass(slots=True)
class HalfWay:
    proven: Proven = field(repr=False)
    since_s: float
    tries: int = 0
    question: dict[str, Any] | None = field(default=None, repr=False)  # that a passkey was asked


class HalfWays:
    """Thread-safe."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._by_digest: dict[bytes, HalfWay] = {}
        self._guard = threading.Lock()
        self.one_proof = threading.Lock()  # held from reading what is asked to keeping it: a code counts once

    def begin(self, proven: Proven) -> str:
        """Give the token for the cookie; only its hash is kept. An earlier one for this vault is over."""
        token = secrets.token_urlsafe(32)
        with self._guard:
            kept = {digest: one for digest, one in self._living().items() if one.proven.vault_id != proven.vault_id}
            self._by_digest = kept | {_digest(token): HalfWay(proven, self._clock())}
        return token

    def find(self, token: str | None) -> HalfWay | None:
        with self._guard:
            self._by_digest = self._living()
            return self._by_digest.get(_digest(token)) if token else None

    def end(self, token: str | None) -> None:
        """Drop the keys of this one."""
        with self._guard:
            self._by_digest.pop(_digest(token or ""), None)

    def drop_old(self) -> None:
        """Drop the keys of those that nobody finished."""
        with self._guard:
            self._by_digest = self._living()

    def _living(self) -> dict[bytes, HalfWay]:
        now_s = self._clock()
        return {
            digest: one
            for digest, one in self._by_digest.items()
            if now_s - one.since_s < HOLDS_S and one.tries < MOST_TRIES
        }


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
