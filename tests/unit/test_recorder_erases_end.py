"""Erasing the last minutes at the box: off the record first, exact counts, and never a start."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from support.fake_box import RATE_HZ, FakeBox

from firmware.faults import Fault, sentence
from firmware.inbox import Quit
from firmware.status import BoxState, EraseLast, Stop, decode_command
from firmware.tape import ConsentRecord, ErasedRecord


@pytest.fixture
def box(tmp_path: Path) -> Iterator[FakeBox]:
    box = FakeBox(tmp_path)
    box.prepare()
    yield box
    box.command(Quit())


def speak(box: FakeBox, seconds: int = 70) -> str:
    box.press()
    for spoken in range(seconds):
        box.pass_time(1000, speaking=True)
        box.wait_for_sealed(spoken)  # the writer works in real time
    assert box.status.session_id is not None
    return box.status.session_id


def erase(box: FakeBox, session_id: str, minutes: int = 1) -> None:
    box.command(EraseLast(session_id=session_id, minutes=minutes))
    box.pass_time(300)


def test_erase_last__while_recording__goes_off_the_record_and_erases_a_minute(box: FakeBox) -> None:
    erase(box, speak(box))
    assert box.status.state is BoxState.PAUSED
    assert box.history[-1] != "microphone opened"
    assert box.status.erased_samples >= 60 * RATE_HZ
    assert box.status.samples_in == box.status.samples_sealed + box.status.gap_samples + box.status.erased_samples
    tape = box.tape()
    assert tape.erased_samples == box.status.erased_samples
    assert tape.samples == box.status.samples_in


def test_erase_last__then_a_press__goes_on_in_the_same_session(box: FakeBox) -> None:
    erase(box, speak(box))
    box.press()
    box.pass_time(3_000, speaking=True)
    box.command(Stop())
    tape = box.tape()
    events = [one.event.value for one in tape.events() if isinstance(one, ConsentRecord)]
    assert events == ["given", "paused", "resumed"]
    assert [isinstance(one, ErasedRecord) for one in tape.occurrences()].count(True) == 1
    assert tape.closed
    assert tape.samples == box.status.samples_in


def test_erase_last__while_paused__stays_paused(box: FakeBox) -> None:
    session_id = speak(box)
    box.press()
    erase(box, session_id)
    assert box.status.state is BoxState.PAUSED
    assert box.status.erased_samples >= 60 * RATE_HZ


def test_erase_last__another_session_or_none__changes_nothing_and_starts_nothing(box: FakeBox) -> None:
    erase(box, "0" * 32)
    assert box.status.state is BoxState.READY
    speak(box, 3)
    erase(box, "0" * 32)
    assert box.status.state is BoxState.RECORDING
    assert box.status.erased_samples == 0


def test_erase_last__storage_refuses__ends_the_session_and_says_so(box: FakeBox) -> None:
    session_id = speak(box, 3)
    with patch("firmware.tape.cut.write_all", side_effect=OSError(5, "no")):
        erase(box, session_id)
    assert box.status.state is BoxState.FAULT
    assert box.status.reasons == (sentence(Fault.END_NOT_ERASED),)


@pytest.mark.parametrize("minutes", [0, -1, 61])
def test_erase_last__of_no_sensible_length__is_no_command(minutes: int) -> None:
    line = f'{{"command": "erase_last", "session_id": "{"0" * 32}", "minutes": {minutes}}}'
    assert decode_command(line.encode()) is None
