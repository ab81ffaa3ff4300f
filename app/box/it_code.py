"""Clinic IT's own invitation, which tacet.toml brings: with hundreds of boxes nobody waits for a therapist at each.

identity/it-code     its digest, as provisioning has taken it in
box/it-code-spent    the digest of the one that was used, or is no longer needed

It makes clinic IT's account once, as an invitation does. Another one in tacet.toml makes the account anew: whoever can
write that file has the box's card in hand.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from app.durable import make_private_folder, write_private

CODE_FILE = "it-code"
LEAST_LETTERS = 16
_SPENT_FILE = "it-code-spent"
_READER = "tacet-app"  # the group of who serves the page
_READERS_ONLY = 0o640


def leave_it_code(identity: Path, digest: str) -> None:
    """Raises OSError."""
    path = identity / CODE_FILE
    write_private(path, f"{digest}\n".encode())
    with suppress(LookupError):  # no such group in a checkout
        shutil.chown(path, group=_READER)
    path.chmod(_READERS_ONLY)


def open_it_code(identity: Path, box: Path) -> str | None:
    """The digest of the code that still makes the account."""
    left = _read(identity / CODE_FILE)
    return None if left is None or left == _read(box / _SPENT_FILE) else left


def spend_it_code(identity: Path, box: Path) -> None:
    """Raises OSError."""
    left = _read(identity / CODE_FILE)
    if left is not None:
        make_private_folder(box)
        write_private(box / _SPENT_FILE, f"{left}\n".encode())


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
