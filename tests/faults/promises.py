"""The recorder's promises, in the order in which the bench measures them."""

from typing import Final

from faults import (
    accounting,
    at_rest,
    damage,
    end_erasing,
    full_disk,
    kills,
    machine,
    microphone_loss,
    power_cuts,
    restarts,
    withdrawal,
)
from faults.promise import Promise

PROMISES: Final = (
    Promise(
        "no acknowledged audio lost when a process is killed", "0 lost in 1,000 random SIGKILLs", kills.lose_nothing
    ),
    Promise(
        "... or the power is cut",
        "0 lost in 10,000 modelled cuts; the same without fdatasync must fail",
        power_cuts.lose_nothing,
        "integration/test_tape_power_cuts.py",
    ),
    Promise("unsealed audio lost per cut", "at most 2 s", kills.measure_unsealed),
    Promise(
        "truncation, flips and splices are detected",
        "truncated at every byte, 5,000 flips, 2,000 splices: 0 undetected, only the torn record lost",
        damage.detect_all,
        "unit/test_tape_damage.py",
    ),
    Promise(
        "overflow is never silent",
        "samples in = samples out + declared gaps, hours long, both cores busy",
        accounting.overflow_is_never_silent,
    ),
    Promise(
        "a full disk does not corrupt",
        "tape sealed, fault light within 2 s, earlier readable, start refused below N hours",
        full_disk.full_disk_is_told,
        "integration/test_recorder_process.py",
    ),
    Promise("a slow disk loses nothing", "2 s fsync stalls: 0 overflow", accounting.stalls_lose_nothing),
    Promise(
        "microphone killed and back",
        "fault light within 2 s, gap declared, resumes within 5 s",
        microphone_loss.killed_and_back,
        "integration/test_recorder_pulse.py",
    ),
    Promise(
        "microphone frozen and back",
        "fault light within 2 s, gap declared, resumes within 5 s",
        microphone_loss.frozen_and_back,
        "integration/test_recorder_pulse.py",
    ),
    Promise("clock jumps by a year", "duration exact to a sample", accounting.clock_jumps_change_nothing),
    Promise(
        "never records by itself",
        "0 samples without a fresh press in 1,000 restarts from random state",
        restarts.never_records_by_itself,
    ),
    Promise(
        "withdrawal makes it unreadable",
        "0 decryptable objects within 5 s, safe against a kill at every step",
        withdrawal.erased_for_good,
    ),
    Promise(
        "the last minutes, erased, are gone",
        "all of them or none: 0 decryptable within 5 s, safe against a kill at every step",
        end_erasing.end_erased_for_good,
    ),
    Promise(
        "nothing in clear at rest",
        "canary: 0 hits in data, /tmp, /dev/shm, logs, core dumps, also after a kill",
        at_rest.nothing_in_clear,
    ),
    Promise(
        "the state machine is safe",
        "0 violations in 100,000 steps: sealed audio implies consent and red light on",
        machine.safe_in_every_step,
        "unit/test_recorder_machine.py",
    ),
)
