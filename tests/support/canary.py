"""Looks for something that must not be there, in the raw bytes of files and in the forms it could have taken."""

import base64
from collections.abc import Iterator
from pathlib import Path


def forms_of(needle: bytes) -> Iterator[bytes]:
    yield needle
    yield needle[1:-1:2]  # the high bytes alone, as 8-bit sound
    yield b"".join(needle[at + 1 : at + 2] + needle[at : at + 1] for at in range(0, len(needle) - 1, 2))
    yield needle.hex().encode()
    for start in range(3):
        yield base64.b64encode(needle[start : start + (len(needle) - start) // 3 * 3])


def files_with_canary(folder: Path, needle: bytes) -> list[Path]:
    """The files below a folder that hold the needle (at least 16 bytes) in any form."""
    assert len(needle) >= 16
    forms = list(forms_of(needle))
    found = []
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if any(form in content for form in forms):
            found.append(path)
    return found
