"""The recovery code: 160 random bits that a person writes down once and types back, perhaps years later.

Eight groups of four characters hold the bits, a ninth holds their check. The characters are Crockford's base 32: no
I, L, O or U, so a reader cannot mistake one for another, and what they type instead is understood.
Source: https://www.crockford.com/base32.html
"""

import hashlib
import os

from app.vault.errors import WrongRecoveryCode

RECOVERY_BYTES = 20
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_BITS_A_CHARACTER = 5
_GROUP = 4
_DIGITS = RECOVERY_BYTES * 8 // _BITS_A_CHARACTER
_LENGTH = _DIGITS + _GROUP


def new_recovery_bits() -> bytes:
    return os.urandom(RECOVERY_BYTES)


def spell(bits: bytes) -> str:
    """The code as it is shown: nine groups of four with hyphens. `bits` are 20 bytes. This is a key in clear."""
    characters = _digits(bits) + _check(bits)
    return "-".join(characters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def read(typed: str) -> bytes:
    """The 20 bytes of a code as typed: small or capital letters, with or without hyphens and spaces, O for 0, I for 1.

    Raises:
        WrongRecoveryCode: It cannot be a recovery code; the message says what to look for.
    """
    characters = "".join(one for one in typed.upper() if one.isalnum()).translate(_LOOKALIKES)
    _refuse_foreign(characters)
    if len(characters) != _LENGTH:
        raise WrongRecoveryCode(
            f"A recovery code has {_LENGTH} letters and digits, and this one has {len(characters)}. "
            "Compare it with your copy, group by group."
        )
    number = 0
    for one in characters[:_DIGITS]:
        number = number << _BITS_A_CHARACTER | _ALPHABET.index(one)
    bits = number.to_bytes(RECOVERY_BYTES, "big")
    if _check(bits) != characters[_DIGITS:]:
        raise WrongRecoveryCode(
            "The recovery code has a typing mistake. Compare it with your copy, group by group, and try again."
        )
    return bits


def _refuse_foreign(characters: str) -> None:
    if any(one not in _ALPHABET for one in characters):
        raise WrongRecoveryCode(
            "A recovery code has only digits and the letters A to Z without U. "
            "Compare it with your copy, group by group, and try again."
        )


def _digits(bits: bytes) -> str:
    number = int.from_bytes(bits, "big")
    shifts = range((_DIGITS - 1) * _BITS_A_CHARACTER, -1, -_BITS_A_CHARACTER)
    return "".join(_ALPHABET[number >> shift & 31] for shift in shifts)


def _check(bits: bytes) -> str:
    """Four characters that a mistyped code matches once in a million."""
    return _digits(hashlib.sha256(b"tacet recovery check 1" + bits).digest()[:RECOVERY_BYTES])[:_GROUP]
