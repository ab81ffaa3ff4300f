"""Erases tapes, and ends of tapes, in child processes, each killed before a later step, until one gets through.

    python -m faults.killed_erasing withdrawal|end FOLDER STRIDE

A program of its own, since it forks. Takes every STRIDE-th step. Prints one JSON line, see `Found`.
"""

import hashlib
import json
import random
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from support.killed import survives
from support.tapes import new_tape, noise, open_tape, record_session

from firmware.tape import (
    AskedBy,
    AudioRecord,
    ConsentEvent,
    TapeError,
    TapeWriter,
    Withdrawal,
    finish_erasing,
    finish_withdrawals,
    list_withdrawals,
    read_head,
    withdraw_tape,
)
from firmware.tape.cut import PLAN_NAME, is_being_cut
from firmware.tape.segment_keys import SLOT_BYTES
from firmware.tape.stream import HEADER_BYTES

STEPS = ("open", "write", "pwrite", "fsync", "fdatasync", "unlink", "rmdir", "rename", "ftruncate", "close")
_DIGEST_BYTES = 32
SECONDS, ERASED_S, SEGMENT_S, RATE_HZ = 12, 8, 5, 50


@dataclass(slots=True)
class Found:
    kills: int = 0
    begun: int = 0  # kills after which it was durable that something is to be erased
    openable: int = 0  # of these, how many could still be opened after the next start
    left: int = 0  # ... left a file or a key behind
    no_receipt: int = 0  # ... or nothing that says so
    touched: int = 0  # were changed although nothing had begun
    longest_s: float = 0.0  # that the next start took


def withdraw(tapes_dir: Path, step: int, found: Found) -> bool:
    """Whether the withdrawal came to its end before the step."""
    tape = new_tape(tapes_dir)
    record_session(tape)
    went_through = survives(step, STEPS, partial(withdraw_tape, tapes_dir, _withdrawal_of(tape.folder), lambda: 1))
    has_begun = bool(list_withdrawals(tapes_dir))
    _start_again(tapes_dir, found)
    if has_begun:
        found.openable += _can_be_opened(tape.folder)
        found.left += tape.folder.exists()
        found.no_receipt += [w.erased_at_ms is not None for w in list_withdrawals(tapes_dir)] != [True]
    else:
        found.touched += not _can_be_opened(tape.folder)
    found.begun += has_begun and not went_through
    return went_through


def erase_end(tapes_dir: Path, step: int, found: Found) -> bool:
    """Whether the erasing came to its end; the next start is killed as well, at any of its steps, before another."""
    tape = _recording(tapes_dir)
    before = {path.name: path.read_bytes() for path in tape.folder.glob("*.seg")}
    went_through = survives(step, STEPS, partial(_erase_last, tape))
    tape.abandon()
    has_begun = _has_plan(tape.folder) or _files(tape.folder) != before
    survives(random.Random(step).randrange(30), STEPS, partial(finish_erasing, tapes_dir))
    _start_again(tapes_dir, found)
    reader = open_tape(tape.folder)
    reader.verify()
    heard = sum(isinstance(record, AudioRecord) for record in reader.events())
    is_whole = heard == SECONDS and reader.erased_samples == 0 and reader.read_pcm(0, reader.samples) == _sound(SECONDS)
    is_erased = heard == SECONDS - ERASED_S and reader.erased_samples == ERASED_S * RATE_HZ
    is_erased = is_erased and reader.read_pcm(0, heard * RATE_HZ) == _sound(heard)
    found.left += is_being_cut(tape.folder)
    if has_begun:
        found.no_receipt += not is_erased
        found.openable += _keeps_a_key_or_sound(tape.folder, before)
    else:
        found.touched += not is_whole
    found.begun += has_begun and not went_through
    return went_through


def _recording(tapes_dir: Path) -> TapeWriter:
    tape = new_tape(tapes_dir, segment_s=SEGMENT_S)
    tape.append_consent(ConsentEvent.GIVEN)
    for second in range(SECONDS):
        tape.append_audio(noise(RATE_HZ, second))
    tape.append_consent(ConsentEvent.PAUSED)
    return tape


def _erase_last(tape: TapeWriter) -> None:
    tape.erase_last(ERASED_S * RATE_HZ)


def _has_plan(folder: Path) -> bool:
    """Whole, that is: one that was cut off itself was never begun."""
    raw = (folder / PLAN_NAME).read_bytes() if is_being_cut(folder) else b""
    return len(raw) > _DIGEST_BYTES and hashlib.sha256(raw[_DIGEST_BYTES:]).digest() == raw[:_DIGEST_BYTES]


def _sound(seconds: int) -> bytes:
    return b"".join(noise(RATE_HZ, second) for second in range(seconds))


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.seg")}


def _keeps_a_key_or_sound(folder: Path, before: dict[str, bytes]) -> bool:
    """Whether a segment that lost anything still has its old key slot, or sealed sound that is gone, in any file."""
    remaining = b"".join(path.read_bytes() for path in folder.iterdir())
    now = _files(folder)
    cut = [content for name, content in before.items() if now.get(name) != content]
    slots = [content[HEADER_BYTES : HEADER_BYTES + SLOT_BYTES] for content in cut]
    ends = [content[-2 * RATE_HZ :] for content in cut]
    return not cut or any(piece in remaining for piece in (*slots, *ends))


def _withdrawal_of(folder: Path) -> Withdrawal:
    head = read_head(folder)
    return Withdrawal(head.session_id, head.key_id, AskedBy.BUTTON, 1, True, 170, head.sample_rate_hz)  # noqa: FBT003  the clock is trusted


def _can_be_opened(folder: Path) -> bool:
    try:
        return open_tape(folder).samples >= 0
    except TapeError:
        return False


def _start_again(tapes_dir: Path, found: Found) -> None:
    started_s = time.monotonic()
    finish_withdrawals(tapes_dir, lambda: 2)
    found.longest_s = max(found.longest_s, time.monotonic() - started_s)


def main(what: str, folder: Path, stride: int) -> None:
    erase = {"withdrawal": withdraw, "end": erase_end}[what]
    found = Found()
    step = 0
    while not erase(folder / str(step), step, found):
        shutil.rmtree(folder / str(step))
        found.kills += 1
        step += stride
    sys.stdout.write(json.dumps(asdict(found)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
