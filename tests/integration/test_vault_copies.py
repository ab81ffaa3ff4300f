"""A newer program changes a database's tables: what the program before finds when it is back."""

import os
import sqlite3
import time
from importlib.resources import files
from pathlib import Path

import pytest

from app.audit.chain import BOX
from app.box.record import BoxRecord
from app.vault.copies import KEPT_S, copy_of, put_back
from app.vault.database import Database
from app.vault.errors import VaultTooNew
from app.vault.schema import Migration, read_migrations
from tacet.backup.copying import back_up
from tacet.backup.repository import Repository

KEY = bytes(range(32))
FIRST = (Migration(1, "CREATE TABLE words (word TEXT NOT NULL) STRICT;"),)
SECOND = (*FIRST, Migration(2, "ALTER TABLE words ADD COLUMN language TEXT;"))
CANARY = "heliotrope"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of the first version that holds a word."""
    path = tmp_path / "vault.db"
    Database.create(path, KEY, FIRST)
    database = Database.open(path, KEY, FIRST)
    database.write(lambda connection: connection.execute("INSERT INTO words VALUES (?)", (CANARY,)))
    database.close()
    return path


def words(path: Path, migrations: tuple[Migration, ...]) -> list[str]:
    database = Database.open(path, KEY, migrations)
    try:
        return [row[0] for row in database.read(lambda connection: connection.execute("SELECT word FROM words"))]
    finally:
        database.close()


def test_open__with_a_newer_program__keeps_a_copy_as_it_was(path: Path) -> None:
    Database.open(path, KEY, SECOND).close()
    copy = copy_of(path, 1)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert CANARY.encode() not in copy.read_bytes()
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(copy) as plain:
        plain.execute("SELECT * FROM words")
    plain.close()
    assert words(copy, FIRST) == [CANARY]


def test_open__with_the_same_program__keeps_no_copy(path: Path) -> None:
    Database.open(path, KEY, FIRST).close()
    assert [one.name for one in path.parent.iterdir()] == ["vault.db"]


def test_put_back__after_a_return_to_the_program_before__keeps_the_newer_one_aside(path: Path) -> None:
    Database.open(path, KEY, SECOND).close()
    with pytest.raises(VaultTooNew):
        Database.open(path, KEY, FIRST)
    aside = put_back(path, 1)
    assert aside is not None
    assert words(path, FIRST) == [CANARY]
    assert words(aside, SECOND) == [CANARY]
    assert put_back(path, 1) is None


def test_copy__when_something_is_erased__is_gone_as_well(path: Path) -> None:
    database = Database.open(path, KEY, SECOND)
    database.write(lambda connection: connection.execute("DELETE FROM words"))
    assert copy_of(path, 1).exists()
    database.empty_log()
    database.close()
    assert not copy_of(path, 1).exists()


def test_copy__after_two_weeks__is_gone(path: Path) -> None:
    Database.open(path, KEY, SECOND).close()
    Database.open(path, KEY, SECOND).close()
    assert copy_of(path, 1).exists()
    long_ago_s = time.time() - KEPT_S - 60
    os.utime(copy_of(path, 1), (long_ago_s, long_ago_s))
    Database.open(path, KEY, SECOND).close()
    assert not copy_of(path, 1).exists()


def test_copy__of_a_start_that_was_killed__is_made_again(path: Path) -> None:
    draft = path.with_name(f".{copy_of(path, 1).name}.new")
    draft.write_bytes(b"half")
    Database.open(path, KEY, SECOND).close()
    assert words(copy_of(path, 1), FIRST) == [CANARY]
    assert not draft.exists()


def test_box_record__of_a_newer_program__goes_on_from_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = read_migrations(files("app.box") / "migrations")
    record = BoxRecord.open(tmp_path)
    record.audit.add(BOX, "box.started")
    head = record.audit.head()
    record.close()
    newer = (*every, Migration(len(every) + 1, "CREATE TABLE of_tomorrow (id INTEGER PRIMARY KEY) STRICT;"))
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr("app.box.record._migrations", lambda: newer)
        BoxRecord.open(tmp_path).close()
    back = BoxRecord.open(tmp_path)
    assert back.audit.head() == head
    back.close()
    assert len(list(tmp_path.glob("newer-*.db"))) == 1


def test_backup__with_a_copy_beside_the_database__leaves_it_out(path: Path, tmp_path: Path) -> None:
    Database.open(path, KEY, SECOND).close()
    assert copy_of(path, 1).exists()
    snapshot = back_up(path.parent, Repository(tmp_path / "stick"))
    assert [entry.path for entry in snapshot.entries if "vault.db" in entry.path] == ["vault.db"]
