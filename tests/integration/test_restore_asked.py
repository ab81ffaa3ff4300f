"""A backup put back into an empty box as its page asks: found on a stick, checked, taken in at the next start."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.backed_up_box import box
from support.front_page import front_page
from support.ports import free_port
from support.vaults import PASSPHRASE, SESSION
from support.waiting import wait_until
from support.web_client import WebClient, web_client

from app.box.record import BoxRecord
from app.put_back import DRAFT, take_in
from app.restore_state import (
    RestoreState,
    Stage,
    ask_for_restore,
    asked_for,
    is_ready,
    is_under_way,
    read_restore_state,
)
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vaults
from tacet.backup import onto_box
from tacet.backup.awaiting import Awaiting
from tacet.backup.copying import back_up
from tacet.backup.found import Sticks
from tacet.backup.repository import Entry, Repository
from tacet.backup.scheduled import Scheduled
from tacet.config.sections import BackupSection

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stick with a backup of a box whose therapist has a session."""
    folder = tmp_path_factory.mktemp("made")
    with box(folder / "data"):
        pass
    (folder / "data/box/invitations.json").write_text("[]")
    back_up(folder / "data", Repository(folder / "stick", "tacet-room-3"), NOW)
    return folder / "stick"


@pytest.fixture
def stick(made: Path, tmp_path: Path) -> Path:
    """A copy of it, where sticks are mounted."""
    place = tmp_path / "media/sda1/tacet"
    shutil.copytree(made, place)
    return place


@pytest.fixture
def client(tmp_path: Path) -> Iterator[WebClient]:
    """The page of an empty box."""
    with web_client(tmp_path / "box") as client:
        yield client


def awaiting(tmp_path: Path, version: str = "0.1.0") -> Awaiting:
    return Awaiting(tmp_path / "box", Sticks(tmp_path / "media", None), version, threading.Event())


def state(tmp_path: Path) -> RestoreState:
    return read_restore_state(tmp_path / "box") or RestoreState(problem="nobody looks")


def offered(tmp_path: Path) -> str:
    (offer,) = state(tmp_path).offers
    return offer.offer_id


def lie_ready(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir(exist_ok=True)
    process = awaiting(tmp_path)
    process.look()
    ask_for_restore(tmp_path / "box", offered(tmp_path))
    process.look()
    assert process.state.problem == ""
    assert is_ready(tmp_path / "box")


def in_place(data_dir: Path) -> set[str]:
    """What a therapist or the recorder would find there."""
    found = [path for name in ("vaults", "tapes") for path in (data_dir / name).glob("*") if path.name[0] != "."]
    return {path.relative_to(data_dir).as_posix() for path in found}


def opens(data_dir: Path) -> None:
    vaults = Vaults(data_dir / "vaults", cost=CHEAP_COST)
    vault = vaults.unlock(vaults.accounts()[0].vault_id, PASSPHRASE)
    try:
        assert [line.text for line in vault.sessions.segments(SESSION)] == ["One", "Two", "Three"]
        assert vault.audit.verify() is None
    finally:
        vaults.lock_all()


def test_empty_box__a_stick_with_a_backup__is_put_back_as_the_page_asks(
    client: WebClient, stick: Path, tmp_path: Path
) -> None:
    assert "Put a backup" not in client.http.get("/setup").text  # nobody looks yet
    process = awaiting(tmp_path)
    process.look()
    assert 'href="/restore"' in client.http.get("/setup").text
    page = client.http.get("/restore").text
    assert "tacet-room-3, 26 November 2026" in page
    assert f"1 therapist, 1 recording, 1 MB, in {stick}" in page
    wrong = client.http.post("/restore", data={"offer": offered(tmp_path), "code": "0000-0000"})
    assert wrong.status_code == 422
    assert "That is not the code of this box" in wrong.text
    assert asked_for(tmp_path / "box") is None
    right = {"offer": offered(tmp_path), "code": client.setup_code}
    assert client.http.post("/restore", data=right).headers["location"] == "/restore"
    assert "About to begin" in client.http.get("/restore").text
    process.look()
    assert "every file was checked" in client.http.get("/restore").text
    assert in_place(tmp_path / "box") == set()
    client.record.close()

    assert take_in(tmp_path / "box")
    opens(tmp_path / "box")
    assert not (tmp_path / "box/box/setup-code").exists()
    assert not list((tmp_path / "box").glob(f"*/{DRAFT}"))


def test_page__while_one_is_put_back__sets_up_nobody_and_then_leads_to_the_sign_in(
    client: WebClient, stick: Path, tmp_path: Path
) -> None:
    process = awaiting(tmp_path)
    process.look()
    client.http.post("/restore", data={"offer": offered(tmp_path), "code": client.setup_code})
    form = {"code": client.setup_code, "name": "Eve", "passphrase": PASSPHRASE, "again": PASSPHRASE}
    assert client.http.get("/setup").headers["location"] == "/restore"
    assert client.http.post("/setup", data=form).headers["location"] == "/restore"
    assert client.vaults.accounts() == []
    seen = client.http.get("/restore/now")
    assert seen.status_code == 200
    process.look()
    take_in(tmp_path / "box")
    assert client.http.get("/restore/now").headers["hx-redirect"] == "/"
    assert client.http.get("/restore").headers["location"] == "/"


def test_page__where_nothing_has_changed__keeps_what_is_typed(client: WebClient, stick: Path, tmp_path: Path) -> None:
    process = awaiting(tmp_path)
    process.look()
    page = client.http.get("/restore").text
    asks = page.split('hx-get="')[1].split('"')[0]
    assert client.http.get(asks).status_code == 204
    shutil.rmtree(stick)
    process.look()
    assert "Plug the USB stick" in client.http.get(asks).text


def test_page__of_a_box_in_use__offers_nothing(client: WebClient, stick: Path, tmp_path: Path) -> None:
    awaiting(tmp_path).look()
    client.new_person()
    assert client.http.get("/restore").headers["location"] == "/"
    right = {"offer": offered(tmp_path), "code": client.setup_code}
    assert client.http.post("/restore", data=right).headers["location"] == "/"
    assert asked_for(tmp_path / "box") is None


def test_page__clinic_it_signed_in__needs_no_code(client: WebClient, stick: Path, tmp_path: Path) -> None:
    awaiting(tmp_path).look()
    client.join_as_it()
    assert 'href="/restore"' in client.http.get("/it").text
    assert "Code of this box" not in client.http.get("/restore").text
    assert client.http.post("/restore", data={"offer": offered(tmp_path)}).headers["location"] == "/restore"
    assert asked_for(tmp_path / "box") == offered(tmp_path)


def test_page__a_backup_that_nobody_offers__is_refused(client: WebClient, stick: Path, tmp_path: Path) -> None:
    awaiting(tmp_path).look()
    answer = client.http.post("/restore", data={"offer": "../../elsewhere", "code": client.setup_code})
    assert answer.status_code == 422
    assert "not there any more" in answer.text
    assert asked_for(tmp_path / "box") is None


def _flip(stick: Path, _tmp_path: Path) -> None:
    victim = max((stick / "objects").glob("*/*"), key=lambda path: path.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)


def _remove(stick: Path, _tmp_path: Path) -> None:
    max((stick / "objects").glob("*/*"), key=lambda path: path.stat().st_size).unlink()


def _record(_stick: Path, tmp_path: Path) -> None:
    (tmp_path / "box/tapes" / ("0d" * 16)).mkdir(parents=True)


REFUSALS = {
    "flipped": (_flip, "missing or damaged"),
    "removed": (_remove, "missing or damaged"),
    "a tape is there": (_record, "into an empty box only"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_chosen__cannot_be_put_back__says_why_and_leaves_nothing(name: str, stick: Path, tmp_path: Path) -> None:
    damage, said = REFUSALS[name]
    (tmp_path / "box").mkdir()
    process = awaiting(tmp_path)
    process.look()
    ask_for_restore(tmp_path / "box", offered(tmp_path))
    damage(stick, tmp_path)
    before = in_place(tmp_path / "box")
    process.look()
    assert said in state(tmp_path).problem
    assert "Nothing was put in place." in state(tmp_path).problem
    assert state(tmp_path).stage is Stage.LOOKING
    assert not is_under_way(tmp_path / "box")
    assert in_place(tmp_path / "box") == before
    assert not list((tmp_path / "box").glob(f"*/{DRAFT}"))


def test_chosen__the_stick_is_pulled__says_so(stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "box").mkdir()
    process = awaiting(tmp_path)
    process.look()
    ask_for_restore(tmp_path / "box", offered(tmp_path))
    fetch = Repository.fetch

    def pull(self: Repository, entry: Entry, place: Path, mode: int) -> None:
        shutil.rmtree(stick, ignore_errors=True)
        fetch(self, entry, place, mode)

    monkeypatch.setattr(Repository, "fetch", pull)
    process.look()
    assert "The stick with this backup is not there any more." in state(tmp_path).problem
    assert not list((tmp_path / "box").glob(f"*/{DRAFT}"))


def test_chosen__of_a_newer_version__asks_for_the_box_to_be_updated(stick: Path, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    process = awaiting(tmp_path, version="0.0.9")
    process.look()
    ask_for_restore(tmp_path / "box", offered(tmp_path))
    process.look()
    assert "Update this box first" in state(tmp_path).problem
    assert not is_ready(tmp_path / "box")


def test_chosen__larger_than_the_disk__says_how_large(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "box").mkdir()
    monkeypatch.setattr(onto_box, "SPARE_BYTES", 1 << 60)
    process = awaiting(tmp_path)
    process.look()
    ask_for_restore(tmp_path / "box", offered(tmp_path))
    process.look()
    assert "Take a box with a larger disk." in state(tmp_path).problem


@pytest.mark.parametrize(
    "path",
    [
        "box/setup-code",
        "box/invitations.json",
        "identity/it-code",
        "tls/key.pem",
        "backup/restore-ready",
        "vaults/.restoring-backup/x",
        "vaults/account.json",
        f"vaults/{'a' * 32}/setup-code",
        "tapes/.restoring-backup/x",
        f"tapes/{'a' * 31}/head",
        "recorder/recipient",
    ],
)
def test_stick__that_somebody_else_has_written__brings_nothing_but_vaults_tapes_and_record(
    path: str, stick: Path
) -> None:
    backup = Repository(stick)
    snapshot = backup.read()
    named = replace(snapshot, entries=(replace(snapshot.entries[-1], path=path),))
    assert onto_box.wanted(named) == ()
    assert len(onto_box.wanted(snapshot)) >= 5


def test_stick__without_a_vault__offers_nothing(tmp_path: Path) -> None:
    (tmp_path / "data/box").mkdir(parents=True)
    (tmp_path / "data/box/room.json").write_text("{}")
    back_up(tmp_path / "data", Repository(tmp_path / "media/sda1"), NOW)
    assert Sticks(tmp_path / "media", None).look() == ()
    assert Sticks(tmp_path / "none", tmp_path / "nowhere").look() == ()


def test_stick__named_in_the_settings__is_looked_at_as_well(made: Path, tmp_path: Path) -> None:
    (found,) = Sticks(tmp_path / "none", made).look()
    assert found.offer.box == "tacet-room-3"


def test_tapes__put_back__can_be_erased_by_recorder_and_app(stick: Path, tmp_path: Path) -> None:
    umask = os.umask(0o007)  # as in the unit
    try:
        lie_ready(tmp_path)
        take_in(tmp_path / "box")
    finally:
        os.umask(umask)
    tape, (vault,) = tmp_path / "box/tapes" / SESSION, (tmp_path / "box/vaults").glob("*")
    assert stat.S_IMODE(tape.stat().st_mode) & 0o777 == 0o770
    assert {stat.S_IMODE(path.stat().st_mode) for path in tape.iterdir()} == {0o660}
    assert stat.S_IMODE(vault.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in vault.rglob("*") if path.is_file()} == {0o600}


class Stopped(BaseException):
    """The power went."""


STEPS = ("rename", "replace", "unlink")


def test_take_in__cut_at_every_step__the_next_start_ends_with_all_of_it(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie_ready(tmp_path)
    ready = tmp_path / "ready"
    (tmp_path / "box").rename(ready)
    real = {name: getattr(Path, name) for name in STEPS}
    cut_at, cuts = 0, 0
    while True:
        shutil.rmtree(tmp_path / "box", ignore_errors=True)
        shutil.copytree(ready, tmp_path / "box")
        record = BoxRecord.open(tmp_path / "box/box")
        record.audit.add("box", "box.started")
        record.close()
        left = cut_at

        def step(name: str):  # noqa: ANN202  of each of them
            def cut(self: Path, *words: object, **named: object) -> object:
                nonlocal left
                if left == 0:
                    raise Stopped
                left -= 1
                return real[name](self, *words, **named)

            return cut

        with monkeypatch.context() as patched:
            for name in STEPS:
                patched.setattr(Path, name, step(name))
            try:
                take_in(tmp_path / "box")
            except Stopped:
                cuts += 1
            else:
                break
        assert take_in(tmp_path / "box")
        opens(tmp_path / "box")
        record = BoxRecord.open(tmp_path / "box/box")
        assert record.audit.verify() is None
        record.close()
        cut_at += 1
    assert cuts >= 5
    opens(tmp_path / "box")


def test_take_in__where_a_vault_stands_already__leaves_it_as_it_is(stick: Path, tmp_path: Path) -> None:
    lie_ready(tmp_path)
    (vault,) = (tmp_path / "box/vaults" / DRAFT).iterdir()
    there = tmp_path / "box/vaults" / vault.name
    there.mkdir()
    (there / "account.json").write_text("somebody's own")
    take_in(tmp_path / "box")
    assert (there / "account.json").read_text() == "somebody's own"
    assert [path.name for path in there.iterdir()] == ["account.json"]


def test_take_in__clinic_its_own_account_here__is_kept(stick: Path, tmp_path: Path) -> None:
    lie_ready(tmp_path)
    own = tmp_path / "box/box/clinic-it.json"
    own.write_text("made on this box")
    (tmp_path / "box/box" / DRAFT / "clinic-it.json").write_text("of the box before")
    take_in(tmp_path / "box")
    assert own.read_text() == "made on this box"


def test_take_in__nothing_ready__does_nothing(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    assert not take_in(tmp_path / "box")
    assert list((tmp_path / "box").iterdir()) == []


def test_empty_box__with_backups_set_up__makes_none_and_pushes_none_out(made: Path, tmp_path: Path) -> None:
    """Plugged into the stick of the box before it, a month later."""
    stick = tmp_path / "stick"
    shutil.copytree(made, stick)
    before = Repository(stick).snapshots()
    BoxRecord.open(tmp_path / "box/box").close()
    scheduled = Scheduled(tmp_path / "box", BackupSection(to=stick))
    assert not scheduled._is_set_up()
    scheduled.make_one(NOW + timedelta(days=90))
    assert "No therapist is set up here yet" in scheduled.state.problem
    assert Repository(stick).snapshots() == before


@pytest.mark.parametrize("killed", [False, True], ids=["left alone", "killed on the way"])
def test_processes__of_an_empty_box__put_it_back_and_the_app_starts_with_it(
    killed: bool,  # noqa: FBT001  a parameter
    stick: Path,
    tmp_path: Path,
) -> None:
    config, data_dir, port = tmp_path / "tacet.toml", tmp_path / "box", free_port()
    config.write_text(
        f'data_dir = "{data_dir}"\nrun_dir = "{tmp_path}"\nmodels_dir = "{tmp_path}"\n[app]\nhost = "127.0.0.1"\n'
        f'port = {port}\nannounce = false\nsticks_dir = "{tmp_path}/media"\n'
    )
    app = [sys.executable, "-m", "tacet", "app", "--config", str(config)]
    looking = [sys.executable, "-m", "tacet", "restore", "--asked", str(config)]
    with subprocess.Popen(app, stderr=subprocess.DEVNULL) as serving:
        wait_until((data_dir / "box/setup-code").exists, 120, "for the app")
        process = subprocess.Popen(looking, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: state(tmp_path).offers, 120, "for the stick to be found")
            if killed:
                process.send_signal(signal.SIGKILL)
                process.wait(60)
                (data_dir / "vaults" / DRAFT / ("0" * 32)).mkdir(parents=True)  # as a copy that did not end
                ask_for_restore(data_dir, offered(tmp_path))
                process = subprocess.Popen(looking, stderr=subprocess.DEVNULL)
            else:
                ask_for_restore(data_dir, offered(tmp_path))
            assert process.wait(120) == 0
            assert serving.wait(120) == 0  # it ends by itself, to be started again
        finally:
            process.kill()
            process.wait(60)
            serving.terminate()
    with subprocess.Popen(app, stderr=subprocess.DEVNULL) as serving:
        try:
            wait_until(lambda: "Open my vault" in front_page(data_dir, port), 120, "for the sign-in")
        finally:
            serving.terminate()
        assert serving.wait(120) == 0
    opens(data_dir)
    record = BoxRecord.open(data_dir / "box")
    actions = [event.action for event in record.audit.latest(9)]
    assert record.audit.verify() is None
    record.close()
    assert "box.restored" in actions
    assert not is_under_way(data_dir)
    assert not [one.name for one in (data_dir / "vaults").iterdir() if one.name == "0" * 32]
