"""Clinic IT's account: one for the box, in box/clinic-it.json. It holds no key, so it can open nothing.

Its second step is a one-time code, whose secret is wrapped under what the passphrase derives to. Whoever has lost
either is invited anew by a therapist, which makes the account again without one.
"""

import hmac
import threading
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.durable import make_private_folder, write_private
from app.errors import TacetError
from app.one_time_codes import step_of
from app.vault.credentials import check_passphrase
from app.vault.keys import DEFAULT_COST, Cost, NotOpened, Purpose, key_from_passphrase, new_salt, unwrap, wrap

_FILE = "clinic-it.json"
_NAME = "clinic-it"  # what the wrapped secret belongs to

NOT_THE_ONE = "That is not clinic IT's passphrase."
NOT_BOTH = "Passphrase or code does not fit, or the code was used. Wait for the next one in your app."


class NotProven(TacetError):
    """A passphrase or a code does not fit. Nothing was changed."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="hex", val_json_bytes="hex")

    salt: bytes = Field(repr=False)
    memory_kib: int = Field(ge=8, le=1 << 20)
    passes: int = Field(ge=1, le=64)
    lanes: int = Field(ge=1, le=16)
    proof: bytes = Field(repr=False)  # SHA-256 of what the passphrase derives to
    codes: bytes | None = Field(default=None, repr=False)  # _Codes, wrapped under that


class _Codes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: str = Field(repr=False)
    last_step: int  # of the last code that was taken: none counts twice


class ItAccount:
    """Any thread; one Argon2 at a time, as for vaults.

    Every method that takes a passphrase raises:
        NotProven: Ask again; the sentence says for what.
        TacetError: The account's file is damaged.
        OSError: The storage refused; nothing was changed.
    """

    def __init__(self, folder: Path, cost: Cost = DEFAULT_COST) -> None:
        self._folder = folder
        self._cost = cost
        self._asks_for_code: bool | None = None  # as the file says, once it was read: this process alone writes it
        self._one_change = threading.Lock()  # from reading what is asked to keeping it: a code counts once

    @property
    def exists(self) -> bool:
        return (self._folder / _FILE).is_file()

    @property
    def asks_for_code(self) -> bool:
        """Whether a sign-in takes a one-time code; no secret, since the sign-in page asks for it."""
        if self._asks_for_code is None and self.exists:
            self._asks_for_code = self._read().codes is not None
        return bool(self._asks_for_code)

    def set_passphrase(self, passphrase: str) -> None:
        """Make the account, or make it anew with another passphrase and no second step.

        Raises:
            WeakPassphrase: Ask again.
        """
        check_passphrase(passphrase, "clinic it")
        salt, cost = new_salt(), self._cost
        proof = sha256(key_from_passphrase(passphrase, salt, cost)).digest()
        kept = _Stored(salt=salt, memory_kib=cost.memory_kib, passes=cost.passes, lanes=cost.lanes, proof=proof)
        with self._one_change:
            self._keep(kept)

    def sign_in(self, passphrase: str, code: str, now: datetime) -> None:
        """Prove to be clinic IT, with a code where one is asked for; takes as long where there is no account."""
        with self._one_change:
            stored, key = self._prove(passphrase)
            if stored.codes is None:
                return
            codes = _opened(key, stored.codes)
            step = step_of(codes.secret, code, now, codes.last_step)
            if step is None:
                raise NotProven(NOT_BOTH)
            self._keep_codes(stored, key, codes.model_copy(update={"last_step": step}))

    def verify(self, passphrase: str) -> None:
        """See whether this is the passphrase, for somebody who is signed in already."""
        self._prove(passphrase)

    def switch_codes_on(self, passphrase: str, secret: str, code: str, now: datetime) -> None:
        """Ask for codes of this secret from the next sign-in on; the code shows that the app has it."""
        with self._one_change:
            stored, key = self._prove(passphrase)
            step = step_of(secret, code, now)
            if step is None:
                clock = now.astimezone()
                raise NotProven(f"That code does not fit. Wait for the next one; the box says it is {clock:%H:%M}.")
            self._keep_codes(stored, key, _Codes(secret=secret, last_step=step))

    def switch_codes_off(self, passphrase: str) -> None:
        with self._one_change:
            stored, _ = self._prove(passphrase)
            self._keep(stored.model_copy(update={"codes": None}))

    def _prove(self, passphrase: str) -> tuple[_Stored, bytes]:
        stored = self._read() if self.exists else None
        if stored is None:
            key_from_passphrase(passphrase, new_salt(), self._cost)
            raise NotProven(NOT_THE_ONE)
        key = key_from_passphrase(passphrase, stored.salt, Cost(stored.memory_kib, stored.passes, stored.lanes))
        if not hmac.compare_digest(sha256(key).digest(), stored.proof):
            raise NotProven(NOT_THE_ONE if stored.codes is None else NOT_BOTH)
        return stored, key

    def _read(self) -> _Stored:
        try:
            return _Stored.model_validate_json((self._folder / _FILE).read_bytes())
        except ValidationError:
            pass
        raise _damaged()

    def _keep_codes(self, stored: _Stored, key: bytes, codes: _Codes) -> None:
        wrapped = wrap(key, codes.model_dump_json().encode(), _NAME, Purpose.IT_CODES)
        self._keep(stored.model_copy(update={"codes": wrapped}))

    def _keep(self, stored: _Stored) -> None:
        make_private_folder(self._folder)
        write_private(self._folder / _FILE, stored.model_dump_json().encode())
        self._asks_for_code = stored.codes is not None


def _opened(key: bytes, wrapped: bytes) -> _Codes:
    try:
        return _Codes.model_validate_json(unwrap(key, wrapped, _NAME, Purpose.IT_CODES))
    except (NotOpened, ValidationError):
        pass
    raise _damaged()


def _damaged() -> TacetError:
    return TacetError("Clinic IT's account cannot be read. Ask a therapist for a new invitation.")
