"""A file for a USB stick: encrypted with age, whole or not there. The one file that imports pyrage."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyrage

from app.errors import TacetError

SHORTEST_PASSPHRASE = 12


class UnusableSecret(TacetError):
    """Neither an age recipient nor a passphrase that protects anything. Ask again."""


class StickFailed(TacetError):
    """The stick is not there, full, or was pulled. Nothing half written is left under the file's name."""


@dataclass(frozen=True, slots=True)
class Stick:
    name: str
    folder: Path


def seal(content: bytes, secret: str) -> bytes:
    """Encrypt for an age recipient ("age1...") or with a passphrase. The secret is kept nowhere.

    Raises:
        UnusableSecret: Ask again.
    """
    secret = secret.strip()
    if secret.startswith("age1"):
        try:
            sealed: bytes = pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(secret)])
        except (pyrage.RecipientError, pyrage.EncryptError):
            raise UnusableSecret("This is no age recipient. Check that all of it was copied.") from None
        return sealed
    if len(secret) < SHORTEST_PASSPHRASE:
        raise UnusableSecret(
            f"A passphrase for a stick has at least {SHORTEST_PASSPHRASE} characters, as sticks get lost. Type more."
        )
    locked: bytes = pyrage.passphrase.encrypt(content, secret)
    return locked


def list_sticks(media_dir: Path) -> list[Stick]:
    """The sticks that are mounted below the folder, by name."""
    try:
        folders = sorted(one for one in media_dir.iterdir() if one.is_dir() and not one.is_symlink())
        return [Stick(one.name, one) for one in folders if _is_other_device(one, media_dir)]
    except OSError:
        return []


def write_to_stick(stick: Stick, name: str, sealed: bytes) -> Path:
    """Write the file through to the stick; under its name it is whole or not there.

    Raises:
        StickFailed: The sentence says what to do.
    """
    path = stick.folder / name
    draft = stick.folder / f".{name}.part"
    try:
        with draft.open("xb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(stick.folder)
    except OSError:
        with suppress(OSError):
            draft.unlink()
    else:
        return path
    raise StickFailed(
        "The stick was pulled, is full or cannot be written, so the file is not on it. Put it in again and export anew."
    )


def _is_other_device(folder: Path, parent: Path) -> bool:
    return folder.stat().st_dev != parent.stat().st_dev


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
