from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher
from support.vaults import PASSPHRASE, SESSION, draft, open_vault

from app.audit.chain import BOX
from app.box.record import BoxRecord
from app.vault.database import Database
from app.vault.keys import CHEAP_COST
from app.vault.schema import built_in_migrations
from app.vault.vault import Vault, Vaults

SWAPPED = """UPDATE audit SET seq = 100 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;
UPDATE audit SET seq = 4 WHERE seq = 100"""


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with open_vault(tmp_path) as vault:
        yield vault


def test_trail__events_from_many_threads__are_one_chain(vault: Vault) -> None:
    with ThreadPoolExecutor(8) as threads:
        for _ in range(100):
            threads.submit(vault.audit.add, BOX, "session.opened", SESSION)
    assert vault.audit.head().events == 100
    assert vault.audit.verify(vault.audit.head()) is None
    assert [event.seq for event in vault.audit.latest(3)] == [100, 99, 98]
    assert [event.seq for event in vault.audit.latest(2, before_seq=4)] == [3, 2]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET subject = '' WHERE seq = 4",
        "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 9",
        "DELETE FROM audit WHERE seq = 5",
        "DELETE FROM audit WHERE seq < 3",
        "DELETE FROM audit WHERE seq > 7",
        SWAPPED,
    ],
)
def test_trail__rows_changed_by_somebody_with_the_key__is_found(vault: Vault, tampering: str) -> None:
    for number in range(10):
        vault.audit.add(BOX, "session.opened", f"{number:032x}")
    kept = vault.audit.head()
    with pytest.raises(Exception, match="could not do this"):
        vault._database.write(lambda connection: connection.execute(tampering.split(";", maxsplit=1)[0]))
    vault._database.write(lambda connection: connection.execute("DROP TRIGGER audit_is_never_changed"))
    vault._database.write(lambda connection: connection.execute("DROP TRIGGER audit_is_never_deleted"))
    for statement in tampering.split(";"):
        vault._database.write(lambda connection, statement=statement: connection.execute(statement))
    assert vault.audit.verify(kept)


def test_trail__session_erased__keeps_that_it_was_there(vault: Vault) -> None:
    draft(vault, "one", "two")
    vault.audit.add(BOX, "session.opened", SESSION)
    vault._database.write(lambda connection: connection.execute("DELETE FROM sessions"))
    assert vault.audit.latest(1)[0].subject == SESSION


def test_migration__vault_from_before_there_was_an_audit__opens_with_its_sessions(tmp_path: Path) -> None:
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Ada", PASSPHRASE)
    keys = vault._keys
    assert keys
    vaults.lock_all()
    path = tmp_path / "vaults" / vault.account.vault_id / "vault.db"
    path.unlink()
    audit = next(one.version for one in built_in_migrations() if "TABLE audit" in one.sql)
    Database.create(path, keys.database_key, built_in_migrations()[: audit - 1])
    old = sqlcipher.connect(path)
    old.execute(f"PRAGMA key = \"x'{keys.database_key.hex()}'\"")
    old.execute(
        "INSERT INTO sessions (session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state)"
        " VALUES (?, 1, 1, 16000, 2, 'captured')",
        (SESSION,),
    )
    old.commit()
    old.close()
    opened = vaults.unlock(vault.account.vault_id, PASSPHRASE)
    assert opened.sessions.list()[0].head.session_id == SESSION
    assert opened.audit.head().events == 0
    opened.audit.add(BOX, "session.opened", SESSION)
    assert opened.audit.verify() is None
    vaults.lock_all()


def test_box_record__closed_and_opened__goes_on(tmp_path: Path) -> None:
    record = BoxRecord.open(tmp_path / "box")
    record.audit.add(BOX, "box.started")
    record.close()
    record = BoxRecord.open(tmp_path / "box")
    record.audit.add(BOX, "box.started")
    assert record.audit.head().events == 2
    assert record.audit.verify() is None
    record.close()


@pytest.mark.parametrize("part", ["box.db", "key"])
def test_box_record__damaged__is_kept_aside_and_a_new_one_says_so(tmp_path: Path, part: str) -> None:
    record = BoxRecord.open(tmp_path / "box")
    record.audit.add(BOX, "box.started")
    record.close()
    damaged = bytes(reversed((tmp_path / "box" / part).read_bytes()))
    (tmp_path / "box" / part).write_bytes(damaged)
    record = BoxRecord.open(tmp_path / "box")
    assert [event.action for event in record.audit.latest(9)] == ["box.record_damaged"]
    record.close()
    (aside,) = (tmp_path / "box").glob("damaged-*.db")
    assert aside.stat().st_size > 0
