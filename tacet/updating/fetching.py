"""Brings a bundle onto the data partition, going on where the last try ended; nothing counts until its hash fits."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from app.errors import TacetError
from tacet.updating.offer import Offer
from tacet.updating.server import UpdateServer

OFFERED = "offered"  # bundles that are whole; root installs what lies here
KEPT_FREE_BYTES = 2 * 1024**3  # for sessions
_READ_BYTES = 1 << 20

Told = Callable[[int], None]  # bytes that are there


class BundleDamaged(TacetError):
    """What came is not what was offered. It is fetched anew."""


class NoRoom(TacetError):
    """Sessions come first."""


def fetch(server: UpdateServer, offer: Offer, folder: Path, told: Told) -> Path:
    """Give the place of the whole bundle. `told` may raise to end it here; the next call goes on from there.

    Raises:
        ServerFailed: It broke off; call again.
        BundleDamaged, NoRoom, OSError: Nothing of it can be used.
    """
    whole = folder / OFFERED / offer.bundle
    if whole.exists():
        return whole
    part = folder / f"{offer.sha256[:16]}.part"
    drop_others(folder, {part})
    _refuse_without_room(folder, offer.size_bytes - (part.stat().st_size if part.exists() else 0))
    if not part.exists() or part.stat().st_size < offer.size_bytes:
        _go_on(server, offer, part, told)
    _check(part, offer)
    whole.parent.mkdir(mode=0o755, exist_ok=True)
    part.chmod(0o644)  # RAUC reads it
    part.rename(whole)
    return whole


def drop_others(folder: Path, kept: set[Path]) -> None:
    """Remove every other bundle, whole or in part."""
    for path in (*folder.glob("*.part"), *(folder / OFFERED).glob("*.raucb")):
        if path not in kept:
            path.unlink(missing_ok=True)


def _go_on(server: UpdateServer, offer: Offer, part: Path, told: Told) -> None:
    there = part.stat().st_size if part.exists() else 0
    with server.open(offer.bundle, there) as (begins, chunks), part.open("r+b" if there else "wb") as file:
        file.seek(begins)
        file.truncate()
        done = begins
        for chunk in chunks:
            done += len(chunk)
            if done > offer.size_bytes:
                break
            file.write(chunk)
            told(done)
        file.flush()
        os.fsync(file.fileno())
    if done > offer.size_bytes:
        part.unlink()
        raise BundleDamaged(f"{offer.bundle} on the update server is larger than its .json file says. {_AGAIN}")


_AGAIN = "Copy both files there again."


def _check(part: Path, offer: Offer) -> None:
    if part.stat().st_size < offer.size_bytes:
        raise BundleDamaged(f"{offer.bundle} ended early; the box goes on from there next time.")
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while block := file.read(_READ_BYTES):
            digest.update(block)
    if digest.hexdigest() != offer.sha256:
        part.unlink()
        raise BundleDamaged(f"{offer.bundle} is not the one that its .json file names. {_AGAIN}")


def _refuse_without_room(folder: Path, bytes_needed: int) -> None:
    if shutil.disk_usage(folder).free < bytes_needed + KEPT_FREE_BYTES:
        raise NoRoom("The storage has no room for an update. Have approved sessions' sound erased, or use a stick.")
