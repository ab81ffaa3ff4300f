"""`tacet backup`, `tacet restore`, `tacet rehearse`."""

import argparse
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from getpass import getpass
from pathlib import Path
from socket import gethostname

from tqdm import tqdm

from tacet.backup.awaiting import run_awaiting
from tacet.backup.copying import Progress, back_up
from tacet.backup.repository import BackupFailed, Repository
from tacet.backup.restoring import prove, restore
from tacet.backup.scheduled import run_scheduled
from tacet.settings import load_settings

HORIZON_DAYS = 30


def add_backup(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Copy all that the box keeps, as ciphertext, while it runs. What was erased is gone from backups as well once "
        "the horizon has passed."
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the box's data_dir")
    parser.add_argument("--to", type=Path, metavar="DIR", help="where backups lie, as on a USB stick")
    parser.add_argument(
        "--scheduled", type=Path, metavar="TACET.TOML", help="stay, and make them as its section [backup] says"
    )
    parser.add_argument(
        "--horizon-days", type=int, default=HORIZON_DAYS, metavar="N", help="keep backups so long (default 30)"
    )
    parser.add_argument(
        "--then",
        metavar="COMMAND",
        help="run this afterwards; {} is the folder of --to: 'rsync -a --delete {}/ backup@nas:tacet/'",
    )
    parser.add_argument(
        "--with-process-notes",
        action="store_true",
        help="copy psychotherapy (process) notes too; they are left out else",
    )
    parser.add_argument("--list", action="store_true", help="list the backups there, and make none")
    parser.set_defaults(run=run_backup)


def add_restore(parser: argparse.ArgumentParser) -> None:
    parser.description = "Put a backup into an empty data_dir. Therapists then sign in with their own passphrases."
    _add_source(parser)
    parser.add_argument("--data", type=Path, metavar="DIR", help="the new box's data_dir, empty")
    parser.add_argument(
        "--asked",
        type=Path,
        metavar="TACET.TOML",
        help="stay while nobody has set the box up, and do as its page asks",
    )
    parser.set_defaults(run=run_restore)


def add_rehearse(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Prove a backup without touching the box: put it into a temporary folder, check every file, and open what you "
        "give the passphrase for."
    )
    _add_source(parser, required=True)
    parser.set_defaults(run=run_rehearsal)


def _add_source(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    parser.add_argument("--from", dest="source", type=Path, required=required, metavar="DIR", help="where backups lie")
    parser.add_argument("--snapshot", metavar="TIME", help="one of `tacet backup --list` (default: the newest)")


def run_backup(args: argparse.Namespace) -> int:
    if args.scheduled:
        settings = load_settings(args.scheduled)
        return run_scheduled(settings.app.data_dir, settings.backup, settings.app.name)
    if args.to is None or (args.data is None and not args.list):
        raise BackupFailed("Name the box's folder with --data and the backups' with --to, or a file with --scheduled.")
    repository = Repository(args.to, gethostname())
    if args.list:
        print("\n".join(repository.snapshots()) or "There is no backup yet.")
        return 0
    if args.horizon_days < 1:
        raise BackupFailed("The horizon is a number of days, one at least.")
    now = datetime.now(UTC)
    try:
        with _bar("Copying") as bar:
            snapshot = back_up(args.data, repository, now, _told(bar), with_process_notes=args.with_process_notes)
        with repository.writing():
            dropped = repository.forget_before(timedelta(days=args.horizon_days), now)
    except OSError as error:
        raise BackupFailed(f"The backup was not finished ({error.strerror}). Earlier backups are untouched.") from None
    print(f"Backup {snapshot.name}: {len(snapshot.entries)} files. {dropped} older ones are past the horizon and gone.")
    return _carry_away(args.then, args.to)


def _carry_away(command: str | None, folder: Path) -> int:
    if not command:
        return 0
    words = [word.replace("{}", str(folder)) for word in shlex.split(command)]
    try:
        code = subprocess.run(words, check=False).returncode
    except OSError as error:
        raise BackupFailed(f"{words[0]} could not be run ({error.strerror}). The backup itself is done.") from None
    if code:
        raise BackupFailed(f"{words[0]} ended with {code}. The backup itself is done, and lies in {folder}.")
    return 0


def run_restore(args: argparse.Namespace) -> int:
    if args.asked:
        return run_awaiting(load_settings(args.asked))
    if args.source is None or args.data is None:
        raise BackupFailed("Name where backups lie with --from and the new box's folder with --data.")
    repository = Repository(args.source)
    try:
        with _bar("Restoring") as bar:
            snapshot = restore(repository, args.data, args.snapshot, _told(bar))
    except OSError as error:
        raise BackupFailed(f"Restoring was not finished ({error.strerror}). Run it again to go on.") from None
    print(f"Restored {snapshot.name} into {args.data}: {len(snapshot.entries)} files, all as they were.")
    if snapshot.name != repository.snapshots()[-1]:
        print("This is not the newest backup: a session that was withdrawn since is back. Withdraw it again.")
    return 0


def run_rehearsal(args: argparse.Namespace) -> int:
    repository = Repository(args.source)
    with tempfile.TemporaryDirectory(prefix="tacet-rehearsal-") as folder:
        with _bar("Restoring into a temporary folder") as bar:
            snapshot = restore(repository, Path(folder) / "data", args.snapshot, _told(bar))
        print(f"{snapshot.name}: {len(snapshot.entries)} files, all as they were when they were copied.")
        for proof in prove(Path(folder) / "data", _ask):
            print(
                f"{proof.name}: opens. {proof.sessions} sessions, {proof.recordings} recordings heard to their end, "
                f"{proof.events} events in an unbroken trail."
            )
    return 0


def _ask(name: str) -> str:
    prompt = f"Passphrase of {name} (Enter leaves this vault out): "
    return getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _bar(words: str) -> "tqdm[object]":
    return tqdm(desc=words, unit="file", file=sys.stderr, disable=None, leave=False)


def _told(bar: "tqdm[object]") -> Progress:
    def told(done: int, of: int) -> None:
        bar.total = of
        bar.update(done - bar.n)

    return told
