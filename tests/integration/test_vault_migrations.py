from pathlib import Path

from support.vaults import PASSPHRASE, SESSION, draft

from app.domain import Pause
from app.review import Review, lines_of
from app.vault.approvals import ApprovalStore
from app.vault.database import Connection, Database
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
    vault.approvals.add_export(SESSION, approval.content_hash, "text", "Ada")
    before = vault.sessions.content(SESSION), vault.sessions.edit_history(SESSION, 1), vault.approvals.exports(SESSION)
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
    assert (
        sessions.content(SESSION),
        sessions.edit_history(SESSION, 1),
        ApprovalStore(migrated).exports(SESSION),
    ) == before
    assert migrated.read(lambda connection: connection.execute("PRAGMA foreign_key_check").fetchall()) == []
    migrated.close()


def test_migration_of_voices__edits_from_before__stay_with_their_lines(tmp_path: Path) -> None:
    every = built_in_migrations()
    before = next(number for number, one in enumerate(every) if "CREATE TABLE attributions" in one.sql)
    path, key = tmp_path / "vault.db", bytes(32)
    Database.create(path, key, every[:before])
    old = Database.open(path, key, every[:before])

    def fill(connection: Connection) -> None:
        connection.execute(
            "INSERT INTO sessions (session_id, started_at_ms, clock_trusted, sample_rate_hz, channels, state)"
            " VALUES (?, 0, 1, 16000, 1, 'drafted')",
            (SESSION,),
        )
        for seq in (0, 1):
            connection.execute(
                "INSERT INTO segments (session_id, seq, start_ms, end_ms, text, probability, words, model)"
                " VALUES (?, ?, 0, 900, 'heard', 0.9, '[]', 'base')",
                (SESSION, seq),
            )
        connection.execute(
            "INSERT INTO edits (session_id, seq, text, author, edited_at_ms) VALUES (?, 1, 'meant', 'Ada', 0)",
            (SESSION,),
        )

    old.write(fill)
    old.close()
    migrated = Database.open(path, key, every)
    lines = lines_of(SessionStore(migrated).content(SESSION))
    assert [(line.seq, line.text) for line in lines] == [(0, "heard"), (1, "meant")]
    migrated.close()
