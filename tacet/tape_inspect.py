"""`tacet tape inspect`: the facts of a tape, never its sound and never a key.

Without a key it tells what stands in clear: the head, and how many records the segments have. With the therapist's
vault it verifies everything, the sound included, and tells when consent was given, where sound is missing and why.
"""

import argparse
import getpass
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.errors import TacetError
from app.vault.vault import Vault
from firmware.tape import Occurrence, TapeHead, TapeReader, is_being_written, read_head
from firmware.tape.stream import FRAME_BYTES, OPENING_BYTES, Frame

_SEALED = "Consent, gaps and damage stand under the seal: name the therapist's vault (--vault) to see them."


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What a segment file says in clear."""

    name: str
    bytes: int
    records: int  # complete ones, as their lengths tell; nothing is verified without a key


def inspect(args: argparse.Namespace) -> int:
    """Raises TapeError, or TacetError for a folder that is not there and a vault that does not open."""
    if not args.folder.is_dir():
        raise TacetError(f"There is no recording {args.folder}. Name its folder below tapes/.")
    facts = _clear_facts(args.folder)
    if args.vault is not None:
        facts |= _sealed_facts(args.folder, args.vault)
    print(json.dumps(facts, indent=2) if args.json else "\n".join(_lines(facts)))
    return 0 if facts.get("damage") is None else 1


def _clear_facts(folder: Path) -> dict[str, Any]:
    head = read_head(folder)
    return {
        "session_id": head.session_id,
        "version": head.version,
        "started_at": _time(head.started_at_ms),
        "clock_trusted": head.clock_trusted,
        "sample_rate_hz": head.sample_rate_hz,
        "channels": head.channels,
        "recipient_key_id": head.key_id,
        "being_written": is_being_written(folder),
        "segments": [asdict(_segment_facts(path)) for path in sorted(folder.glob("*.seg"))],
        "verified": False,
    }


def _sealed_facts(folder: Path, vault_folder: Path) -> dict[str, Any]:
    """Reads the whole tape once. The session's key and, one second at a time, speech in clear are in memory only."""
    head = read_head(folder)
    tape = TapeReader(folder, _session_key(head, vault_folder))
    tape.verify()
    return {
        "verified": True,
        "closed": tape.closed,
        "damage": tape.damage,
        "length_s": tape.samples / head.sample_rate_hz,
        "gaps_s": tape.gap_samples / head.sample_rate_hz,
        "events": [_event(found, head) for found in tape.occurrences()],
    }


def _session_key(head: TapeHead, vault_folder: Path) -> bytes:
    vault = Vault.unlock(vault_folder, getpass.getpass("Passphrase of the vault: "))
    try:
        return vault.session_key(head.session_id) or vault.open_tape_key(head)
    finally:
        vault.lock()


def _event(found: Occurrence, head: TapeHead) -> dict[str, Any]:
    """Every field but the position; an occurrence has no sound in it."""
    told = {name: value for name, value in asdict(found).items() if name != "sample"}
    if told.get("at_ms") is not None:
        told["at"] = _time(told["at_ms"])
    return {"position_s": found.sample / head.sample_rate_hz, "kind": found.type.name.lower()} | told


def _segment_facts(path: Path) -> SegmentFacts:
    content = path.read_bytes()
    return SegmentFacts(path.name, len(content), sum(1 for _ in _complete_frames(content)))


def _complete_frames(segment: bytes) -> Iterator[Frame]:
    at = OPENING_BYTES
    while at + FRAME_BYTES <= len(segment):
        frame = Frame.parse(segment[at : at + FRAME_BYTES])
        if frame is None or at + FRAME_BYTES + frame.ciphertext_bytes > len(segment):
            return
        yield frame
        at += FRAME_BYTES + frame.ciphertext_bytes


def _time(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1000, tz=UTC).isoformat(timespec="seconds")


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    trust = "" if facts["clock_trusted"] else " (the box did not know the time then)"
    yield f"session     {facts['session_id']}"
    yield f"started     {facts['started_at']}{trust}"
    yield f"sound       {facts['sample_rate_hz']} Hz, {facts['channels']} channel(s), 16 bit"
    yield f"sealed to   {facts['recipient_key_id']}"
    yield f"state       {'being recorded' if facts['being_written'] else 'not being recorded'}"
    for segment in facts["segments"]:
        yield f"segment     {segment['name']}: {segment['records']} records, {segment['bytes']} bytes"
    yield from _sealed_lines(facts) if facts["verified"] else (f"            {_SEALED}",)


def _sealed_lines(facts: dict[str, Any]) -> Iterator[str]:
    yield f"length      {facts['length_s']:.3f} s, {facts['gaps_s']:.3f} s of it missing"
    yield f"end         {facts['damage'] or ('stopped properly' if facts['closed'] else 'not yet')}"
    for event in facts["events"]:
        rest = " ".join(str(event[name]) for name in event if name not in {"position_s", "kind", "at_ms"})
        yield f"{event['position_s']:10.3f} s {event['kind']} {rest}"
