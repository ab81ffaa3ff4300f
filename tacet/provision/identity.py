"""What this box is and no other: a number born at its first start, and the name that follows from it."""

import secrets
from pathlib import Path

from app.durable import write_private

BOX_ID_FILE = "box-id"
ID_BYTES = 8
NAME_DIGITS = 4  # of the number, in the name: enough to tell a clinic's boxes apart


def box_id(folder: Path) -> str:
    """The box's number in hex, the same at every start. No secret: it stands in the name. Raises OSError."""
    path = folder / BOX_ID_FILE
    try:
        kept = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        kept = ""
    if len(kept) == 2 * ID_BYTES and set(kept) <= set("0123456789abcdef"):
        return kept
    born = secrets.token_hex(ID_BYTES)
    write_private(path, f"{born}\n".encode())
    return born


def own_name(number: str) -> str:
    """The name of a box that tacet.toml does not name."""
    return f"tacet-{number[:NAME_DIGITS]}"
