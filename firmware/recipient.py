"""Who receives the next recording, and what is known of it.

The public key that the app handed over last is kept across restarts. What it said of one session counts for that
session alone, and is forgotten with a restart: nobody's appointment and nobody's consent is taken for the next one's.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never

from firmware.errors import FirmwareError
from firmware.tape import Recipient


class RecipientUnusable(FirmwareError):
    """What was handed over is no public key; the last recipient stands."""


ConsentPolicy = Literal["refuse", "warn", "allow"]  # where no written consent is on file

CONSENT_REQUIRED = (
    "No written consent is on file for the next session, and this clinic requires it. Enter it on the page before you "
    "begin."
)
CONSENT_UNSEEN = "No written consent is on file for the next session. Make sure that you have it before you begin."


@dataclass(frozen=True, slots=True)
class Preparation:
    """What the app knows of the next session."""

    appointment_id: str | None = None  # opaque, 32 hex digits
    consent_on_file: bool = False  # the client's written consent


UNPREPARED = Preparation()


class RecipientFile:
    """A file of one public key; no secret, but whoever could replace it would receive what is recorded next."""

    def __init__(self, path: Path, consent_policy: ConsentPolicy = "warn") -> None:
        self._path = path
        self._current = _read(path)
        self._consent_policy: ConsentPolicy = consent_policy
        self.next = UNPREPARED

    @property
    def current(self) -> Recipient | None:
        """None until somebody was handed over, and when the file cannot be read: then the app has to do it again."""
        return self._current

    @property
    def refusal(self) -> str | None:
        """Why the next session must not begin yet."""
        return CONSENT_REQUIRED if self._consent_policy == "refuse" and not self.next.consent_on_file else None

    @property
    def warning(self) -> str | None:
        """What to make sure of before it begins."""
        match self._consent_policy:
            case "warn":
                return None if self.next.consent_on_file else CONSENT_UNSEEN
            case "refuse" | "allow":
                return None
            case _:
                assert_never(self._consent_policy)

    def begin_session(self) -> Preparation:
        """What was prepared counts for this session, and for no other."""
        preparation, self.next = self.next, UNPREPARED
        return preparation

    def keep(self, recipient: Recipient, preparation: Preparation = UNPREPARED) -> None:
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
        self.next = preparation


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
