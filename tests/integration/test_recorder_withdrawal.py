"""Withdrawing at a real recorder, which may be killed in the middle of it."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav
from support.waiting import wait_until

from firmware.status import BoxState
from firmware.tape import AskedBy, TapeReader, list_withdrawals

RATE_HZ = 16_000


@pytest.fixture
def recorder() -> Iterator[RecorderProcess]:
    with tempfile.TemporaryDirectory(prefix="tw-") as name:
        folder = Path(name)
        room = write_wav(folder / "room.wav", noise(RATE_HZ * 4), RATE_HZ)
        with RecorderProcess(folder, microphone="file", audio_file=room, at_end="loop") as recorder:
            recorder.prepare()
            yield recorder


def record(recorder: RecorderProcess) -> str:
    recorder.press()
    status = recorder.wait_for(lambda status: status.samples_sealed >= RATE_HZ)
    assert status.session_id is not None
    return status.session_id


def tapes_dir(recorder: RecorderProcess) -> Path:
    return recorder.settings.data_dir / "tapes"


def test_recorder__long_hold_and_press__leaves_a_receipt_and_no_tape(recorder: RecorderProcess) -> None:
    session_id = record(recorder)
    recorder.press(6.3)
    recorder.wait_for_state(BoxState.CONFIRMING)
    kept = recorder.status.samples_in
    time.sleep(0.5)
    assert recorder.status.samples_in == kept
    blinks = {(True, True), (False, True)}  # red blinks, and green says: press
    wait_until(lambda: blinks <= set(recorder.lamps[-4:]), 4)
    recorder.press()
    recorder.wait_for_state(BoxState.READY)
    assert recorder.tapes == []
    (receipt,) = list_withdrawals(tapes_dir(recorder))
    assert (receipt.session_id, receipt.asked_by) == (session_id, AskedBy.BUTTON)
    assert recorder.status.receipt_id == session_id
    assert not (tapes_dir(recorder) / session_id).exists()


def test_recorder__withdrawn_by_the_page__is_unreadable(recorder: RecorderProcess) -> None:
    session_id = record(recorder)
    recorder.command(command="withdraw", session_id="0" * 32)  # of another session: nothing
    recorder.command(command="withdraw", session_id=session_id)
    recorder.wait_for_state(BoxState.READY)
    assert recorder.tapes == []
    (receipt,) = list_withdrawals(tapes_dir(recorder))
    assert receipt.asked_by is AskedBy.PAGE
    assert receipt.samples >= RATE_HZ


@pytest.mark.parametrize("after_ms", [0, 15])
def test_recorder__killed_while_it_withdraws__finishes_at_its_next_start(
    recorder: RecorderProcess, after_ms: int
) -> None:
    session_id = record(recorder)
    recorder.command(command="withdraw", session_id=session_id)
    time.sleep(after_ms / 1000)
    recorder.kill()
    asked = bool(list_withdrawals(tapes_dir(recorder)))
    recorder.start()
    recorder.wait_for_state(BoxState.READY)
    if asked:
        assert recorder.tapes == []
        assert list_withdrawals(tapes_dir(recorder))[0].erased_at_ms is not None
    else:
        assert isinstance(recorder.read_tape(), TapeReader)  # it had not been heard: whole, and never half
