"""The recorder on a real PortAudio and a real PulseAudio, whose virtual microphone is bit-exact and paced."""

import os
import time
from pathlib import Path

import pytest
from support.pulse import PulseMicrophone, missing_programs
from support.recorder_process import RecorderProcess
from support.sound import noise

from firmware.status import BoxState, BoxStatus
from firmware.tape import ConsentEvent, ConsentRecord, FaultRecord, GapRecord, TapeReader

RATE_HZ = 16_000
pytestmark = pytest.mark.skipif(missing_programs() is not None, reason=str(missing_programs()))


def whole_sound(tape: TapeReader) -> bytes:
    return tape.read_pcm(0, tape.samples)


def record(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    box.wait_for(lambda status: status.samples_sealed)


def play(server: PulseMicrophone, box: RecorderProcess, signal: Path) -> None:
    """Returns when the signal's end has reached the tape: a busy machine brings it late."""
    server.play(signal)
    played = box.status.samples_in
    box.wait_for(lambda status: status.samples_sealed >= played + box.settings.sample_rate_hz)


def stop(box: RecorderProcess) -> BoxStatus:
    box.command(command="stop")
    return box.wait_for(lambda status: status.session_id is None)


def assert_accounted(status: BoxStatus, tape: TapeReader) -> None:
    assert status.samples_in == status.samples_sealed + status.gap_samples == tape.samples


@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (48_000, 2)])
def test_recorder__known_signal_in_the_room__is_on_the_tape_bit_for_bit(
    folder: Path, rate_hz: int, channels: int
) -> None:
    signal = noise(rate_hz * 2, channels)
    (folder / "signal.raw").write_bytes(signal)
    with (
        PulseMicrophone(folder / "pa", rate_hz, channels) as server,
        RecorderProcess(
            folder, environment=os.environ | server.environment, sample_rate_hz=rate_hz, channels=channels
        ) as box,
    ):
        record(box)
        play(server, box, folder / "signal.raw")
        done = stop(box)
        tape = box.read_tape()
        assert box.terminate() == (0, ""), "native libraries write to standard error"
    assert tape.damage is None
    assert whole_sound(tape).count(signal) == 1
    assert_accounted(done, tape)
    assert done.gap_samples == 0


def test_recorder__sound_server_killed__fault_light_within_2_s_and_on_again_when_it_is_back(
    folder: Path, server: PulseMicrophone, box: RecorderProcess
) -> None:
    before, after = noise(RATE_HZ, seed=1), noise(RATE_HZ, seed=2)
    (folder / "before.raw").write_bytes(before)
    (folder / "after.raw").write_bytes(after)
    record(box)
    play(server, box, folder / "before.raw")

    server.kill()
    killed_s = time.monotonic()
    box.wait_for_state(BoxState.FAULT, 2)
    assert box.lamps[-1][1] is False
    assert time.monotonic() - killed_s < 2
    box.wait_for(lambda status: any("Plug it in" in reason for reason in status.reasons))

    server.start()
    back_s = time.monotonic()
    box.wait_for(lambda status: status.state is BoxState.RECORDING and status.gap_samples, 5)
    lost_s = time.monotonic() - killed_s
    assert time.monotonic() - back_s < 5
    play(server, box, folder / "after.raw")
    done = stop(box)

    tape = box.read_tape()
    sound = whole_sound(tape)
    events = list(tape.events())
    (gap,) = (record for record in events if isinstance(record, GapRecord))
    assert [record.event for record in events if isinstance(record, ConsentRecord)] == [ConsentEvent.GIVEN]
    assert "microphone_silent" in [record.code for record in events if isinstance(record, FaultRecord)]
    assert sound.find(before) < gap.sample * 2 < (gap.sample + gap.samples) * 2 <= sound.find(after)
    assert gap.samples == pytest.approx(lost_s * RATE_HZ, abs=RATE_HZ)
    assert_accounted(done, tape)


def test_recorder__sound_server_frozen__shows_a_fault_keeps_answering_and_recovers(
    folder: Path, server: PulseMicrophone, box: RecorderProcess
) -> None:
    signal = noise(RATE_HZ)
    (folder / "signal.raw").write_bytes(signal)
    record(box)
    server.freeze()
    box.wait_for_state(BoxState.FAULT, 2)
    told = len(box.statuses)
    time.sleep(1.5)
    assert len(box.statuses) - told >= 3, "it must tell its state at least twice a second, whatever hangs"
    server.thaw()
    box.wait_for(lambda status: status.state is BoxState.RECORDING and status.gap_samples, 12)
    play(server, box, folder / "signal.raw")
    done = stop(box)
    tape = box.read_tape()
    assert whole_sound(tape).count(signal) == 1
    assert_accounted(done, tape)


def test_recorder__stopped_while_the_sound_server_is_frozen__closes_the_tape(
    server: PulseMicrophone, box: RecorderProcess
) -> None:
    record(box)
    server.freeze()
    box.wait_for_state(BoxState.FAULT, 2)
    done = stop(box)
    tape = box.read_tape()
    assert tape.closed
    assert_accounted(done, tape)


def test_recorder__terminated_while_the_sound_server_is_frozen__ends_in_time(
    server: PulseMicrophone, box: RecorderProcess
) -> None:
    record(box)
    server.freeze()
    started_s = time.monotonic()
    exit_status, _ = box.terminate()
    assert time.monotonic() - started_s < 8
    assert exit_status == 0
    assert box.read_tape().closed


def test_recorder__no_microphone_at_the_start__notices_one_by_itself(server: PulseMicrophone, folder: Path) -> None:
    server.kill()
    with RecorderProcess(folder, environment=os.environ | server.environment) as box:
        box.command(command="prepare", public_key=box.private_key.public_key().public_bytes_raw().hex())
        sentence = "No microphone is connected. Plug it in; the box will notice by itself."
        box.wait_for(lambda status: status.reasons == (sentence,))
        server.start()
        box.wait_for_state(BoxState.READY)


def test_recorder__device_by_name__must_be_there(server: PulseMicrophone, folder: Path) -> None:
    with RecorderProcess(folder, environment=os.environ | server.environment, device="Room Array") as box:
        box.wait_for(lambda status: any("“Room Array” is not connected" in reason for reason in status.reasons))
