"""Who is signed in from which browser. In memory only: a restart signs everybody out."""

import asyncio
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

IDLE_S = 15 * 60
ABSOLUTE_S = 8 * 3600
COOKIE = "__Host-tacet"


@dataclass(slots=True)
class SignIn:
    """One browser's permission to see one vault. It holds no key: those stay in the vault."""

    vault_id: str
    since_s: float
    seen_s: float
    recovery_code: str | None = field(default=None, repr=False)  # until its owner has shown to have it
    asked_group: int = 0  # which group of the code the page asks for
    browser: str = ""  # 8 hex digits: tells this browser from another in the audit, and opens nothing
    ended: asyncio.Event = field(default_factory=asyncio.Event)

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

    def end(self, token: str | None) -> None:
        with self._guard:
            sign_in = self._by_digest.pop(_digest(token), None) if token else None
        if sign_in is not None:
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
            sign_in.ended.set()

    def _forget_old(self, now_s: float) -> None:
        self._by_digest = {digest: one for digest, one in self._by_digest.items() if not one.over(now_s)}


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
