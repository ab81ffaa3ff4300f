"""Who is signed in from which browser. In memory only: a restart signs everybody out."""

import asyncio
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from app.vault.process_notes import Place

IDLE_S = 15 * 60
ABSOLUTE_S = 8 * 3600
PRIVATE_S = 5 * 60
COOKIE = "__Host-tacet"


@dataclass(slots=True)
class SignIn:
    """One browser's permission to see one vault. The vault's keys stay in the vault.

    Whoever opened a client's process notes holds the keys of those alone here, until they close them, go away for
    `PRIVATE_S`, or are signed out.
    """

    vault_id: str
    since_s: float
    seen_s: float
    recovery_code: str | None = field(default=None, repr=False)  # until its owner has shown to have it
    asked_group: int = 0  # which group of the code the page asks for
    browser: str = ""  # 8 hex digits: tells this browser from another in the audit, and opens nothing
    new_secret: str | None = field(default=None, repr=False)  # of one-time codes, until the app has shown to have it
    question: dict[str, Any] | None = field(default=None, repr=False)  # put to the browser for a new passkey
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    private: tuple[Place, ...] = field(default=(), repr=False)  # of one client, the entry itself first
    private_seen_s: float = 0.0

    def over(self, now_s: float) -> bool:
        return self.ended.is_set() or now_s - self.seen_s >= IDLE_S or now_s - self.since_s >= ABSOLUTE_S


class SignIns:
    """Thread-safe, but for `end` and `end_all`, which wake event streams and so belong to the event loop."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._by_digest: dict[bytes, SignIn] = {}
        self._seen_s: dict[str, float] = {}  # when each vault's owner was last there
        self._guard = threading.Lock()

    def begin(self, vault_id: str) -> tuple[str, SignIn]:
        """Give the token for the cookie; only its hash is kept."""
        token, now_s = secrets.token_urlsafe(32), self._clock()
        sign_in = SignIn(vault_id, now_s, now_s, browser=_digest(token).hex()[:8])
        with self._guard:
            self._forget_old(now_s)
            self._by_digest[_digest(token)] = sign_in
            self._seen_s[vault_id] = now_s
        return token, sign_in

    def find(self, token: str | None, *, touch: bool = True) -> SignIn | None:
        """Give the sign-in that this token opens; `touch` counts as a sign of life."""
        if not token:
            return None
        now_s = self._clock()
        with self._guard:
            sign_in = self._by_digest.get(_digest(token))
            if sign_in is None or sign_in.over(now_s):
                return None
            if touch:
                sign_in.seen_s = self._seen_s[sign_in.vault_id] = now_s
            return sign_in

    def count(self, vault_id: str) -> int:
        """In how many browsers this person is signed in."""
        now_s = self._clock()
        with self._guard:
            return sum(one.vault_id == vault_id and not one.over(now_s) for one in self._by_digest.values())

    def quiet_for_s(self, vault_id: str) -> float | None:
        """How long this person has not been seen; None where they never were."""
        with self._guard:
            seen_s = self._seen_s.get(vault_id)
        return None if seen_s is None else self._clock() - seen_s

    def open_private(self, sign_in: SignIn, places: tuple[Place, ...]) -> None:
        """Hold the keys of one client's process notes for this browser; those of another client are dropped."""
        with self._guard:
            sign_in.private, sign_in.private_seen_s = places, self._clock()

    def private(self, sign_in: SignIn, client_id: str) -> tuple[Place, ...]:
        """Give the keys if this browser has opened just this client's process notes; asking keeps them open."""
        now_s = self._clock()
        with self._guard:
            _close_if_old(sign_in, now_s)
            if not sign_in.private or sign_in.private[0].client_id != client_id:
                return ()
            sign_in.private_seen_s = now_s
            return sign_in.private

    def close_private(self, sign_in: SignIn) -> None:
        with self._guard:
            sign_in.private = ()

    def close_old_private(self) -> None:
        """Drop the keys of process notes that nobody has looked at for a while."""
        now_s = self._clock()
        with self._guard:
            for sign_in in self._by_digest.values():
                _close_if_old(sign_in, now_s)

    def end(self, token: str | None) -> None:
        with self._guard:
            sign_in = self._by_digest.pop(_digest(token), None) if token else None
        if sign_in is not None:
            sign_in.private = ()
            sign_in.ended.set()

    def end_all(self, vault_id: str, *, but: str | None = None) -> None:
        """Sign this person out of every browser, but of the one with this token."""
        kept = _digest(but) if but else b""
        with self._guard:
            theirs = {
                digest: one for digest, one in self._by_digest.items() if one.vault_id == vault_id and digest != kept
            }
            for digest in theirs:
                del self._by_digest[digest]
        for sign_in in theirs.values():
            sign_in.private = ()
            sign_in.ended.set()

    def _forget_old(self, now_s: float) -> None:
        self._by_digest = {digest: one for digest, one in self._by_digest.items() if not one.over(now_s)}


def _close_if_old(sign_in: SignIn, now_s: float) -> None:
    if now_s - sign_in.private_seen_s >= PRIVATE_S or sign_in.over(now_s):
        sign_in.private = ()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
