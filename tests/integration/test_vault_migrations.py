from pathlib import Path

from support.vaults import PASSPHRASE, SESSION, draft

from app.domain import Pause
from app.review import Review
from app.vault.database import Database
from app.vault.keys import CHEAP_COST
from app.vault.schema import Migration, built_in_migrations
from app.vault.sessions import SessionStore
from app.vault.vault import Vaults


def test_migrations__vault_with_everything_in_it__is_whole_afterwards_and_still_approved(tmp_path: Path) -> None:
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Ada", PASSPHRASE)
    draft(vault, "one", "two")
    vault.sessions.add_pauses(SESSION, [Pause(2000)])
    review = Review(vault)
    review.edit(SESSION, 0, "uno", "Ada")
    review.edit(SESSION, 1, "dos", "Ada")
    review.undo_edit(SESSION, 1)
    approval = review.approve(SESSION, "Ada")
    vault.sessions.add_export(SESSION, approval.content_hash, "text", "Ada")
    before = vault.sessions.content(SESSION), vault.sessions.edit_history(SESSION, 1), vault.sessions.exports(SESSION)
    keys = vault._keys
    assert keys is not None
    vaults.lock_all()

    # What a next version is likely to do: a column more, and a table rebuilt around its rows.
    later = Migration(
        len(built_in_migrations()) + 1,
        "ALTER TABLE sessions ADD COLUMN client TEXT;"
        "CREATE TABLE rebuilt (session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, at_ms INTEGER NOT NULL,"
        " ended INTEGER, PRIMARY KEY (session_id, at_ms)) STRICT, WITHOUT ROWID;"
        "INSERT INTO rebuilt (session_id, at_ms) SELECT session_id, at_ms FROM pauses;"
        "DROP TRIGGER pauses_go_with_their_session; DROP TABLE pauses; ALTER TABLE rebuilt RENAME TO pauses;",
    )
    path = tmp_path / "vaults" / vault.account.vault_id / "vault.db"
    migrated = Database.open(path, keys.database_key, (*built_in_migrations(), later))
    sessions = SessionStore(migrated)
    assert (sessions.content(SESSION), sessions.edit_history(SESSION, 1), sessions.exports(SESSION)) == before
    assert migrated.read(lambda connection: connection.execute("PRAGMA foreign_key_check").fetchall()) == []
    migrated.close()
