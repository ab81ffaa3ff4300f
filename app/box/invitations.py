"""One-time codes that let somebody make an account: the first printed on the box's console, later ones by colleagues.

box/setup-code          the first code in clear, mode 0600, until the box has an account
box/invitations.json    digests of the codes that were given out, and until when they hold
"""

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from app.box.it_code import open_it_code, spend_it_code
from app.durable import erase_private, make_private_folder, write_private

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's Base32: nothing that looks like something else
CODE_LETTERS = 8  # 40 bits, and guesses are slowed down
HOLDS_S = 24 * 3600
SETUP_CODE_FILE = "setup-code"
_INVITATIONS_FILE = "invitations.json"
_READS_AS = str.maketrans("OIL", "011")  # Source: Crockford's Base32, "Decode symbol"


class Role(StrEnum):
    """What an account made with a code may do."""

    THERAPIST = "therapist"  # has a vault of their own
    CLINIC_IT = "clinic_it"  # reaches the box, never content


@dataclass(frozen=True, slots=True)
class Invitation:
    digest: str  # SHA-256 of the code
    role: Role
    until_s: float  # UTC epoch


class Invitations:
    """Thread-safe. Raises OSError where the storage refuses."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time, identity: Path | None = None) -> None:
        """`identity` is where provisioning has left clinic IT's code, if there is one."""
        self._identity = folder.parent / "identity" if identity is None else identity
        self._folder = folder
        self._clock = clock
        self._guard = threading.Lock()

    def first_code(self) -> str:
        """The code that sets the box up; the same until `spend` has taken it."""
        with self._guard:
            code = read_setup_code(self._folder)
            if code is None:
                code = _new_code()
                make_private_folder(self._folder)
                write_private(self._folder / SETUP_CODE_FILE, f"{code}\n".encode())
            return code

    def invite(self, role: Role) -> str:
        """Give a code that holds for a day, once. It stands nowhere in clear: show it now."""
        code = _new_code()
        with self._guard:
            standing = [*self._standing(), Invitation(digest_of(code), role, self._clock() + HOLDS_S)]
            self._keep(standing)
        return code

    def role_of(self, typed: str) -> Role | None:
        """What this code lets somebody become; None when it is none, spent or too old."""
        with self._guard:
            digest, first = digest_of(typed), read_setup_code(self._folder)
            if first is not None and secrets.compare_digest(digest, digest_of(first)):
                return Role.THERAPIST
            of_it = open_it_code(self._identity, self._folder)
            if of_it is not None and _same(of_it, digest):
                return Role.CLINIC_IT
            matching = [one for one in self._standing() if _same(one.digest, digest)]
            return matching[0].role if matching else None

    def spend(self, typed: str) -> None:
        """Let this code work no more, nor the first one: somebody is there now to invite.

        Clinic IT's from tacet.toml leaves the first one as it is: no therapist is there yet.
        """
        with self._guard:
            of_it = open_it_code(self._identity, self._folder)
            if of_it is not None and _same(of_it, digest_of(typed)):
                spend_it_code(self._identity, self._folder)
                return
            erase_private(self._folder / SETUP_CODE_FILE)
            self._keep([one for one in self._standing() if one.digest != digest_of(typed)])

    def _standing(self) -> list[Invitation]:
        try:
            kept = json.loads((self._folder / _INVITATIONS_FILE).read_bytes())
            found = [Invitation(str(one["digest"]), Role(one["role"]), float(one["until_s"])) for one in kept]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError, RecursionError):  # damaged: whoever holds a code asks for another
            return []
        now_s = self._clock()
        return [one for one in found if now_s < one.until_s <= now_s + HOLDS_S]  # a clock set back renews nothing

    def _keep(self, standing: list[Invitation]) -> None:
        make_private_folder(self._folder)
        write_private(self._folder / _INVITATIONS_FILE, json.dumps([asdict(one) for one in standing]).encode())


def read_setup_code(folder: Path) -> str | None:
    """The code that sets this box up, while it has to be set up."""
    try:
        return (folder / SETUP_CODE_FILE).read_text(encoding="ascii").strip() or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _same(kept: str, digest: str) -> bool:
    return secrets.compare_digest(kept.encode(errors="replace"), digest.encode())


def _new_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    return f"{letters[:4]}-{letters[4:]}"


def digest_of(typed: str) -> str:
    """What is kept of a code, however it was typed."""
    letters = "".join(one for one in typed.upper() if one.isalnum()).translate(_READS_AS)
    return sha256(letters.encode(errors="replace")).hexdigest()
