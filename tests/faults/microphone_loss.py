"""A real PulseAudio that is killed, frozen and comes back, under a real PortAudio."""

import os
import time
from collections.abc import Callable
from functools import partial

from support.pulse import PulseMicrophone, missing_programs
from support.recorder_process import RecorderProcess

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.status import BoxState
from firmware.tape import ConsentEvent, ConsentRecord, GapRecord

RATE_HZ = 16_000
FAULT_WITHIN_S = 2.0
RESUMED_WITHIN_S = 5.0
_GIVE_UP_S = 30.0


def killed_and_back(scale: Scale, progress: Progress) -> Figure:
    return _lose(scale.of(5, 1), progress, PulseMicrophone.kill, PulseMicrophone.start)


def frozen_and_back(scale: Scale, progress: Progress) -> Figure:
    return _lose(scale.of(5, 1), progress, PulseMicrophone.freeze, PulseMicrophone.thaw)


def _lose(
    rounds: int,
    progress: Progress,
    lose: Callable[[PulseMicrophone], None],
    bring_back: Callable[[PulseMicrophone], None],
) -> Figure:
    missing = missing_programs()
    assert missing is None, missing
    fault_s, resumed_s = [0.0], [0.0]
    with (
        scratch_folder() as folder,
        PulseMicrophone(folder / "pa", RATE_HZ) as server,
        RecorderProcess(folder, environment=os.environ | server.environment, silence_allowed=True) as box,
    ):
        box.prepare()
        box.press()
        box.wait_for(lambda status: status.samples_sealed)
        for number in range(rounds):
            gaps = box.status.gap_samples
            fault_s.append(_time(lambda: lose(server), lambda: _shows_fault(box)))
            time.sleep(8 if number % 2 else 2)  # longer than closing it may take, and shorter
            resumed_s.append(_time(lambda: bring_back(server), partial(_records_again, box, gaps)))
            time.sleep(1)
            progress(f"lost and back {number + 1} of {rounds} times")
        box.command(command="stop")
        done = box.wait_for(lambda status: status.session_id is None)
        tape = box.read_tape()
    gap_records = [record for record in tape.occurrences() if isinstance(record, GapRecord)]
    consents = [record.event for record in tape.occurrences() if isinstance(record, ConsentRecord)]
    unaccounted = abs(done.samples_in - done.samples_sealed - done.gap_samples) + abs(done.samples_in - tape.samples)
    words = (
        f"{rounds} times: fault light after at most {max(fault_s):.2f} s, "
        f"resumed after at most {max(resumed_s):.2f} s, {len(gap_records)} gaps declared, "
        f"{unaccounted} samples unaccounted for"
    )
    in_time = max(fault_s) <= FAULT_WITHIN_S and max(resumed_s) <= RESUMED_WITHIN_S
    told = len(gap_records) >= rounds and unaccounted == 0 and consents == [ConsentEvent.GIVEN]
    return Figure(words, kept=in_time and told)


def _shows_fault(box: RecorderProcess) -> bool:
    return box.status.state is BoxState.FAULT and box.status.light.red == "double_blink"


def _records_again(box: RecorderProcess, gap_samples: int) -> bool:
    """Red is lit and new sound has come; its coming is what ends and declares the gap."""
    return box.status.state is BoxState.RECORDING and box.status.gap_samples > gap_samples


def _time(cause: Callable[[], None], condition: Callable[[], bool]) -> float:
    started_s = time.monotonic()
    cause()
    while not condition():
        assert time.monotonic() - started_s < _GIVE_UP_S, "neither fault nor recovery"
        time.sleep(0.005)
    return time.monotonic() - started_s
