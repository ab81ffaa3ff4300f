"""The box's own small database: events of the box, never of a session.

    box/box.db   SQLCipher; holds ids and times only
       /key      its raw key. It lies beside what it opens, so it keeps nothing from a thief: there is nothing to keep.

A damaged database never stops the box: it is moved aside, whole, and a new one says so in its first event.
"""

import logging
import time
from importlib.resources import files
from pathlib import Path

from app.audit.chain import BOX
from app.durable import make_private_folder, sync_folder, write_private
from app.vault.audit_trail import AuditTrail
from app.vault.copies import put_back
from app.vault.database import Database
from app.vault.errors import VaultDamaged, VaultError, VaultFailed, VaultTooNew
from app.vault.keys import KEY_BYTES, new_key
from app.vault.schema import Migration, read_migrations

TRAIL_ID = "box"
DATABASE_FILE = "box.db"
KEY_FILE = "key"

log = logging.getLogger(__name__)


class BoxRecord:
    """The open database of the box. Thread-safe."""

    audit: AuditTrail

    def __init__(self, database: Database) -> None:
        """Called by `open` alone."""
        self._database = database
        self.audit = AuditTrail(database, TRAIL_ID)

    @classmethod
    def open(cls, folder: Path) -> "BoxRecord":
        """Open the database in this folder, or make it; a damaged one is kept beside it under another name.

        Raises:
            OSError, VaultFull, VaultFailed: The storage refused.
        """
        make_private_folder(folder)
        path = folder / DATABASE_FILE
        if path.exists():
            try:
                return cls(_open(folder))
            except (VaultDamaged, VaultFailed) as error:
                _move_aside(path, error)
                record = cls(_create(folder))
                record.audit.add(BOX, "box.record_damaged")
                return record
        return cls(_create(folder))

    def close(self) -> None:
        self._database.close()


def _open(folder: Path) -> Database:
    database = _opened(folder)
    try:
        database.read(lambda connection: connection.execute("SELECT count(*) FROM audit").fetchone())
    except VaultError:
        database.close()
        raise
    return database


def _opened(folder: Path) -> Database:
    """After a return to the program before, its record is taken up again: a box without a page would be worse."""
    path = folder / DATABASE_FILE
    try:
        return Database.open(path, _key(folder), _migrations())
    except VaultTooNew:
        aside = put_back(path, len(_migrations()))
        if aside is None:
            raise
        log.warning("the box's record is of a newer version and kept as %s; the one before goes on", aside.name)
        return Database.open(path, _key(folder), _migrations())


def _create(folder: Path) -> Database:
    path = folder / DATABASE_FILE
    write_private(folder / KEY_FILE, new_key())
    Database.create(path, _key(folder), _migrations())
    return Database.open(path, _key(folder), _migrations())


def _key(folder: Path) -> bytes:
    try:
        key = (folder / KEY_FILE).read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultDamaged("The key of the box's record is missing or damaged.")
    return key


def _move_aside(path: Path, error: VaultError) -> None:
    kept = path.with_name(f"damaged-{time.time_ns() // 1_000_000}.db")
    log.error("the box's record cannot be read (%s); it is kept as %s", type(error).__name__, kept.name)
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    sync_folder(path.parent)


def _migrations() -> tuple[Migration, ...]:
    return read_migrations(files("app.box") / "migrations")
