"""What is killed, damaged, stolen or tampered with on the disk."""

import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from support.canary import files_with_canary
from support.vaults import PASSPHRASE, draft
from support.web_box import FakePipeline, FakeRecorder
from support.web_sessions import add_session, plain, start_tape

from app.audit.chain import BOX, Event, Head, broken_at, origin, sealed
from app.box.record import BoxRecord
from app.domain import SessionHead
from app.settings import AppSettings
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults
from app.web.server import create_app
from firmware.tape import read_head
from security.page import CANARY, SESSION
from tacet.backup.repository import Repository
from tacet.backup.restoring import restore

TESTS = Path(__file__).parents[1]


def kills_during_edits(scale: Scale, told: Progress) -> Figure:
    """A process that edits without a pause is killed; what it had been told was kept has to be there."""
    kills, lost, acknowledged, damaged = scale.of(200, 3), 0, 0, 0
    chance = random.Random(1)
    with scratch_folder() as folder:
        vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
        vault, _ = vaults.create("Ada", PASSPHRASE)
        draft(vault, "one", "two")
        vaults.lock_all()
        place = folder / "vaults" / vault.account.vault_id
        for number in range(kills):
            told(f"kill {number + 1} of {kills}")
            words = _kill_a_writer(place, f"kill{number:04d}", chance.randrange(1, 40))
            opened = Vault.unlock(place, PASSPHRASE)
            kept = {edit.text for seq in (0, 1) for edit in opened.sessions.edit_history(SESSION, seq)}
            lost += len(words - kept)
            acknowledged += len(words)
            check = opened._database.read(lambda connection: connection.execute("PRAGMA integrity_check").fetchall())
            damaged += check != [("ok",)]
            opened.lock()
    return Figure(f"{kills} kills, {acknowledged} edits kept, {lost} lost, {damaged} damaged", not lost + damaged)


def _kill_a_writer(place: Path, word: str, after: int) -> set[str]:
    """What was acknowledged before the kill."""
    writer = subprocess.Popen(
        [sys.executable, "-m", "support.vault_writer", place, word, "edits"],
        env=os.environ | {"PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout
    lines = [writer.stdout.readline() for _ in range(after)]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate()
    numbers = [line for line in "".join([*lines, rest]).splitlines(keepends=True) if line.endswith("\n")]
    return {f"{word} {number.strip()}" for number in numbers}


def corruptions(scale: Scale, told: Progress) -> Figure:
    """Bytes of the databases and account files are damaged; the page still starts, and a recording can be sealed."""
    tries, failed, aside = scale.of(500, 8), 0, 0
    chance = random.Random(2)
    with scratch_folder(in_memory=True) as folder:
        vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
        vault, _ = vaults.create("Ada", PASSPHRASE)
        draft(vault, *[f"line {n}" for n in range(200)])
        vaults.lock_all()
        record = BoxRecord.open(folder / "box")
        for _ in range(300):
            record.audit.add(BOX, "box.started")
        record.close()
        victims = [folder / "box/box.db", folder / "box/key", *(folder / "vaults").glob("*/*.*")]
        whole = {path: path.read_bytes() for path in victims}
        for number in range(tries):
            told(f"damage {number + 1} of {tries}")
            path = victims[number % len(victims)]
            path.write_bytes(_damaged(whole[path], chance))
            failed += not _starts_and_records(folder, vault.account.public_key, number)
            aside += len(list((folder / "box").glob("damaged-*.db")))
            for stale in (*(folder / "box").glob("*"), *(folder / "vaults").glob("*/*-*")):
                stale.unlink()
            for path, content in whole.items():
                path.write_bytes(content)
    return Figure(f"{tries} damages, {failed} kept page or recording from starting, {aside} kept aside", not failed)


def _damaged(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    match chance.randrange(3):
        case 0:
            for _ in range(chance.randrange(1, 30)):
                damaged[chance.randrange(len(damaged))] ^= chance.randrange(1, 256)
        case 1:
            del damaged[chance.randrange(len(damaged)) :]
        case 2:
            start = chance.randrange(len(damaged))
            damaged[start : start + 4096] = chance.randbytes(len(damaged[start : start + 4096]))
    return bytes(damaged)


def _starts_and_records(folder: Path, public_key: bytes, number: int) -> bool:
    vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
    try:
        record = BoxRecord.open(folder / "box")
        settings = AppSettings(data_dir=folder, run_dir=folder, announce=False)
        create_app(settings, vaults, record, FakeRecorder(), FakePipeline())
        record.close()
        head = SessionHead(f"{number:032x}", 1, clock_trusted=True, sample_rate_hz=8000, channels=1)
        start_tape(folder / "tapes", public_key, head).close()
        return read_head(folder / "tapes" / head.session_id).session_id == head.session_id
    except Exception:  # noqa: BLE001  any of them is a miss
        return False


def stolen_disk(_: Scale, _told: Progress) -> Figure:
    """All files of a box that holds a session, searched without the passphrase, in the forms that words can take."""
    with scratch_folder() as folder:
        vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
        vault, _ = vaults.create("Ada", PASSPHRASE)
        add_session(vault, folder / "tapes", plain(f"The {CANARY}", "Two"), session_id=SESSION, started_at_ms=1)
        vault.sessions.add_edit(SESSION, 1, f"edited {CANARY}", "Ada")
        vault.audit.add(vault.account.vault_id, "session.opened", SESSION)
        open_hits = files_with_canary(folder, CANARY.encode())
        vaults.lock_all()
        hits = files_with_canary(folder, CANARY.encode()) + files_with_canary(folder, PASSPHRASE.encode())
        files = sum(path.is_file() for path in folder.rglob("*"))
    found = len(open_hits) + len(hits)
    return Figure(f"{files} files, {found} hits, while open and locked", not found)


def tampering(scale: Scale, _told: Progress) -> Figure:
    """Every row of a trail is edited, deleted, moved and cut off, one after the other."""
    length, tries, missed = scale.of(200, 30), 0, 0
    events, before = list[Event](), origin("aa")
    for seq in range(1, length + 1):
        events.append(sealed(Event(seq, seq, BOX, "", "session.opened", f"{seq:032x}"), before))
        before = events[-1].hash
    kept = Head(length, before)
    for at in range(length):
        changed = [*events]
        changed[at] = replace(events[at], subject="")
        swapped = [*events]
        swapped[at], swapped[at - 1] = swapped[at - 1], swapped[at]
        for tampered in (changed, swapped, events[:at] + events[at + 1 :], events[:at], [*events, events[at]]):
            tries += 1
            missed += broken_at(tampered, "aa", kept) is None
    return Figure(f"{tries} changes, {missed} not found", not missed)


def interrupted_backups(scale: Scale, told: Progress) -> Figure:
    """A backup is killed at random points; the next one is restored and compared byte by byte."""
    points, killed, wrong = scale.of(50, 3), 0, 0
    chance = random.Random(3)
    with scratch_folder() as folder:
        data, stick = folder / "data", folder / "stick"
        vaults = Vaults(data / "vaults", cost=CHEAP_COST)
        vault, _ = vaults.create("Ada", PASSPHRASE)
        add_session(vault, data / "tapes", plain("One", "Two"), session_id=SESSION, started_at_ms=1)
        vaults.lock_all()
        words = [sys.executable, "-m", "tacet", "backup", "--data", str(data), "--to", str(stick)]
        for number in range(3 * points):  # one that ends before its kill does not count
            if killed == points:
                break
            told(f"interruption {killed + 1} of {points}")
            (data / "tapes" / f"more{number}").write_bytes(chance.randbytes(1_000_000))
            working = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                working.wait(chance.uniform(0.4, 1.4))
            except subprocess.TimeoutExpired:
                working.kill()
                killed += 1
            working.wait()
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            restore(Repository(stick), folder / f"new{number}")
            wrong += _content(data) != _content(folder / f"new{number}")
            shutil.rmtree(folder / f"new{number}")
    return Figure(f"{killed} points, all killed on the way, {wrong} not identical", killed == points and not wrong)


def _content(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".creating")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
