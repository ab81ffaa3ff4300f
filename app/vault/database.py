"""The vault's database. The one file that imports sqlcipher3.

One thread owns the one connection that writes; each read has a `query_only` connection to itself and gives it back
at once (see app.vault.readers), so no reader keeps a checkpoint from erasing old pages for long.

SQLite's own messages may quote what was stored ("Could not decode ... with text ..."). They end here: every error
leaves as one of app.vault.errors, with SQLite's code and without the original in its context.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from sqlcipher3 import dbapi2 as sqlcipher

from app.durable import PRIVATE_FILE, sync_folder
from app.vault.copies import KEPT_S, copy_of, drop_copies
from app.vault.errors import (
    NoSuchNumber,
    VaultError,
    VaultFailed,
    VaultFull,
    VaultLocked,
    database_damaged,
    database_refused,
)
from app.vault.readers import Readers
from app.vault.schema import Migration, bring_up_to_date, built_in_migrations, version_of

Value = str | int | float | bytes | None
Row = tuple[Any, ...]
T = TypeVar("T")

_BUSY_TIMEOUT_MS = 5000

_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # otherwise REPLACE deletes without asking the triggers
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}",
)


class Rows(Protocol):
    """What a statement gave back."""

    rowcount: int

    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Row]: ...
    def __iter__(self) -> Iterator[Row]: ...


class Connection(Protocol):
    """What the modules with the statements see of SQLCipher. Values go in as parameters, never as text."""

    in_transaction: bool

    def execute(self, sql: str, parameters: Sequence[Value] = ...) -> Rows: ...
    def executemany(self, sql: str, parameters: Iterable[Sequence[Value]]) -> Rows: ...
    def executescript(self, sql: str) -> Rows: ...
    def backup(self, target: Any) -> None: ...
    def close(self) -> None: ...


class Database:
    """An open vault database. Thread-safe; what it gives back is speech in clear.

    Every method may raise VaultLocked (after `close`), VaultDamaged, VaultFull or VaultFailed.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        """Called by `open` alone."""
        self._path = path
        self._key = key
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._state = threading.Condition()
        self._reading = 0
        self._readers = Readers(self._open_reader)
        self._closing = False
        self._writer = threading.Thread(target=self._write_jobs, name="vault-writer", daemon=True)
        self._started: Future[None] = Future()

    @staticmethod
    def create(path: Path, key: bytes, migrations: Sequence[Migration] | None = None) -> None:
        """Make an empty database, mode 0600, encrypted with the 32-byte raw key, durable on return.

        Raises:
            FileExistsError: There is something at this path; it was not touched.
        """
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        _told_plainly(path, lambda: _make(path, key, built_in_migrations() if migrations is None else migrations))
        sync_folder(path.parent)

    @classmethod
    def open(cls, path: Path, key: bytes, migrations: Sequence[Migration] | None = None) -> "Database":
        """Open a database that `create` made, and bring it up to date; before that it is copied, see app.vault.copies.

        Raises:
            VaultDamaged: It is missing, empty, damaged, or sealed with another key.
            VaultTooNew: A newer version of Tacet wrote it.
            VaultFull: There is no room for the copy, so it was left as it is.
        """
        database = cls(path, key)
        database._writer.start()
        try:
            database._started.result()
            steps = built_in_migrations() if migrations is None else migrations
            database._submit(lambda connection: _bring_up(connection, path, key, steps), in_transaction=False)
        except BaseException:
            database.close()
            raise
        return database

    def read(self, question: Callable[[Connection], T]) -> T:
        """Ask within one snapshot: what is written meanwhile is not seen. Must not call `close`."""
        with self._state:
            if self._closing:
                raise _locked()
            self._reading += 1
        try:
            return _told_plainly(self._path, lambda: self._ask(question))
        finally:
            with self._state:
                self._reading -= 1
                self._state.notify_all()

    def write(self, change: Callable[[Connection], T]) -> T:
        """Do all of the change, durably, or nothing of it. It runs in the writer's thread, one after the other.

        An error that `change` raises takes the change back and comes out here.
        """
        return self._submit(change, in_transaction=True)

    def empty_log(self) -> None:
        """Carry the log over into the database and cut it to nothing: what was deleted before stands nowhere any more.

        Raises:
            VaultFailed: Somebody read all the time, so a part of the log is still there; call again.
        """
        if self._submit(_is_kept_from_emptying, in_transaction=False):
            raise VaultFailed("The vault is busy, so not all was erased yet. The box goes on by itself.")
        drop_copies(self._path)

    def close(self) -> None:
        """Wait for what is running, then close; afterwards the key is forgotten. Safe to call twice."""
        with self._state:
            first, self._closing = not self._closing, True
            self._state.wait_for(lambda: self._reading == 0)
            if first:
                self._readers.close()
                self._jobs.put(None)
        self._writer.join()
        self._key = b""

    def _ask(self, question: Callable[[Connection], T]) -> T:
        with self._readers.lent() as connection:
            return question(connection)

    def _open_reader(self) -> Connection:
        connection = _connect(self._path, self._key)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _submit(self, change: Callable[[Connection], T], *, in_transaction: bool) -> T:
        done: Future[T] = Future()
        with self._state:
            if self._closing:
                raise _locked()
            self._jobs.put(_Job(change, done, in_transaction=in_transaction))
        return done.result()

    def _write_jobs(self) -> None:
        try:
            connection = _told_plainly(self._path, lambda: _open_existing(self._path, self._key))
        except BaseException as error:  # noqa: BLE001  it is the opener's, who waits for it in another thread
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        while (job := self._jobs.get()) is not None:
            job.perform(connection, self._path)
            del job  # speech in clear: not kept until the next one comes
        _finish(connection)


class _Job:
    def __init__(self, change: Callable[[Connection], Any], done: Future[Any], *, in_transaction: bool) -> None:
        self._change = change
        self._done = done
        self._in_transaction = in_transaction

    def perform(self, connection: Connection, path: Path) -> None:
        run = _in_transaction if self._in_transaction else _alone
        try:
            self._done.set_result(_told_plainly(path, lambda: run(connection, self._change)))
        except BaseException as error:  # noqa: BLE001  it is the caller's, who waits for it in another thread
            self._done.set_exception(error)


def _in_transaction(connection: Connection, change: Callable[[Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = change(connection)
        connection.execute("COMMIT")
    finally:
        _roll_back(connection)
    return result


def _alone(connection: Connection, change: Callable[[Connection], T]) -> T:
    try:
        return change(connection)
    finally:
        _roll_back(connection)


def _is_kept_from_emptying(connection: Connection) -> bool:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return bool(busy)


def _roll_back(connection: Connection) -> None:
    if connection.in_transaction:  # a full disk may have rolled back by itself
        connection.execute("ROLLBACK")


def _make(path: Path, key: bytes, migrations: Sequence[Migration]) -> None:
    connection = _connect(path, key, new=True)
    try:
        bring_up_to_date(connection, migrations)
    finally:
        connection.close()


def _bring_up(connection: Connection, path: Path, key: bytes, migrations: Sequence[Migration]) -> None:
    version = version_of(connection)
    if 0 < version < len(migrations):
        try:
            _copy(connection, copy_of(path, version), key)
        except OSError:
            raise VaultFull("There is no room to copy the vault before it is brought up to date. Make room.") from None
    elif version == len(migrations):
        drop_copies(path, older_than_s=KEPT_S)
    bring_up_to_date(connection, migrations)


def _copy(connection: Connection, to: Path, key: bytes) -> None:
    """Durable on return, there whole or not at all, under the same key."""
    draft = to.with_name(f".{to.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    try:
        target: Connection = sqlcipher.connect(f"file:{quote(str(draft))}?mode=rw", uri=True, isolation_level=None)
        try:
            _give_key(target, key)
            connection.backup(target)
        finally:
            target.close()
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(to)
    sync_folder(to.parent)


def _open_existing(path: Path, key: bytes) -> Connection:
    if not path.is_file():
        raise database_damaged()
    return _connect(path, key)


def _connect(path: Path, key: bytes, *, new: bool = False) -> Connection:
    connection: Connection = sqlcipher.connect(  # each is used by one thread at a time
        f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        _give_key(connection, key)
        if not new:
            _refuse_empty(connection)
        for setting in _SETTINGS:
            connection.execute(setting)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_empty(connection: Connection) -> None:
    """An emptied file would otherwise pass for a new vault."""
    if version_of(connection) == 0:
        raise database_damaged()


def _give_key(connection: Connection, key: bytes) -> None:
    """The first thing on a new connection. A SQLite without encryption would ignore the key: it is refused."""
    if connection.execute("PRAGMA cipher_version").fetchone() is None:
        raise VaultFailed("This installation cannot encrypt, so no vault was opened. Install Tacet again.")
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to the terminal beside our sentence
    connection.execute("PRAGMA cipher_memory_security = ON")
    connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")  # takes no parameter


def _finish(connection: Connection) -> None:
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlcipher.Error:
        pass  # everything committed is safe in the -wal and is found there when the vault is opened again
    finally:
        connection.close()


def _told_plainly(path: Path, work: Callable[[], T]) -> T:
    """Do the work; what SQLite has to say comes out as a sentence, and its own words are left behind."""
    failure: VaultError
    try:
        return work()
    except sqlcipher.Error as error:
        failure = database_refused(getattr(error, "sqlite_errorname", None) or type(error).__name__, path.parent)
    except OverflowError:  # SQLite's integers have 64 bits, an address in a browser any number
        failure = NoSuchNumber("Nothing is here.")
    except UnicodeEncodeError:
        failure = VaultFailed("The text holds a character that cannot be stored. Type it again instead of pasting it.")
    raise failure


def _locked() -> VaultLocked:
    return VaultLocked("The vault is locked. Sign in again to go on.")
