"""`tacet audit verify`: the chain of events, from the first to the last, offline."""

import argparse
import sys
from getpass import getpass
from pathlib import Path

from app.audit.chain import Head, read_head
from app.box.record import BoxRecord
from app.errors import TacetError
from app.vault.audit_trail import AuditTrail
from app.vault.vault import Vault


class TrailBroken(TacetError):
    """Somebody has changed the past. Keep the files as they are."""


def add_verify(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Look for changed, missing or added events. Without --vault: the box's own trail. An end that was cut off "
        "shows only against a head that was kept elsewhere: print it now and then."
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the box's data_dir")
    parser.add_argument("--vault", type=Path, metavar="DIR", help="a therapist's vault (asks for the passphrase)")
    parser.add_argument("--head", metavar="N:HASH", help="the last line of a printed page; the trail has to hold it")
    parser.set_defaults(run=verify)


def verify(args: argparse.Namespace) -> int:
    kept = _kept(args.head)
    if args.vault:
        passphrase = getpass("Passphrase: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
        vault = Vault.unlock(args.vault, passphrase)
        try:
            return _tell(vault.audit, kept)
        finally:
            vault.lock()
    if not args.data or not (args.data / "box").is_dir():
        raise TacetError("Name the box's folder with --data, or a vault with --vault.")
    record = BoxRecord.open(args.data / "box")
    try:
        return _tell(record.audit, kept)
    finally:
        record.close()


def _kept(text: str | None) -> Head | None:
    try:
        return read_head(text) if text else None
    except ValueError:
        raise TacetError("A head is a number, a colon and 64 hex digits, as it was printed. Type it again.") from None


def _tell(trail: AuditTrail, kept: Head | None) -> int:
    broken = trail.verify(kept)
    if broken:
        raise TrailBroken(f"The trail was changed: {broken.why}. Keep a copy of the files as they are.")
    head = trail.head()
    print(f"{head.events} events, none changed, none missing{' up to the head that was kept' if kept else ''}.")
    print(f"Head, to be kept elsewhere: {head}")
    return 0
