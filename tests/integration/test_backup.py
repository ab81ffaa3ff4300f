"""Backup, restore and rehearsal, as the command line does them, of a box that goes on working."""

import filecmp
import os
import random
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.backed_up_box import box
from support.vaults import PASSPHRASE, SESSION, draft

from app.vault.vault import Vaults
from tacet.backup.copying import back_up
from tacet.backup.repository import BackupFailed, Repository
from tacet.backup.restoring import restore


def tacet(*arguments: object, typed: str = "") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tacet", *map(str, arguments)]
    return subprocess.run(words, input=typed, capture_output=True, text=True, check=False, timeout=240)


def copied(tmp_path: Path) -> None:
    """A backup of the locked box, as the command makes it, without a process of its own."""
    back_up(tmp_path / "data", Repository(tmp_path / "stick"))


def same(left: Path, right: Path) -> bool:
    found = filecmp.dircmp(left, right, ignore=["tls", "setup-code", ".creating"])
    stack = [found]
    while stack:
        one = stack.pop()
        names = one.left_only + one.right_only + one.funny_files
        if names or filecmp.cmpfiles(one.left, one.right, one.common_files, shallow=False)[1:] != ([], []):
            return False
        stack += one.subdirs.values()
    return True


def test_backup__of_a_locked_box__restored_is_identical_and_opens(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    done = tacet("backup", "--data", tmp_path / "data", "--to", tmp_path / "stick")
    assert done.returncode == 0, done.stderr
    done = tacet("restore", "--from", tmp_path / "stick", "--data", tmp_path / "new")
    assert done.returncode == 0, done.stderr
    assert same(tmp_path / "data", tmp_path / "new")
    assert not (tmp_path / "new/tls").exists()  # a new box makes its own certificate
    assert not (tmp_path / "new/box/setup-code").exists()
    vaults = Vaults(tmp_path / "new/vaults")
    vault = vaults.unlock(vaults.accounts()[0].vault_id, PASSPHRASE)
    assert [line.text for line in vault.sessions.segments(SESSION)] == ["One", "Two", "Three"]
    assert vault.session_key(SESSION)
    vaults.lock_all()


def test_backup__what_is_this_boxs_own__is_left_out(tmp_path: Path) -> None:
    """On a box made from the image these are files of root and of other users, which the app's cannot open."""
    with box(tmp_path / "data"):
        pass
    for folder, name in (("identity", "box-id"), ("pool", "key.pem"), ("pool-invited", "code")):
        (tmp_path / "data" / folder).mkdir()
        (tmp_path / "data" / folder / name).write_text("the old box's own")
    (tmp_path / "data/tapes" / SESSION / "reserve").write_bytes(bytes(4096))
    entries = {entry.path for entry in back_up(tmp_path / "data", Repository(tmp_path / "stick")).entries}
    assert {path.split("/")[0] for path in entries} == {"vaults", "tapes", "box"}
    assert not [path for path in entries if path.endswith("reserve")]


def test_backup__while_the_therapist_works__holds_every_edit_that_was_kept_before(tmp_path: Path) -> None:
    with box(tmp_path / "data") as vault:
        draft(vault, "other", session_id="0d" * 16)
        for round_ in range(2):
            for number in range(40):
                vault.sessions.add_edit(SESSION, 0, f"round {round_} edit {number}", "Ada")
            working = subprocess.Popen(
                [sys.executable, "-m", "tacet", "backup", "--data", tmp_path / "data", "--to", tmp_path / "stick"],
                stdout=subprocess.DEVNULL,
            )
            number = 0
            while working.poll() is None:
                vault.sessions.add_edit(SESSION, 1, f"meanwhile {round_} {number}", "Ada")
                number += 1
            assert working.returncode == 0
            restore(Repository(tmp_path / "stick"), tmp_path / f"new{round_}")
            copy = Vaults(tmp_path / f"new{round_}/vaults").unlock(vault.account.vault_id, PASSPHRASE)
            assert len(copy.sessions.edit_history(SESSION, 0)) == 40 * (round_ + 1)
            found = copy._database.read(lambda connection: connection.execute("PRAGMA integrity_check").fetchall())
            assert found == [("ok",)]
            copy.lock()


@pytest.mark.parametrize("seed", range(2))
def test_backup__killed_anywhere__leaves_the_earlier_one_whole_and_goes_on(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with box(tmp_path / "data"):
        pass
    copied(tmp_path)
    first = Repository(tmp_path / "stick").read()
    (tmp_path / "data/tapes/large").write_bytes(chance.randbytes(3_000_000))
    working = subprocess.Popen(
        [sys.executable, "-m", "tacet", "backup", "--data", tmp_path / "data", "--to", tmp_path / "stick"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        working.wait(chance.uniform(0, 1.2))
    except subprocess.TimeoutExpired:
        os.kill(working.pid, signal.SIGKILL)
    working.wait()
    assert Repository(tmp_path / "stick").read(first.name) == first
    restore(Repository(tmp_path / "stick"), tmp_path / "old", first.name)
    assert tacet("backup", "--data", tmp_path / "data", "--to", tmp_path / "stick").returncode == 0
    restore(Repository(tmp_path / "stick"), tmp_path / "new")
    assert same(tmp_path / "data", tmp_path / "new")


def test_restore__stopped_half_way__goes_on_and_ends_with_the_same(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    copied(tmp_path)
    repository = Repository(tmp_path / "stick")

    class Stopped(Exception):
        pass

    files = len(repository.read().entries)
    for stop_at in range(1, files):

        def told(done: int, _of: int, stop_at: int = stop_at) -> None:
            if done == stop_at:
                raise Stopped

        new = tmp_path / f"new{stop_at}"
        with pytest.raises(Stopped):
            restore(repository, new, told=told)
        restore(repository, new)
        assert same(tmp_path / "data", new)


def test_restore__into_a_box_that_is_in_use__is_refused(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    copied(tmp_path)
    refused = tacet("restore", "--from", tmp_path / "stick", "--data", tmp_path / "data")
    assert refused.returncode == 1
    assert "holds something already" in refused.stderr


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_restore__a_content_damaged__says_so_and_puts_nothing_in_place(tmp_path: Path, damage: str) -> None:
    with box(tmp_path / "data"):
        pass
    copied(tmp_path)
    victim = max((tmp_path / "stick/objects").glob("*/*"), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    match damage:
        case "flip":
            content[len(content) // 2] ^= 1
            victim.write_bytes(content)
        case "truncate":
            victim.write_bytes(content[:-1])
        case "remove":
            victim.unlink()
    refused = tacet("restore", "--from", tmp_path / "stick", "--data", tmp_path / "new")
    assert refused.returncode == 1
    assert "missing or damaged" in refused.stderr
    assert not (tmp_path / "new/vaults").exists()


def test_snapshot__changed_by_hand__is_refused(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    copied(tmp_path)
    (path,) = (tmp_path / "stick/snapshots").glob("*.json")
    for changed in (path.read_text().replace("account.json", "../../escape"), path.read_text()[:-20], "{}", ""):
        path.write_text(changed)
        with pytest.raises(BackupFailed, match="damaged"):
            Repository(tmp_path / "stick").read()


@pytest.mark.parametrize(
    "path",
    ["../elsewhere", "vaults/../../elsewhere", "/elsewhere", "", ".", "a\0b"],
    ids=["up", "up-later", "absolute", "nothing", "itself", "nought"],
)
def test_restore__a_list_with_a_right_digest_and_a_wrong_place__is_refused(tmp_path: Path, path: str) -> None:
    """A stick that somebody else has written on."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/one").write_bytes(b"one")
    backup = Repository(tmp_path / "stick")
    snapshot = back_up(tmp_path / "data", backup)
    with backup.writing():
        backup.finish([replace(snapshot.entries[0], path=path)], datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(BackupFailed, match="damaged"):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "elsewhere").exists()


def test_snapshot__with_a_size_beyond_every_number__is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/one").write_bytes(b"one")
    backup = Repository(tmp_path / "stick")
    back_up(tmp_path / "data", backup)
    (path,) = (tmp_path / "stick/snapshots").iterdir()
    path.write_bytes(path.read_bytes().replace(b'"size": 3', b'"size": 3e999'))
    with pytest.raises(BackupFailed, match="damaged"):
        backup.read()


def test_horizon__passed__takes_what_was_erased_out_of_the_backups(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    copied(tmp_path)
    repository = Repository(tmp_path / "stick")
    erased = {entry.digest for entry in repository.read().entries if entry.path.startswith(f"tapes/{SESSION}/")}
    assert erased
    for path in (tmp_path / "data/tapes" / SESSION).iterdir():
        path.unlink()
    (tmp_path / "data/tapes" / SESSION).rmdir()
    copied(tmp_path)
    now = datetime.now(UTC)
    with repository.writing():
        assert repository.forget_before(timedelta(days=30), now) == 0
        assert erased <= {path.name for path in (tmp_path / "stick/objects").glob("*/*")}
        assert repository.forget_before(timedelta(days=30), now + timedelta(days=31)) == 1
    left = {path.name for path in (tmp_path / "stick/objects").glob("*/*")}
    assert not erased & left
    assert len(repository.snapshots()) == 1
    restore(repository, tmp_path / "new")


def test_rehearsal__with_the_passphrase__opens_everything_and_leaves_no_trace(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    copied(tmp_path)
    done = tacet("rehearse", "--from", tmp_path / "stick", typed=f"{PASSPHRASE}\n")
    assert done.returncode == 0, done.stderr
    assert "1 sessions, 1 recordings heard to their end, 1 events in an unbroken trail" in done.stdout
    wrong = tacet("rehearse", "--from", tmp_path / "stick", typed="not this one\n")
    assert wrong.returncode == 1
    assert "does not open" in wrong.stderr


def test_backup__two_at_once__the_second_is_refused(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    with Repository(tmp_path / "stick").writing():
        refused = tacet("backup", "--data", tmp_path / "data", "--to", tmp_path / "stick")
    assert refused.returncode == 1
    assert "under way" in refused.stderr


def test_backup__then_a_command__runs_it_without_a_shell_and_tells_when_it_fails(tmp_path: Path) -> None:
    with box(tmp_path / "data"):
        pass
    then = f"cp -r {{}} {tmp_path}/away"
    assert tacet("backup", "--data", tmp_path / "data", "--to", tmp_path / "stick", "--then", then).returncode == 0
    restore(Repository(tmp_path / "away"), tmp_path / "new")
    assert same(tmp_path / "data", tmp_path / "new")
    failed = tacet("backup", "--data", tmp_path / "data", "--to", tmp_path / "stick", "--then", "false")
    assert failed.returncode == 1
    assert "The backup itself is done" in failed.stderr


def test_audit_verify__of_the_box_and_of_a_vault__tells_head_and_tampering(tmp_path: Path) -> None:
    with box(tmp_path / "data") as vault:
        vault_id, head = vault.account.vault_id, vault.audit.head()
        folder = tmp_path / "data/vaults" / vault_id
        vault.audit.add("box", "session.opened", SESSION)
    told = tacet("audit", "verify", "--vault", folder, "--head", head, typed=f"{PASSPHRASE}\n")
    assert told.returncode == 0, told.stderr
    assert "2 events, none changed" in told.stdout
    assert tacet("audit", "verify", "--data", tmp_path / "data").returncode == 0
    cut = f"9:{head.hash}"
    found = tacet("audit", "verify", "--vault", folder, "--head", cut, typed=f"{PASSPHRASE}\n")
    assert found.returncode == 1
    assert "had 9 events before" in found.stderr
    assert tacet("audit", "verify").returncode == 1
    assert tacet("audit", "verify", "--data", tmp_path / "data", "--head", "nonsense").returncode == 1
