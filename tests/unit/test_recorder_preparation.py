"""What the app said of the next session: for that one, and for no other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.fake_box import FakeBox
from support.tapes import new_tape, open_tape

from firmware.inbox import Quit
from firmware.recipient import CONSENT_REQUIRED, CONSENT_UNSEEN, ConsentPolicy
from firmware.status import BoxState, decode_command
from firmware.tape import AppointmentRecord, ConsentEvent
from firmware.tape.timeline import TimelineBroken

APPOINTMENT = "a1" * 16


@pytest.fixture
def boxed(tmp_path: Path) -> Iterator[Callable[[ConsentPolicy], FakeBox]]:
    boxes: list[FakeBox] = []

    def make(policy: ConsentPolicy) -> FakeBox:
        boxes.append(FakeBox(tmp_path, consent_policy=policy))
        return boxes[-1]

    yield make
    for box in boxes:
        box.command(Quit())


def appointments(box: FakeBox) -> list[str]:
    return [record.appointment_id for record in box.tape().events() if isinstance(record, AppointmentRecord)]


def test_refuse__no_written_consent__is_not_ready_and_no_press_records(boxed: Callable[..., FakeBox]) -> None:
    box = boxed("refuse")
    box.prepare()
    assert (box.status.state, box.status.reasons) == (BoxState.NOT_READY, (CONSENT_REQUIRED,))
    box.press()
    assert box.status.state is BoxState.NOT_READY
    assert "microphone opened" not in box.history


def test_refuse__consent_on_file__is_ready_for_one_session_only(boxed: Callable[..., FakeBox]) -> None:
    box = boxed("refuse")
    box.prepare(consent_on_file=True)
    assert (box.status.state, box.status.reasons) == (BoxState.READY, ())
    box.press()
    assert box.status.state is BoxState.RECORDING
    box.press()
    box.press()
    assert box.status.state is BoxState.RECORDING  # a pause asks for no new paper
    box.hold()
    assert (box.status.state, box.status.reasons) == (BoxState.NOT_READY, (CONSENT_REQUIRED,))
    box.press()
    assert box.status.state is BoxState.NOT_READY


def test_refuse__restarted__does_not_take_one_clients_consent_for_the_next(boxed: Callable[..., FakeBox]) -> None:
    boxed("refuse").prepare(consent_on_file=True)
    box = boxed("refuse")
    box.pass_time(2_000)
    assert (box.status.state, box.status.reasons) == (BoxState.NOT_READY, (CONSENT_REQUIRED,))
    assert box.status.recipient_key_id is not None


def test_warn__no_written_consent__is_ready_and_says_so(boxed: Callable[..., FakeBox]) -> None:
    box = boxed("warn")
    box.prepare()
    assert (box.status.state, box.status.reasons) == (BoxState.READY, (CONSENT_UNSEEN,))
    box.press()
    assert (box.status.state, box.status.reasons) == (BoxState.RECORDING, ())


def test_warn__consent_on_file__says_nothing_until_the_next_session(boxed: Callable[..., FakeBox]) -> None:
    box = boxed("warn")
    box.prepare(consent_on_file=True)
    assert box.status.reasons == ()
    box.press()
    box.hold()
    assert box.status.reasons == (CONSENT_UNSEEN,)


def test_allow__no_written_consent__says_nothing(boxed: Callable[..., FakeBox]) -> None:
    box = boxed("allow")
    box.prepare()
    assert (box.status.state, box.status.reasons) == (BoxState.READY, ())


def test_appointment__prepared__is_on_the_tape_of_that_session_alone(boxed: Callable[..., FakeBox]) -> None:
    box = boxed("allow")
    box.prepare(appointment_id=APPOINTMENT)
    assert box.status.appointment_id == APPOINTMENT
    box.press()
    assert box.status.appointment_id is None
    box.hold()
    assert appointments(box) == [APPOINTMENT]
    box.press()
    box.hold()
    assert appointments(box) == []


def test_appointment__prepared_again__is_the_last_one(boxed: Callable[..., FakeBox]) -> None:
    box = boxed("allow")
    box.prepare(appointment_id="00" * 16)
    box.prepare(appointment_id=APPOINTMENT)
    box.press()
    box.hold()
    assert appointments(box) == [APPOINTMENT]


@pytest.mark.parametrize("bad", ["", "a1", "A1" * 16, "zz" * 16, "a1" * 17, 7])
def test_prepare__appointment_that_is_no_id__is_no_command(bad: object) -> None:
    line = f'{{"command": "prepare", "public_key": "00", "appointment_id": {bad!r}}}'.replace("'", '"')
    assert decode_command(line.encode()) is None


def test_prepare__as_before__still_is_a_command() -> None:
    assert decode_command(b'{"command": "prepare", "public_key": "00"}') is not None


def test_tape__appointment_twice_or_after_consent__is_refused(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_appointment(APPOINTMENT)
    with pytest.raises(TimelineBroken):
        writer.append_appointment(APPOINTMENT)
    writer.append_consent(ConsentEvent.GIVEN)
    with pytest.raises(TimelineBroken):
        writer.append_appointment(APPOINTMENT)
    writer.close()
    reader = open_tape(writer.folder)
    assert [record for record in reader.occurrences() if isinstance(record, AppointmentRecord)] == [
        AppointmentRecord(0, APPOINTMENT)
    ]
    reader.verify()


@pytest.mark.parametrize("bad", ["", "a1", "A1" * 16, "not an id of thirty-two digits.."])
def test_tape__appointment_that_is_no_id__is_not_written(tmp_path: Path, bad: str) -> None:
    writer = new_tape(tmp_path)
    with pytest.raises(ValueError, match="32 lowercase hex"):
        writer.append_appointment(bad)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.close()
    open_tape(writer.folder).verify()
