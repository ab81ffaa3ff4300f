"""Who receives the next recording: the public key that the app handed over last, kept across restarts."""

import json
import os
from pathlib import Path

from firmware.errors import FirmwareError
from firmware.tape import Recipient


class RecipientUnusable(FirmwareError):
    """What was handed over is no public key; the last recipient stands."""


class RecipientFile:
    """A file of one public key; no secret, but whoever could replace it would receive what is recorded next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._current = _read(path)

    @property
    def current(self) -> Recipient | None:
        """None until somebody was handed over, and when the file cannot be read: then the app has to do it again."""
        return self._current

    def keep(self, recipient: Recipient) -> None:
        """The recipient is on the disk when this returns; a power cut leaves the last one or this one."""
        temporary = self._path.with_suffix(".new")
        temporary.touch(mode=0o600)
        with temporary.open("w", encoding="utf-8") as file:
            json.dump({"public_key": recipient.public_key.hex()}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        _sync_folder(self._path.parent)
        self._current = recipient


def recipient_from_hex(public_key: str) -> Recipient:
    """Raises RecipientUnusable."""
    try:
        return Recipient(bytes.fromhex(public_key))
    except ValueError as error:
        raise RecipientUnusable(
            "What the page handed over is not a public key. Sign in on the page again, so that it hands over yours."
        ) from error


def _read(path: Path) -> Recipient | None:
    try:
        return recipient_from_hex(json.loads(path.read_text(encoding="utf-8"))["public_key"])
    except (OSError, ValueError, LookupError, TypeError, RecipientUnusable):
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
