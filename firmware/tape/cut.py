"""Erasing the end of a tape that goes on: everything behind a place, for good, whatever is killed in between.

What is going to be done stands in one file of the tape's folder, the plan, before the first byte is destroyed. It holds
all bytes that have to be written, sealed already, so that whoever finds it can carry it out without any key, and again
from its beginning. It is removed when nothing is left to do.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from firmware.tape.durable import READABLE_FILE, sync_folder, write_all
from firmware.tape.segment_file import segment_name
from firmware.tape.segment_keys import SLOT_BYTES
from firmware.tape.stream import HEADER_BYTES

PLAN_NAME = "erasing"
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class CutPlan:
    """What is left of the last segment that stays, and what stands in place of all behind it."""

    number: int  # of the segment that says what was erased; it and all behind go
    segment: bytes = field(repr=False)  # its content, sealed
    kept_bytes: int = 0  # of the segment before, where that is cut; 0 where it stays whole
    kept_start: bytes = field(
        default=b"", repr=False
    )  # its first bytes then, with a slot that opens no more than is kept


def begin_cut(folder: Path, plan: CutPlan) -> None:
    """Makes the plan durable. Before that nothing is erased, after it all of it will be. Raises OSError."""
    body = json.dumps(asdict(plan), default=bytes.hex).encode()
    path = folder / PLAN_NAME
    path.unlink(missing_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, READABLE_FILE)
    try:
        write_all(fd, hashlib.sha256(body).digest() + body)
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(folder)


def is_being_cut(folder: Path) -> bool:
    """Whether a plan has not been carried out yet: the tape cannot be read now. Any process."""
    return (folder / PLAN_NAME).exists()


def finish_cut(folder: Path) -> bool:
    """Carries a plan out, keys first, and tells whether there was one. Whoever writes the tape, or any if none does.

    Killed at any step and called again, it ends the same.

    Raises:
        OSError: the disk refused; call again.
    """
    try:
        plan = _read_plan(folder)
    except FileNotFoundError:
        return False
    if plan is not None:
        _destroy_keys(folder, plan)
        _destroy_records(folder, plan)
        _write_segment(folder, plan)
    os.unlink(folder / PLAN_NAME)  # noqa: PTH108  a plan that was cut itself was never begun
    sync_folder(folder)
    return plan is not None


def _read_plan(folder: Path) -> CutPlan | None:
    raw = (folder / PLAN_NAME).read_bytes()
    digest, body = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        return None
    facts = json.loads(body)
    return CutPlan(**facts | {name: bytes.fromhex(facts[name]) for name in ("segment", "kept_start")})


def _destroy_keys(folder: Path, plan: CutPlan) -> None:
    if plan.kept_bytes:
        _overwrite(folder / segment_name(plan.number - 1), plan.kept_start, 0)
    for path in _segments_from(folder, plan.number):
        _overwrite(path, bytes(SLOT_BYTES), HEADER_BYTES)


def _overwrite(path: Path, content: bytes, offset: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(fd, content, offset)
        os.fsync(fd)
    finally:
        os.close(fd)


def _destroy_records(folder: Path, plan: CutPlan) -> None:
    if plan.kept_bytes:
        fd = os.open(folder / segment_name(plan.number - 1), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, plan.kept_bytes)
            os.fsync(fd)
        finally:
            os.close(fd)
    for path in reversed(_segments_from(folder, plan.number)):  # never a hole in the numbers
        os.unlink(path)  # noqa: PTH108
    sync_folder(folder)


def _segments_from(folder: Path, number: int) -> list[Path]:
    first = segment_name(number)
    return sorted(path for path in folder.glob("*.seg") if path.name >= first)


def _write_segment(folder: Path, plan: CutPlan) -> None:
    fd = os.open(folder / segment_name(plan.number), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, READABLE_FILE)
    try:
        write_all(fd, plan.segment)
        os.fsync(fd)
    finally:
        os.close(fd)
    sync_folder(folder)


def forget_plan(folder: Path) -> None:
    """Takes back, durably, a plan that `begin_cut` has not made durable. Raises OSError."""
    (folder / PLAN_NAME).unlink(missing_ok=True)
    sync_folder(folder)
