"""What is typed to make a machine a member: two halves of 80 bits.

One is the beginning of the authority's fingerprint, by which the newcomer knows that it talks with the clinic's pool;
the other a secret, by which the pool knows the newcomer.
"""

import secrets
from dataclasses import dataclass, field

from app.box.invitations import ALPHABET
from app.pool.errors import PoolRefused

HALF_BYTES = 10
_BITS = 5  # a letter of Crockford's Base32
_LETTERS = HALF_BYTES * 2 * 8 // _BITS
_READS_AS = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class Code:
    authority: bytes  # the beginning of the fingerprint
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, fingerprint: bytes) -> "Code":
        """`fingerprint` is of the authority's certificate."""
        return cls(fingerprint[:HALF_BYTES], secrets.token_bytes(HALF_BYTES))

    @classmethod
    def read(cls, written: str) -> "Code":
        """As a person types it.

        Raises:
            PoolRefused: It cannot be a code.
        """
        letters = "".join(written.upper().replace("-", " ").split()).translate(_READS_AS)
        if len(letters) != _LETTERS or not set(letters) <= set(ALPHABET):
            raise PoolRefused(f"This is no code: one has {_LETTERS} letters and digits. Type it as it was shown.")
        number = 0
        for letter in letters:
            number = number << _BITS | ALPHABET.index(letter)
        both = number.to_bytes(2 * HALF_BYTES, "big")
        return cls(both[:HALF_BYTES], both[HALF_BYTES:])

    def written(self) -> str:
        number = int.from_bytes(self.authority + self.secret, "big")
        letters = [ALPHABET[number >> place * _BITS & 31] for place in reversed(range(_LETTERS))]
        return "-".join("".join(letters[at : at + 4]) for at in range(0, _LETTERS, 4))
