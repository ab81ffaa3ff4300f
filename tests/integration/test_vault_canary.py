"""Nothing of what was said may stand in any byte of a vault's files. The word below is never said in a test's name."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.vaults import PASSPHRASE, SESSION, draft, files_with

from app.vault import database
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults

WORD = "xylophonist"  # compresses to nothing shorter and stands in no file of a vault by chance
KEY = b"kanarienvogel-schluessel-1234567"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A locked vault's folder."""
    vaults = Vaults(tmp_path / "vaults", cost=CHEAP_COST)
    vault, _ = vaults.create("Ada", PASSPHRASE)
    vaults.lock_all()
    return tmp_path / "vaults" / vault.account.vault_id


def traces(folder: Path) -> list[str]:
    """The files that hold the word or the key, in any of the forms that a careless program would write."""
    spellings = [WORD.encode(), WORD.upper().encode(), WORD.encode("utf-16-le"), WORD.encode().hex().encode()]
    keys = [KEY, KEY.hex().encode(), KEY.hex().upper().encode()]
    return sorted({name for needle in (*spellings, *keys) for name in files_with(needle, folder.parent)})


def say_it_everywhere(vault: Vault) -> None:
    draft(vault, f"the machine heard {WORD}", *["padding that makes the database grow"] * 200)
    vault.sessions.add_edit(SESSION, 0, f"edited to {WORD} {WORD}", f"author {WORD}")
    vault.sessions.add_edit(SESSION, 1, WORD, "Ada")
    vault.sessions.undo_edit(SESSION, 1, "Ada")
    vault.sessions.set_state(SESSION, vault.sessions.list()[0].state, f"a problem with {WORD}")
    vault.keep_session_key(SESSION, KEY)


def test_vault_files__while_open_and_after_locking__hold_no_trace(folder: Path) -> None:
    vault = Vault.unlock(folder, PASSPHRASE)
    say_it_everywhere(vault)
    assert {"account.json", "vault.db", "vault.db-wal", f"{SESSION}.key"} <= {file.name for file in folder.rglob("*")}
    assert traces(folder) == []
    vault.lock()
    assert traces(folder) == []
    vault = Vault.unlock(folder, PASSPHRASE)
    assert WORD in vault.sessions.segments(SESSION)[0].text  # it was there to be found
    assert vault.session_key(SESSION) == KEY
    vault.lock()


def test_vault_files__after_a_kill__hold_no_trace(folder: Path) -> None:
    with writer(folder, "once") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stored\n"
        assert traces(folder) == []
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert traces(folder) == []
    assert (folder / "vault.db-wal").stat().st_size > 0  # it was killed with work undone
    vault = Vault.unlock(folder, PASSPHRASE)
    assert vault.sessions.edits(SESSION)[1].text == f"edited {WORD}"
    vault.lock()


def test_canary_scan__encryption_switched_off__finds_the_word(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two tests above can fail: the same use of a vault whose database is given no key is full of traces."""
    monkeypatch.setattr(database, "_give_key", lambda *_: None)
    (folder / "vault.db").unlink()
    database.Database.create(folder / "vault.db", KEY)
    vault = Vault.unlock(folder, PASSPHRASE)
    say_it_everywhere(vault)
    assert "vault.db-wal" in traces(folder)
    vault.lock()
    assert traces(folder) == ["vault.db"]


def test_canary_scan__key_file_in_clear__finds_the_key(folder: Path) -> None:
    (folder / "keys" / f"{SESSION}.key").write_bytes(KEY)
    assert traces(folder) == [f"{SESSION}.key"]


def test_session_key__kept_and_dropped__comes_back_and_is_gone(folder: Path) -> None:
    vault = Vault.unlock(folder, PASSPHRASE)
    assert vault.session_key(SESSION) is None
    vault.keep_session_key(SESSION, b"first".ljust(32))
    vault.keep_session_key(SESSION, KEY)
    assert vault.session_key(SESSION) == KEY
    wrapped = (folder / "keys" / f"{SESSION}.key").read_bytes()
    for _ in range(2):
        vault.drop_session_key(SESSION)
        assert vault.session_key(SESSION) is None
    assert list((folder / "keys").iterdir()) == []
    assert files_with(wrapped, folder) == []
    vault.lock()


def test_drop_session_key__a_second_name_for_the_file__shows_that_it_was_overwritten(folder: Path) -> None:
    vault = Vault.unlock(folder, PASSPHRASE)
    vault.keep_session_key(SESSION, KEY)
    other_name = folder / "linked"
    os.link(folder / "keys" / f"{SESSION}.key", other_name)
    vault.drop_session_key(SESSION)
    assert other_name.read_bytes() == bytes(60)
    vault.lock()


def test_log_and_terminal__everything_said_and_refused__hold_no_trace(
    folder: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    vault = Vault.unlock(folder, PASSPHRASE)
    say_it_everywhere(vault)
    told = [repr(vault.sessions.content(SESSION)), repr(vault.sessions.edit_history(SESSION, 1)), repr(vars(vault))]
    vault.lock()
    gc.collect()
    out, err = capfd.readouterr()
    # Authors and problems are no speech and are shown; they hold the word for the scans of the files alone.
    seen = "\n".join([*told, caplog.text, out, err]).replace(f"author {WORD}", "").replace(f"problem with {WORD}", "")
    assert WORD not in seen


@contextmanager
def writer(folder: Path, what: str) -> Iterator[subprocess.Popen[str]]:
    script = Path(__file__).parents[1] / "support" / "vault_writer.py"
    command = [sys.executable, str(script), str(folder), WORD, what]
    environment = os.environ | {"PYTHONPATH": f"{script.parents[1]}{os.pathsep}{script.parents[2]}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
def test_edits__writer_killed_at_any_moment__lose_nothing_that_was_acknowledged(
    folder: Path, acknowledged: int
) -> None:
    vault = Vault.unlock(folder, PASSPHRASE)
    draft(vault, "one", "two")
    vault.lock()
    with writer(folder, "edits") as process:
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        seen += [int(line) for line in process.stdout]
    vault = Vault.unlock(folder, PASSPHRASE)
    kept = {edit.text for seq in (0, 1) for edit in vault.sessions.edit_history(SESSION, seq)}
    assert kept >= {f"{WORD} {number}" for number in seen}
    assert len(kept) <= len(seen) + 1
    problems = vault._database.read(lambda connection: connection.execute("PRAGMA cipher_integrity_check").fetchall())
    assert problems == []
    vault.lock()
