"""PortAudio's own process: that it ends with the recorder, can be killed, and loses nothing in silence."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyaudio
import pytest
import soxr
from support.pulse import PulseMicrophone, missing_programs
from support.recorder_process import RecorderProcess
from support.sound import noise
from support.waiting import wait_until

from firmware.level import ALL_ZEROS
from firmware.microphone_pyaudio import PyAudioMicrophone
from firmware.status import BoxState
from firmware.tape import ConsentRecord, FaultRecord, GapRecord, MarkRecord

RATE_HZ = 16_000
pytestmark = pytest.mark.skipif(missing_programs() is not None, reason=str(missing_programs()))

_STUCK_WITH_THE_GIL = """
import re, sys
from firmware.capture_process import end_with
end_with(int(sys.argv[1]))
print("ready", flush=True)
re.match(r"(a+)+$", "a" * 64 + "b")
"""


def capture_pid(box: RecorderProcess) -> int:
    assert box._process is not None
    listed = [path.read_text().split() for path in Path(f"/proc/{box._process.pid}/task").glob("*/children")]
    (pid,) = (int(pid) for pids in listed for pid in pids)
    assert b"firmware.capture_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return pid


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def record(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    box.wait_for(lambda status: status.samples_sealed)


def stop_and_account(box: RecorderProcess) -> None:
    box.command(command="stop")
    done = box.wait_for(lambda status: status.session_id is None)
    assert done.samples_in == done.samples_sealed + done.gap_samples == box.read_tape().samples


@pytest.mark.parametrize("frozen", [False, True])
def test_capture_process__recorder_is_killed__ends_with_it(
    server: PulseMicrophone, box: RecorderProcess, *, frozen: bool
) -> None:
    record(box)
    pid = capture_pid(box)
    if frozen:
        server.freeze()
    box.kill()
    wait_until(lambda: not runs(pid), 1, "for the microphone to be closed with its recorder")


def test_capture_process__hangs_in_native_code_with_the_interpreter_held__ends_with_the_recorder() -> None:
    lifeline, our_end = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", _STUCK_WITH_THE_GIL, str(lifeline)], pass_fds=(lifeline,), stdout=subprocess.PIPE
    ) as stuck:
        assert stuck.stdout is not None
        stuck.stdout.readline()
        time.sleep(0.1)
        assert stuck.poll() is None
        os.close(lifeline)
        os.close(our_end)
        assert stuck.wait(2) == -signal.SIGIO


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_capture_process__dies_or_hangs__fault_within_2_s_and_back_within_5_with_the_loss_declared(
    box: RecorderProcess, blow: signal.Signals
) -> None:
    record(box)
    first = capture_pid(box)
    os.kill(first, blow)
    struck_s = time.monotonic()
    box.wait_for_state(BoxState.FAULT, 2)
    box.wait_for(lambda status: status.state is BoxState.RECORDING and status.gap_samples, 5)
    lost_s = time.monotonic() - struck_s
    assert not runs(first)
    assert capture_pid(box) != first
    stop_and_account(box)
    events = list(box.read_tape().events())
    (gap,) = (event for event in events if isinstance(event, GapRecord))
    assert gap.samples == pytest.approx(lost_s * RATE_HZ, abs=RATE_HZ)
    assert [event.code for event in events if isinstance(event, FaultRecord)] == ["microphone_silent"]
    assert [event.code for event in events if isinstance(event, MarkRecord)] == ["input_overflow"]


def test_capture_process__paused_and_resumed__is_a_fresh_one_and_small(box: RecorderProcess) -> None:
    record(box)
    first = capture_pid(box)
    assert memory_kb(first) < 40_000
    box.press()
    box.wait_for_state(BoxState.PAUSED)
    wait_until(lambda: not runs(first), 1)
    box.press()
    box.wait_for_state(BoxState.RECORDING)
    sealed = box.status.samples_sealed
    box.wait_for(lambda status: status.samples_sealed > sealed)
    stop_and_account(box)
    assert len([event for event in box.read_tape().events() if isinstance(event, ConsentRecord)]) == 3


def memory_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def test_recorder__device_at_48_khz__keeps_its_sound_at_16_with_every_sample_counted(folder: Path) -> None:
    signal_48 = noise(48_000 * 2)
    (folder / "signal.raw").write_bytes(signal_48)
    with (
        PulseMicrophone(folder / "pa", 48_000) as server,
        RecorderProcess(folder, environment=os.environ | server.environment, native_rate=True) as box,
    ):
        record(box)
        server.play(folder / "signal.raw")
        played = box.status.samples_in
        box.wait_for(lambda status: status.samples_sealed >= played + RATE_HZ)
        stop_and_account(box)
        tape = box.read_tape()
        assert not [event for event in tape.events() if isinstance(event, GapRecord | MarkRecord)]
        sound = np.frombuffer(tape.read_pcm(0, tape.samples), dtype="<i2").astype(float)
    likeness = max(likeness_of(sound, signal_48, phase) for phase in range(3))
    assert likeness > 0.999


def likeness_of(sound: np.ndarray, signal_48: bytes, phase: int) -> float:
    """The best correlation with the signal resampled in one piece, begun `phase` samples of 48 kHz later."""
    meant = np.concatenate([np.zeros(phase, dtype="<i2"), np.frombuffer(signal_48, dtype="<i2")])
    wanted = soxr.resample(meant, 48_000, RATE_HZ, "HQ")[1_000:-1_000].astype(float)
    size = 1 << (len(sound) + len(wanted)).bit_length()
    product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wanted, size))
    start = int(np.argmax(np.fft.irfft(product, size)[: len(sound)]))
    found = sound[start : start + len(wanted)]
    return float(found @ wanted) / float(np.linalg.norm(found) * np.linalg.norm(wanted))


def test_pyaudio__card_refuses_16_khz__is_opened_at_its_own_rate(
    server: PulseMicrophone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    open_at = pyaudio.PyAudio.open

    def open_at_48_only(self: pyaudio.PyAudio, **wanted: object) -> object:
        if wanted["rate"] != 48_000:
            raise OSError(-9997, "Invalid sample rate")
        return open_at(self, **wanted)

    monkeypatch.setattr(pyaudio.PyAudio, "open", open_at_48_only)
    blocks: list[bytes] = []

    def keep(block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:
        assert not overflowed
        assert not missing_samples
        blocks.append(block)

    microphone = PyAudioMicrophone(None, RATE_HZ, 1)
    _, rate_hz = microphone.open(keep)
    wait_until(lambda: blocks, 5)
    microphone.close()
    assert rate_hz == 48_000
    assert len(blocks[0]) == 2_400 * 2


def test_recorder__muted_microphone__is_not_ready_until_it_hears_and_says_so_when_it_is_muted_again(
    folder: Path, server: PulseMicrophone
) -> None:
    (folder / "hiss.raw").write_bytes(noise(RATE_HZ * 60, peak=400))
    with RecorderProcess(folder, environment=os.environ | server.environment, silence_allowed=False) as box:
        box.command(command="prepare", public_key=box.private_key.public_key().public_bytes_raw().hex())
        box.wait_for(lambda status: status.reasons == (ALL_ZEROS,))
        with server._player(str(folder / "hiss.raw")) as player:
            box.wait_for_state(BoxState.READY, 15)
            heard = box.statuses
            assert box.tapes == []
            assert all(status.samples_in == 0 and status.level_dbfs is None for status in heard), "nothing is kept"
            box.press()
            assert box.wait_for(lambda status: status.samples_sealed).reasons == ()
            player.kill()
        muted = box.wait_for(lambda status: status.reasons)
        assert muted.reasons == (ALL_ZEROS,)
        assert muted.state is BoxState.RECORDING
        stop_and_account(box)


def test_recorder__under_systemd__tells_that_it_is_ready_and_turning_and_its_child_tells_nothing(
    folder: Path, server: PulseMicrophone
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(3)
        told = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "1000000"}
        with RecorderProcess(folder, environment=os.environ | server.environment | told) as box:
            assert systemd.recv(4096).decode().split("\n")[:2] == ["READY=1", "STATUS=not ready"]
            record(box)
            assert b"NOTIFY_SOCKET" not in Path(f"/proc/{capture_pid(box)}/environ").read_bytes()
            said = [systemd.recv(4096).decode() for _ in range(4)]
            assert sum("WATCHDOG=1" in line for line in said) >= 2
            assert box._process is not None
            box._process.send_signal(signal.SIGSTOP)
            time.sleep(0.2)
            said_so_far(systemd)
            time.sleep(1)
            assert said_so_far(systemd) == []
            box._process.send_signal(signal.SIGCONT)
            assert box.terminate()[0] == 0
            assert said_so_far(systemd)[-1] == "STOPPING=1"


def said_so_far(systemd: socket.socket) -> list[str]:
    """What waits to be read."""
    found = []
    systemd.settimeout(0)
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(systemd.recv(4096).decode())
    return found
