"""Processes that are killed while they record."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav

from faults.program import answer_of
from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.status import BoxState

RATE_HZ = 16_000
AT_ONCE = 2
MOST_UNSEALED_S = 2.0
_ROOM = noise(RATE_HZ * 60)


@dataclass(frozen=True, slots=True)
class Killed:
    """A recorder that was killed while the room was talking."""

    acknowledged_samples: int
    samples_on_tape: int
    is_what_was_said: bool
    unsealed_s: float  # from the red light to the kill, less what had been acknowledged


def lose_nothing(scale: Scale, progress: Progress) -> Figure:
    """Most kills hit a process that does nothing but write; the others a whole recorder."""
    recorders = scale.of(40, 2)
    scribes = scale.of(960, 60)
    with scratch_folder() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        counts = list(
            pool.map(
                lambda seed: answer_of("faults.nursery", folder / str(seed), scribes // AT_ONCE, seed), range(AT_ONCE)
            )
        )
    boxes = _kill_recorders(recorders, progress, speed=20)
    acknowledged = sum(count["acknowledged"] for count in counts)
    lost = sum(count["lost"] for count in counts)
    lost += sum(max(0, box.acknowledged_samples - box.samples_on_tape) for box in boxes)
    wrong = sum(count["wrong"] for count in counts) + sum(not box.is_what_was_said for box in boxes)
    kills = sum(count["kills"] for count in counts) + recorders
    words = (
        f"{lost} lost and {wrong} tapes wrong in {kills} kills ({recorders} of a whole recorder); "
        f"{acknowledged:,} records acknowledged"
    )
    return Figure(words, kept=lost == wrong == 0 and acknowledged > scribes)


def measure_unsealed(scale: Scale, progress: Progress) -> Figure:
    """Counted from the red light on, and against what the recorder had already told: so the truth is a little less."""
    boxes = _kill_recorders(scale.of(30, 2), progress, speed=1)
    most_s = max(box.unsealed_s for box in boxes)
    return Figure(f"at most {most_s:.2f} s in {len(boxes)} cuts at random moments", kept=most_s <= MOST_UNSEALED_S)


def _kill_recorders(count: int, progress: Progress, *, speed: float) -> list[Killed]:
    boxes = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for box in pool.map(lambda seed: _kill_recorder(seed, speed), range(count)):
            boxes.append(box)
            progress(f"{len(boxes)} of {count} recorders killed")
    return boxes


def _kill_recorder(seed: int, speed: float) -> Killed:
    choice = random.Random(seed)
    with scratch_folder() as folder:
        room = write_wav(folder / "room.wav", _ROOM)
        with RecorderProcess(folder, microphone="file", audio_file=room, speed=speed) as box:
            box.prepare()
            box.press()
            box.wait_for_state(BoxState.RECORDING)
            lit_s = time.monotonic()
            time.sleep(choice.uniform(0.2, 3.2) if speed == 1 else choice.uniform(0, 1.0))
            recorded_s = time.monotonic() - lit_s
            acknowledged = box.status.samples_sealed
            box.kill()
            tape = box.read_tape()
            tape.verify()
            sound = tape.read_pcm(0, tape.samples)
        return Killed(acknowledged, tape.samples, _ROOM.startswith(sound), recorded_s - acknowledged / RATE_HZ / speed)
