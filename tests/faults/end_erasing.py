"""Ends of recordings that somebody asks to erase: how long it takes on a whole recorder, and what a kill leaves."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav

from faults.program import answer_of
from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.status import BoxState

RATE_HZ = 16_000
WITHIN_S = 5.0
_ROOM = noise(RATE_HZ * 100)
_MINUTE_SAMPLES = 60 * RATE_HZ
_LATEST_KILL_S = 0.05


def end_erased_for_good(scale: Scale, progress: Progress) -> Figure:
    with scratch_folder() as folder:
        found = answer_of("faults.killed_erasing", "end", folder, scale.of(1, 5))
    progress(f"killed at {found['kills']} steps")
    slowest_s = max(_time_an_erasure() for _ in range(scale.of(5, 1)))
    recorders = scale.of(20, 1)
    halves = 0
    for seed in range(recorders):
        halves += _is_half_erased(seed)
        progress(f"{seed + 1} of {recorders} recorders killed while they erase")
    wrong = sum(found[what] for what in ("openable", "left", "no_receipt", "touched")) + halves
    words = (
        f"{found['openable']} of {found['begun']} erased ends decryptable and {wrong} wrong in any way after a kill at "
        f"each of {found['kills']} steps, another in the next start, and {recorders} of a whole recorder, on which "
        f"they are gone within {slowest_s:.2f} s"
    )
    return Figure(words, kept=wrong == 0 and found["begun"] > 8 // scale.of(1, 5) and slowest_s < WITHIN_S)


@contextmanager
def _recorder_with_70_s() -> Iterator[tuple[RecorderProcess, str]]:
    with scratch_folder() as folder:
        room = write_wav(folder / "room.wav", _ROOM)
        with RecorderProcess(folder, microphone="file", audio_file=room, speed=40) as box:
            box.prepare()
            box.press()
            session_id = box.wait_for(lambda status: status.samples_sealed >= 70 * RATE_HZ).session_id
            assert session_id is not None
            yield box, session_id


def _time_an_erasure() -> float:
    with _recorder_with_70_s() as (box, session_id):
        started_s = time.monotonic()
        box.command(command="erase_last", session_id=session_id, minutes=1)
        status = box.wait_for(lambda status: status.erased_samples)
        took_s = time.monotonic() - started_s
        assert status.state is BoxState.PAUSED
        assert status.samples_in == status.samples_sealed + status.gap_samples + status.erased_samples
        assert _MINUTE_SAMPLES <= status.erased_samples < _MINUTE_SAMPLES + 2 * RATE_HZ
        return took_s


def _is_half_erased(seed: int) -> bool:
    """After a kill in the middle of it, and another start."""
    with _recorder_with_70_s() as (box, session_id):
        box.command(command="erase_last", session_id=session_id, minutes=1)
        time.sleep(random.Random(seed).uniform(0, _LATEST_KILL_S))
        box.kill()
        box.start()
        box.wait_for_state(BoxState.READY)
        tape = box.read_tape()
        tape.verify()
        kept_samples = tape.samples - tape.erased_samples
        is_as_it_was = _ROOM.startswith(tape.read_pcm(0, kept_samples)) and kept_samples > 0
        return not is_as_it_was or 0 < tape.erased_samples < _MINUTE_SAMPLES
