"""A withdrawn session, from its tape to the last page of the vault's database: nothing is left, whatever is killed."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.killed import Killed, killed_before
from support.vaults import PASSPHRASE, SESSION, draft, files_with, head, segment
from support.web_sessions import seal_tape, start_tape

from app.domain import Cursor, Receipt, SessionHead
from app.ingest import Ingest
from app.vault import database
from app.vault.database import Database
from app.vault.errors import NoSuchSession, VaultFailed
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults
from app.withdrawal import StillRecording, Withdrawals
from firmware.tape import (
    AskedBy,
    TapeErased,
    Withdrawal,
    finish_withdrawals,
    list_tapes,
    list_withdrawals,
    read_head,
    withdraw_tape,
)

WORD = b"xylophonist"
KEY = b"kanarienvogel-schluessel-1234567"
STEPS = ("mkdir", "open", "write", "fsync", "replace", "rename", "unlink", "rmdir")
DATABASE_STEPS = ((Database, "write"), (Database, "empty_log"))
TAPE = SessionHead(SESSION, 1_795_000_000_000, clock_trusted=True, sample_rate_hz=8000, channels=1)


class Box:
    """The app's folders with one therapist, who is not signed in yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tapes_dir = folder / "tapes"
        self.vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
        self.changed = 0
        self.withdrawals = Withdrawals(self.tapes_dir, self.vaults, self._note_change)

    @property
    def tape(self) -> Path:
        return self.tapes_dir / SESSION

    def unlock(self) -> Vault:
        (account,) = self.vaults.accounts()
        return self.vaults.unlock(account.vault_id, PASSPHRASE)

    def _note_change(self) -> None:
        self.changed += 1


def fill(box: Box, vault: Vault) -> None:
    """A session of which the word stands in segments, edits, undone edits and a problem, and whose key is kept."""
    seal_tape(box.tapes_dir, vault.account.public_key, TAPE, 3000, ())
    draft(vault, f"the machine heard {WORD.decode()}", *[f"padding about {WORD.decode()} that fills pages"] * 80)
    vault.sessions.add_edit(SESSION, 0, f"edited to {WORD.decode()}", "Ada")
    vault.sessions.add_edit(SESSION, 1, WORD.decode() * 300, "Ada")
    vault.sessions.undo_edit(SESSION, 1, "Ada")
    vault.keep_session_key(SESSION, KEY)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path / "box")
    box.vaults.create("Dr. Ada Example", PASSPHRASE)
    fill(box, box.vaults.unlocked()[0])
    yield box
    box.vaults.lock_all()


@pytest.fixture
def plain_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """The same with a database that is not encrypted, so that what is left in its pages can be seen. Locked."""
    box = Box(tmp_path / "plain")
    vault, _ = box.vaults.create("Dr. Ada Example", PASSPHRASE)
    box.vaults.lock_all()
    monkeypatch.setattr(database, "_give_key", lambda *_: None)
    path = box.folder / "vaults" / vault.account.vault_id / "vault.db"
    path.unlink()
    Database.create(path, KEY)
    vault = box.unlock()
    fill(box, vault)
    assert files_with(WORD, box.folder) == ["vault.db-wal"]  # it is there to be found
    vault.sessions._database.empty_log()
    assert files_with(WORD, box.folder) == ["vault.db"]
    box.vaults.lock_all()
    return box


def test_withdraw__session__leaves_no_byte_of_words_tape_or_keys(plain_box: Box) -> None:
    vault = plain_box.unlock()
    wrapped = read_head(plain_box.tape).wrapped_key
    (kept,) = plain_box.folder.rglob("*.key")
    sealed = kept.read_bytes()
    receipt = plain_box.withdrawals.withdraw(vault, SESSION)
    for needle in (WORD, wrapped, sealed, KEY):
        assert files_with(needle, plain_box.folder) == []
    plain_box.vaults.lock_all()
    assert files_with(WORD, plain_box.folder) == []
    assert list_tapes(plain_box.tapes_dir) == []
    assert (receipt.words, receipt.edits) == (3 + 1 + 80 * 6, 3)


def test_canary__rows_deleted_without_the_care__are_found(plain_box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: without emptying the log the words are still there."""
    monkeypatch.setattr(Database, "empty_log", lambda _: None)
    vault = plain_box.unlock()
    vault.sessions.add_edit(SESSION, 2, WORD.decode(), "Ada")
    plain_box.withdrawals.withdraw(vault, SESSION)
    assert files_with(WORD, plain_box.folder) != []
    plain_box.vaults.lock_all()


def test_withdraw__killed_at_every_step__is_finished_after_the_next_sign_in(plain_box: Box, tmp_path: Path) -> None:
    step, gone_by_then = 0, []
    while True:
        box = Box(Path(shutil.copytree(plain_box.folder, tmp_path / f"run{step}")))
        vault = box.unlock()
        vault.sessions.add_edit(SESSION, 2, f"in the log: {WORD.decode()}", "Ada")
        with killed_before(step, STEPS, also=DATABASE_STEPS):
            try:
                box.withdrawals.withdraw(vault, SESSION)
                survived = True
            except Killed:
                survived = False
        crashed = Box(Path(shutil.copytree(box.folder, tmp_path / f"crashed{step}")))  # what a kill leaves
        box.vaults.lock_all()
        shutil.rmtree(box.folder)
        if survived:
            break
        finish_withdrawals(crashed.tapes_dir, lambda: 0)  # the recorder starts
        vault = crashed.unlock()
        crashed.withdrawals.look()
        gone_by_then.append(not crashed.tape.exists())
        if gone_by_then[-1]:
            assert_nothing_left(crashed, vault)
        else:
            assert len(vault.sessions.edits(SESSION)) == 3
            assert vault.session_key(SESSION) == KEY
            assert list_tapes(crashed.tapes_dir) == [crashed.tape]
        crashed.vaults.lock_all()
        shutil.rmtree(crashed.folder)
        step += 1
    assert step > 30
    assert gone_by_then == sorted(gone_by_then), "once noted, no kill undoes it"
    assert gone_by_then.index(True) <= 8, "nothing comes before the note"


def assert_nothing_left(box: Box, vault: Vault) -> None:
    assert vault.sessions.get(SESSION) is None
    assert vault.session_key(SESSION) is None
    assert vault.erasures.receipt(SESSION) is not None
    assert list_withdrawals(box.tapes_dir) == []
    assert not box.tape.exists()
    assert files_with(WORD, box.folder) == []


def test_withdraw__a_second_time__gives_the_same_receipt(box: Box) -> None:
    vault = box.unlock()
    receipt = box.withdrawals.withdraw(vault, SESSION)
    assert box.withdrawals.withdraw(vault, SESSION) == receipt
    assert vault.erasures.receipts() == [receipt]
    assert box.changed == 1


def test_withdraw__session_of_another_vault__is_not_there(box: Box) -> None:
    other, _ = box.vaults.create("Dr. Bo Other", PASSPHRASE)
    with pytest.raises(NoSuchSession):
        box.withdrawals.withdraw(other, SESSION)
    assert box.tape.exists()


def test_withdraw__while_the_recorder_writes__is_left_to_the_recorder(box: Box) -> None:
    vault = box.unlock()
    shutil.rmtree(box.tape)
    writer = start_tape(box.tapes_dir, vault.account.public_key, TAPE)
    with pytest.raises(StillRecording):
        box.withdrawals.withdraw(vault, SESSION)
    assert vault.sessions.segments(SESSION)
    assert list_withdrawals(box.tapes_dir) == []
    writer.close()


@pytest.mark.parametrize("complete", [True, False])
def test_withdrawn_at_the_box__vault_locked__is_taken_in_at_the_next_sign_in(box: Box, complete: bool) -> None:  # noqa: FBT001  a parameter of the test
    box.vaults.lock_all()
    note(box, complete=complete)
    box.withdrawals.look()
    assert [one.session_id for one in list_withdrawals(box.tapes_dir)] == [SESSION]
    vault = box.unlock()
    box.withdrawals.look()
    assert_nothing_left(box, vault)
    receipt = vault.erasures.receipt(SESSION)
    assert receipt is not None
    assert (receipt.asked_by, receipt.samples) == ("button", 24_000)
    assert receipt.words > 0


def test_withdrawn_at_the_box__before_the_vault_ever_saw_it__still_has_a_receipt(box: Box) -> None:
    vault = box.unlock()
    unknown = "77" * 16
    note(box, session_id=unknown, complete=True)
    box.withdrawals.look()
    receipt = vault.erasures.receipt(unknown)
    assert receipt is not None
    assert (receipt.words, receipt.edits, receipt.duration_ms) == (0, 0, 3000)


def test_withdrawn_at_the_box__of_somebody_else__is_left_for_them(box: Box) -> None:
    vault = box.unlock()
    note(box, complete=True, key_id="f" * 16)
    box.withdrawals.look()
    assert len(list_withdrawals(box.tapes_dir)) == 1
    assert vault.sessions.get(SESSION) is not None


def note(box: Box, *, complete: bool, session_id: str = SESSION, key_id: str | None = None) -> None:
    (account, *_) = box.vaults.accounts()
    withdrawal = Withdrawal(session_id, key_id or account.key_id, AskedBy.BUTTON, 1_795_000_000_000, True, 24_000, 8000)  # noqa: FBT003  the record's fields
    if complete:
        withdraw_tape(box.tapes_dir, withdrawal, lambda: 1_795_000_000_090)
    else:
        with killed_before(8, STEPS, also=DATABASE_STEPS), pytest.raises(Killed):  # noted, and nothing more
            withdraw_tape(box.tapes_dir, withdrawal, lambda: 0)
        assert read_head(box.tape)


def test_tape_that_comes_back__of_a_withdrawn_session__is_not_taken_in_again(box: Box, tmp_path: Path) -> None:
    """From a backup, or by a race with the pipeline."""
    vault = box.unlock()
    shutil.copytree(box.tape, tmp_path / "backup")
    box.withdrawals.withdraw(vault, SESSION)
    shutil.copytree(tmp_path / "backup", box.tape)
    assert Ingest(box.tapes_dir, vault).tapes() == []
    assert vault.sessions.get(SESSION) is None
    assert vault.session_key(SESSION) is None


def test_words_still_under_way__when_it_is_withdrawn__are_refused(box: Box) -> None:
    vault = box.unlock()
    ingest = Ingest(box.tapes_dir, vault)
    vault.sessions.add(head("77" * 16))
    box.withdrawals.withdraw(vault, SESSION)
    with pytest.raises(NoSuchSession):
        vault.sessions.append_segments(SESSION, [segment(81, WORD.decode())], Cursor(10**9, next_seq=82))
    assert ingest.tapes() == []


def test_ingest__follows_a_tape_that_is_withdrawn__is_told_at_once(box: Box) -> None:
    vault = box.unlock()
    vault.drop_session_key(SESSION)
    shutil.rmtree(box.tape)
    session_id = "77" * 16
    fresh = SessionHead(session_id, TAPE.started_at_ms, clock_trusted=True, sample_rate_hz=8000, channels=1)
    seal_tape(box.tapes_dir, vault.account.public_key, fresh, 3000, ())
    ingest = Ingest(box.tapes_dir, vault)
    (tape,) = ingest.tapes()
    note(box, session_id=session_id, complete=True)
    with pytest.raises(TapeErased):
        ingest.follow(tape)
    ingest.forget(session_id)
    assert vault.session_key(session_id) is None


def test_long_reader__keeps_the_log__is_said_and_finished_afterwards(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_SETTINGS", (*database._SETTINGS[:-1], "PRAGMA busy_timeout = 50"))
    vault = box.unlock()
    reading, done = threading.Event(), threading.Event()

    def read_long(connection: database.Connection) -> None:
        connection.execute("SELECT count(*) FROM sessions").fetchone()
        reading.set()
        done.wait(10)

    reader = threading.Thread(target=lambda: vault.sessions._database.read(read_long))
    reader.start()
    reading.wait(10)
    with pytest.raises(VaultFailed, match="not all was erased"):
        box.withdrawals.withdraw(vault, SESSION)
    assert len(list_withdrawals(box.tapes_dir)) == 1
    assert not box.tape.exists()
    done.set()
    reader.join()
    box.withdrawals.look()
    assert_nothing_left(box, vault)


def test_receipt__once_kept__cannot_be_changed_or_deleted(plain_box: Box) -> None:
    vault = plain_box.unlock()
    plain_box.withdrawals.withdraw(vault, SESSION)
    plain_box.vaults.lock_all()
    (path,) = plain_box.folder.rglob("vault.db")
    with closing(sqlite3.connect(path)) as connection:
        for statement in ("UPDATE receipts SET words = 0", "DELETE FROM receipts"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                connection.execute(statement)


def test_receipt__anything_it_holds__is_no_word_of_the_session(box: Box) -> None:
    vault = box.unlock()
    receipt = box.withdrawals.withdraw(vault, SESSION)
    assert isinstance(receipt, Receipt)
    assert WORD.decode() not in repr(receipt)
    assert receipt.erased_at_ms >= receipt.asked_at_ms
