"""Backups by themselves: when one is due, how it goes, what clinic IT sees, and carried to a server over SFTP."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from support.waiting import wait_until
from support.web_client import WebClient, web_client

from app.backup_state import BackupState, Stage, ask_for_backup, keep_backup_state, read_backup_state
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vaults
from tacet.backup.repository import Repository
from tacet.backup.restoring import restore
from tacet.backup.scheduled import Scheduled, is_due
from tacet.config.sections import BackupSection

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
AT = time(2, 0)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    vaults = Vaults(tmp_path / "data/vaults", cost=CHEAP_COST)
    vaults.create("Ada", "slow green river stone")
    vaults.lock_all()
    return tmp_path / "data"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


@pytest.mark.parametrize(
    ("made", "now", "due"),
    [
        (None, NOW, True),
        (NOW - timedelta(hours=9), NOW, False),  # at three this morning
        (NOW - timedelta(hours=11), NOW, True),  # at one, before the hour
        (NOW - timedelta(days=40), NOW, True),  # the box was off
        (NOW + timedelta(days=400), NOW, True),  # by a clock that was wrong
        (NOW - timedelta(hours=9), NOW + timedelta(hours=13), False),  # at one the next night
        (NOW - timedelta(hours=9), NOW + timedelta(hours=14), True),
    ],
    ids=["none yet", "today", "before the hour", "long ago", "ahead", "not yet", "the next night"],
)
def test_is_due__once_a_day_after_the_hour(made: datetime | None, now: datetime, due: bool) -> None:  # noqa: FBT001
    state = BackupState(stage=Stage.DONE, made_at_ms=ms(made) if made else 0, tried_at_ms=ms(made) if made else 0)
    assert is_due(state, now, AT) == due


def test_is_due__the_last_try_failed__tries_again_every_hour() -> None:
    failed = BackupState(stage=Stage.FAILED, tried_at_ms=ms(NOW))
    assert not is_due(failed, NOW + timedelta(minutes=59), AT)
    assert is_due(failed, NOW + timedelta(minutes=61), AT)


def test_scheduled__made__is_whole_and_says_so(data: Path, stick: Path, tmp_path: Path) -> None:
    scheduled = Scheduled(data, BackupSection(to=stick, horizon_days=7))
    scheduled.make_one(NOW)
    state = read_backup_state(data)
    assert state is not None
    assert (state.stage, state.made_at_ms, state.horizon_days, state.problem) == (Stage.DONE, ms(NOW), 7, "")
    assert state.files == len(Repository(stick).read().entries)
    restore(Repository(stick), tmp_path / "new")
    assert not (tmp_path / "new/backup").exists()


def test_scheduled__what_was_erased__is_gone_after_the_horizon(data: Path, stick: Path) -> None:
    erased = data / "tapes" / "erased"
    erased.parent.mkdir()
    erased.write_bytes(b"sealed once upon a time")
    scheduled = Scheduled(data, BackupSection(to=stick, horizon_days=7))
    scheduled.make_one(NOW)
    erased.unlink()
    scheduled.make_one(NOW + timedelta(days=7))
    assert any(b"sealed once" in path.read_bytes() for path in stick.glob("objects/*/*"))
    scheduled.make_one(NOW + timedelta(days=8))
    assert not any(b"sealed once" in path.read_bytes() for path in stick.glob("objects/*/*"))


def test_scheduled__stick_is_not_there__says_what_to_do_and_makes_no_folder(data: Path, tmp_path: Path) -> None:
    scheduled = Scheduled(data, BackupSection(to=tmp_path / "stick"))
    scheduled.make_one(NOW)
    assert scheduled.state.stage is Stage.FAILED
    assert "Plug the stick in" in scheduled.state.problem
    assert not (tmp_path / "stick").exists()


def test_scheduled__ended_on_the_way__says_so_at_the_next_start(data: Path, stick: Path) -> None:
    keep_backup_state(data, BackupState(stage=Stage.COPYING, done=3, of=9))
    assert Scheduled(data, BackupSection(to=stick)).state.problem == "The last one was interrupted."


def test_backup_command__scheduled__makes_one_at_once_and_another_when_asked(data: Path, stick: Path) -> None:
    config = data.parent / "tacet.toml"
    config.write_text(f'data_dir = "{data}"\n[backup]\nto = "{stick}"\n')
    words = [sys.executable, "-m", "tacet", "backup", "--scheduled", str(config)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: len(Repository(stick).snapshots()) == 1, 120, "for the first")
            wait_until(lambda: (read_backup_state(data) or BackupState()).stage is Stage.DONE, 60, "until it is done")
            ask_for_backup(data)
            wait_until(lambda: len(Repository(stick).snapshots()) == 2, 120, "for the one that was asked for")
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_backup_command__nothing_set_up__says_what_to_write(data: Path) -> None:
    config = data.parent / "tacet.toml"
    config.write_text(f'data_dir = "{data}"\n')
    words = [sys.executable, "-m", "tacet", "backup", "--scheduled", str(config)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0  # a unit that has nothing to do has not failed
    assert "Write `to` into the section [backup]" in done.stdout


@pytest.fixture
def it(tmp_path: Path) -> Iterator[WebClient]:
    """Clinic IT, signed in."""
    with web_client(tmp_path / "box") as client:
        client.new_person()
        client.join_as_it()
        yield client


def test_it_page__no_backups__says_how_to_set_them_up(it: WebClient) -> None:
    assert "No backups are set up" in it.http.get("/it").text
    it.http.post("/it/backup")
    assert read_backup_state(it.settings.data_dir) is None


def test_it_page__backups__shows_progress_the_last_one_and_what_went_wrong(it: WebClient) -> None:
    data_dir = it.settings.data_dir
    keep_backup_state(data_dir, BackupState(stage=Stage.COPYING, to="/media/stick", at="02:00", done=3, of=9))
    page = it.http.get("/it").text
    assert "Copying, 3 of 9 files" in page
    assert "Every day at 02:00, to /media/stick." in page
    failed = BackupState(stage=Stage.FAILED, to="/media/stick", at="02:00", problem="The storage refused.")
    keep_backup_state(data_dir, failed)
    part = it.http.get("/it/backup").text
    assert "The storage refused." in part
    assert "Back up now" in part
    assert it.http.post("/it/backup").status_code == 303
    assert "About to begin" in it.http.get("/it/backup").text
