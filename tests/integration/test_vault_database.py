import os
import sqlite3
import subprocess
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import pytest

from app.vault import database as database_module
from app.vault.database import Connection, Database
from app.vault.errors import VaultDamaged, VaultFailed, VaultFull, VaultLocked, VaultTooNew
from app.vault.schema import Migration

KEY = bytes(range(32))
SECRET = "zanzibar"  # stands for something said in a session
NOTES = (Migration(1, "CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT;"),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder with spaces?&#" / "vault.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    path.parent.mkdir(exist_ok=True)
    Database.create(path, KEY, NOTES)
    database = Database.open(path, KEY, NOTES)
    yield database
    database.close()


def add(database: Database, text: str) -> None:
    database.write(lambda connection: connection.execute("INSERT INTO notes VALUES (?)", (text,)))


def texts(database: Database) -> list[str]:
    return [row[0] for row in database.read(lambda connection: connection.execute("SELECT text FROM notes").fetchall())]


def setting(connection: Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_open__every_connection__has_the_settings_that_the_design_asks_for(database: Database) -> None:
    asked = {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "temp_store": 2,
        "cipher_memory_security": "1",
    }
    for ask in (database.read, database.write):
        assert ask(lambda connection: {name: setting(connection, name) for name in asked}) == asked
    assert database.read(lambda connection: setting(connection, "query_only")) == 1
    assert database.write(lambda connection: setting(connection, "query_only")) == 0


def test_read__tries_to_write__is_refused(database: Database) -> None:
    with pytest.raises(VaultFailed, match="SQLITE_READONLY"):
        database.read(lambda connection: connection.execute("INSERT INTO notes VALUES ('x')"))
    assert texts(database) == []


def test_read__while_something_is_written__sees_one_moment(database: Database) -> None:
    add(database, "before")

    def look_twice(connection: Connection) -> tuple[int, int]:
        first = len(connection.execute("SELECT * FROM notes").fetchall())
        add(database, "meanwhile")
        return first, len(connection.execute("SELECT * FROM notes").fetchall())

    assert database.read(look_twice) == (1, 1)
    assert len(texts(database)) == 2


def test_write__change_fails_halfway__takes_all_of_it_back_and_goes_on(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute("INSERT INTO notes VALUES ('half')")
        raise KeyError("of the caller")

    with pytest.raises(KeyError):
        database.write(half)
    add(database, "whole")
    assert texts(database) == ["whole"]


def test_write__from_many_threads__all_changes_run_in_one(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: database.write(lambda _: threading.current_thread().name), range(32)))
    assert names == {"vault-writer"}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO notes VALUES (?)",  # a second time: unique
        "INSERT INTO notes VALUES (?, 1)",  # no such column
        "SELECT CAST(x'ff' || ? AS TEXT)",  # SQLite's own message would quote the text
        "SELEKT ?",
        "SELECT ? FROM nowhere",
    ],
)
def test_errors__whatever_sqlite_says__quote_nothing_that_was_stored(database: Database, statement: str) -> None:
    add(database, SECRET)
    for ask in (database.read, database.write):
        with pytest.raises(VaultFailed) as caught:
            ask(lambda connection: connection.execute(statement, (SECRET,)).fetchall())
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
        assert SECRET not in told
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
    assert texts(database) == [SECRET]


def test_errors__half_a_surrogate_pair__is_a_sentence_without_the_text(database: Database) -> None:
    with pytest.raises(VaultFailed, match="cannot be stored") as caught:
        add(database, f"{SECRET}\ud800")
    assert caught.value.__context__ is None


def test_errors__undecodable_text__would_be_quoted_by_sqlite_itself() -> None:
    """What the test above guards against is real: without our wrapping, stored text ends up in the message."""
    with closing(sqlite3.connect(":memory:")) as plain, pytest.raises(sqlite3.OperationalError, match=SECRET):
        plain.execute("SELECT CAST(x'ff' || ? AS TEXT)", (SECRET,)).fetchall()


def test_create__something_is_there__does_not_touch_it(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(FileExistsError):
        Database.create(path, KEY, NOTES)
    assert path.read_text() == "mine"


def test_open__wrong_key__is_a_sentence_and_writes_nothing_to_the_terminal(
    database: Database, path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    database.close()
    with pytest.raises(VaultDamaged, match="restore the vault from a backup"):
        Database.open(path, bytes(32), NOTES)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 8192, b"SQLite format 3\0" + b"\0" * 4080])
def test_open__not_a_vault__is_damaged_and_stays_as_it_is(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(VaultDamaged):
        Database.open(path, KEY, NOTES)
    assert path.read_bytes() == content


def test_open__missing__is_damaged_and_makes_no_new_one(path: Path) -> None:
    path.parent.mkdir()
    with pytest.raises(VaultDamaged, match="missing or damaged"):
        Database.open(path, KEY, NOTES)
    assert not path.exists()


def test_read__pages_damaged_by_one_bit_each__is_told_and_nothing_made_up(database: Database, path: Path) -> None:
    for number in range(100):
        add(database, f"{number} " + "x" * 2000)
    database.close()
    raw = bytearray(path.read_bytes())
    for page_start in range(4096, len(raw), 4096):
        raw[page_start + 100] ^= 1
    path.write_bytes(raw)
    damaged = Database.open(path, KEY, NOTES)
    with pytest.raises(VaultDamaged):
        texts(damaged)
    damaged.close()


def test_open__library_without_encryption__is_refused(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.close()
    monkeypatch.setattr(database_module, "sqlcipher", sqlite3)
    with pytest.raises(VaultFailed, match="cannot encrypt"):
        Database.open(path, KEY, NOTES)


def test_open__start_fails_in_an_unforeseen_way__raises_instead_of_waiting_for_ever(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.close()

    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(database_module, "_connect", fail)
    with pytest.raises(PermissionError):
        Database.open(path, KEY, NOTES)


def test_open__migrations__run_once_and_keep_what_is_there(database: Database, path: Path) -> None:
    add(database, "kept")
    database.close()
    newer = (*NOTES, Migration(2, "ALTER TABLE notes ADD COLUMN kind TEXT; UPDATE notes SET kind = 'old';"))
    for _ in range(2):
        migrated = Database.open(path, KEY, newer)
        rows = migrated.read(lambda connection: connection.execute("SELECT text, kind FROM notes").fetchall())
        assert rows == [("kept", "old")]
        assert migrated.read(lambda connection: setting(connection, "user_version")) == 2
        migrated.close()


def test_open__migration_fails_halfway__leaves_the_version_before(database: Database, path: Path) -> None:
    add(database, "kept")
    database.close()
    broken = (*NOTES, Migration(2, "ALTER TABLE notes ADD COLUMN kind TEXT; DELETE FROM notes; SELEKT 1;"))
    with pytest.raises(VaultFailed):
        Database.open(path, KEY, broken)
    reopened = Database.open(path, KEY, NOTES)
    assert texts(reopened) == ["kept"]
    assert reopened.read(lambda connection: setting(connection, "user_version")) == 1
    reopened.close()


def test_open__written_by_a_newer_version__is_not_touched(database: Database, path: Path) -> None:
    database.close()
    newer = (*NOTES, Migration(2, "CREATE TABLE more (x) STRICT;".replace("(x)", "(x TEXT)")))
    Database.open(path, KEY, newer).close()
    with pytest.raises(VaultTooNew, match="Update this box"):
        Database.open(path, KEY, NOTES)


def test_write__database_may_grow_no_more__says_so_and_loses_nothing(database: Database) -> None:
    add(database, "safe")
    database.write(lambda connection: connection.execute("PRAGMA max_page_count = 4"))
    with pytest.raises(VaultFull, match="storage is full"):
        add(database, "x" * 100_000)
    assert texts(database) == ["safe"]
    add(database, "small")
    assert sorted(texts(database)) == ["safe", "small"]


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 2 MB, not below pytest's folder, which pytest would try to tidy away."""
    disk = Path(tempfile.mkdtemp(prefix="tacet-disk-"))
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        disk.rmdir()
        pytest.skip("a disk of 2 MB cannot be mounted here: needs root")
    yield disk
    subprocess.run(["/bin/umount", "--lazy", str(disk)], check=True)
    disk.rmdir()


def fill(file: Path) -> None:
    disk = os.statvfs(file.parent)
    file.write_bytes(bytes(disk.f_bavail * disk.f_bsize))


def test_write__disk_is_full__says_so_and_loses_nothing(small_disk: Path) -> None:
    path, ballast = small_disk / "vault.db", small_disk / "ballast"
    ballast.write_bytes(bytes(1 << 20))
    Database.create(path, KEY, NOTES)
    database = Database.open(path, KEY, NOTES)
    kept = []
    with pytest.raises(VaultFull, match="storage is full"):  # noqa: PT012  until it is
        while True:
            text = f"{len(kept)} " + "x" * 20_000
            add(database, text)
            kept.append(text)
    assert len(kept) >= 5
    assert texts(database) == kept
    fill(small_disk / "filler")
    assert texts(database) == kept
    database.close()
    ballast.unlink()
    reopened = Database.open(path, KEY, NOTES)
    assert texts(reopened) == kept
    add(reopened, "there is room again")
    reopened.close()


def test_open__disk_is_full__says_so_and_opens_once_there_is_room(small_disk: Path) -> None:
    path = small_disk / "vault.db"
    Database.create(path, KEY, NOTES)
    fill(small_disk / "filler")
    with pytest.raises(VaultFull, match="storage is full"):
        Database.open(path, KEY, NOTES)
    (small_disk / "filler").unlink()
    Database.open(path, KEY, NOTES).close()


def test_close__a_reader_is_at_work__waits_for_it(database: Database) -> None:
    add(database, "kept")
    reading, finish = threading.Event(), threading.Event()

    def slow(connection: Connection) -> int:
        reading.set()
        assert finish.wait(10)
        return len(connection.execute("SELECT * FROM notes").fetchall())

    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(database.read, slow)
        assert reading.wait(10)
        closing = pool.submit(database.close)
        time.sleep(0.05)
        assert not closing.done()
        with pytest.raises(VaultLocked):
            texts(database)
        finish.set()
        assert answer.result(10) == 1
        closing.result(10)


def test_close__changes_are_waiting__does_them_first(database: Database, path: Path) -> None:
    with ThreadPoolExecutor(9) as pool:
        hold = threading.Event()
        pool.submit(database.write, lambda _: hold.wait(10))
        waiting = [pool.submit(add, database, str(number)) for number in range(8)]
        while database._jobs.qsize() < 8:
            time.sleep(0.001)
        closing = threading.Thread(target=database.close)
        closing.start()
        hold.set()
        closing.join(10)
        wait(waiting, 60)  # their threads come to say so a little after the changes were made
        assert [one.result(0) for one in waiting] == [None] * 8
    reopened = Database.open(path, KEY, NOTES)
    assert len(texts(reopened)) == 8
    reopened.close()


def test_close__afterwards__leaves_one_file_and_no_thread(database: Database, path: Path) -> None:
    add(database, "kept")
    database.close()
    database.close()
    assert [file.name for file in path.parent.iterdir()] == ["vault.db"]
    assert not database._writer.is_alive()


def test_open__another_program_holds_the_write_lock__says_so(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tuple(one.replace("busy_timeout = 5000", "busy_timeout = 50") for one in database_module._SETTINGS)
    monkeypatch.setattr(database_module, "_SETTINGS", settings)
    other = Database.open(path, KEY, NOTES)
    with ThreadPoolExecutor(1) as pool:
        held, finish = threading.Event(), threading.Event()
        holding = pool.submit(database.write, lambda _: held.set() or finish.wait(10))
        assert held.wait(10)
        with pytest.raises(VaultFailed, match="Another program"):
            add(other, "x")
        finish.set()
        assert holding.result(10)
    other.close()
