"""Withdrawals: how long one takes on a whole recorder, and what is left of one that is killed at every step."""

import time

from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav

from faults.program import answer_of
from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.tape import TapeError, open_session_key, read_head

RATE_HZ = 16_000
WITHIN_S = 5.0


def erased_for_good(scale: Scale, progress: Progress) -> Figure:
    with scratch_folder() as folder:
        found = answer_of("faults.killed_erasing", "withdrawal", folder, scale.of(1, 4))
    slowest_s = 0.0
    for number in range(scale.of(10, 1)):
        slowest_s = max(slowest_s, _withdraw_while_recording())
        progress(f"{number + 1} withdrawn while recording")
    wrong = sum(found[what] for what in ("openable", "left", "no_receipt", "touched"))
    words = (
        f"{found['openable']} of {found['begun']} withdrawn tapes decryptable and {wrong} wrong in any way after a "
        f"kill at each of {found['kills']} steps and another start; on a whole recorder gone within {slowest_s:.2f} s"
    )
    in_time = max(slowest_s, found["longest_s"]) < WITHIN_S
    return Figure(words, kept=wrong == 0 and found["begun"] > 8 // scale.of(1, 4) and in_time)


def _withdraw_while_recording() -> float:
    with scratch_folder() as folder:
        room = write_wav(folder / "room.wav", noise(RATE_HZ * 10))
        with RecorderProcess(folder, microphone="file", audio_file=room, speed=5) as box:
            box.prepare()
            box.press()
            session_id = box.wait_for(lambda status: status.samples_sealed >= 3 * RATE_HZ).session_id
            assert session_id is not None
            started_s = time.monotonic()
            box.command(command="withdraw", session_id=session_id)
            box.wait_for(lambda status: status.receipt_id == session_id)
            took_s = time.monotonic() - started_s
            tape = box.settings.data_dir / "tapes" / session_id
            try:
                open_session_key(read_head(tape), box.private_key.private_bytes_raw())
            except TapeError:
                return took_s
    raise AssertionError("a withdrawn tape can be opened")
