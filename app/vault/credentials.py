"""What a vault may be called and how strong a passphrase must be, said in sentences."""

import unicodedata
from collections.abc import Iterable

from app.vault.errors import InvalidName, WeakPassphrase
from app.vault.strength import strength_of

NAME_LIMIT = 80
PASSPHRASE_MINIMUM = 12
PASSPHRASE_LIMIT = 1000


def check_name(name: str, taken: Iterable[str] = ()) -> str:
    """The name as it will be shown: NFC, without spaces around it or runs of spaces within.

    Raises:
        InvalidName: The sentence asks for what is missing.
    """
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy:
        raise InvalidName("Enter your name, as clients and colleagues know you.")
    if len(tidy) > NAME_LIMIT:
        raise InvalidName(f"The name is longer than {NAME_LIMIT} letters. Enter a shorter one.")
    if not tidy.isprintable():
        raise InvalidName("The name holds a character that cannot be shown. Type it again instead of pasting it.")
    if _folded(tidy) in {_folded(other) for other in taken}:
        raise InvalidName("Somebody on this box has this name already. Add an initial or a title.")
    return tidy


def check_passphrase(passphrase: str, name: str = "") -> None:
    """Let a passphrase pass that is long enough and hard enough to guess to protect a vault, whatever it is made of.

    `name` is its owner's, the first thing that a guesser tries.

    Raises:
        WeakPassphrase: The sentence says what is asked for.
    """
    length = len(unicodedata.normalize("NFKC", passphrase).strip())
    if length < PASSPHRASE_MINIMUM:
        raise WeakPassphrase(
            f"The passphrase needs at least {PASSPHRASE_MINIMUM} characters; four or five unrelated words are good."
        )
    if length > PASSPHRASE_LIMIT:
        raise WeakPassphrase(f"The passphrase is longer than {PASSPHRASE_LIMIT} characters. Choose a shorter one.")
    if not strength_of(passphrase, [name[:NAME_LIMIT]]).enough:
        raise WeakPassphrase(
            "This passphrase is easy to guess. Take four or five words that do not belong together; no name, no date."
        )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
