"""Withdrawing at the box: what a hand does, and what is left of the session."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_box import FakeBox
from support.waiting import wait_until

from firmware.faults import Fault, sentence
from firmware.inbox import Quit
from firmware.light import Light
from firmware.status import BoxState, Stop, Withdraw
from firmware.tape import AskedBy, TapeFailed, TapeFull, TapeWriter, list_tapes, list_withdrawals
from firmware.telling import LAPSED_SENTENCE


@pytest.fixture
def box(tmp_path: Path) -> Iterator[FakeBox]:
    box = FakeBox(tmp_path)
    box.prepare()
    yield box
    box.microphone.does_not_close = False
    box.command(Quit())


def speak(box: FakeBox, ms: int = 1_000) -> str:
    box.press()
    box.pass_time(ms, speaking=True)
    session_id = box.status.session_id
    assert session_id is not None
    return session_id


def test_long_hold_and_press__while_recording__erases_the_session(box: FakeBox) -> None:
    session_id = speak(box)
    box.hold_long(speaking=True)
    assert box.status.state is BoxState.CONFIRMING
    assert box.status.light == Light("fast_blink", green=True)
    box.press(speaking=True)
    assert box.status.state is BoxState.READY
    assert box.status.receipt_id == session_id
    assert box.status.session_id is None
    assert list_tapes(box.tapes_dir) == []
    assert not (box.tapes_dir / session_id).exists()


def test_long_hold_and_press__receipt__says_how_much_and_when_and_nothing_else(box: FakeBox) -> None:
    session_id = speak(box, 2_000)
    box.hold_long(speaking=True)
    sealed = box.status.samples_sealed
    box.press()
    (receipt,) = list_withdrawals(box.tapes_dir)
    assert (receipt.session_id, receipt.samples, receipt.asked_by) == (session_id, sealed, AskedBy.BUTTON)
    assert receipt.erased_at_ms is not None
    assert receipt.erased_at_ms >= receipt.asked_at_ms
    assert receipt.key_id == box.status.recipient_key_id


def test_six_seconds__finger_still_down__nothing_more_is_kept(box: FakeBox) -> None:
    speak(box)
    box.panel.press()
    box.pass_time(6_100, speaking=True)
    assert "microphone closed" in box.history
    kept = box.status.samples_in
    box.pass_time(3_000, speaking=True)
    assert box.status.samples_in == kept
    assert box.status.state is BoxState.CONFIRMING
    assert list_withdrawals(box.tapes_dir) == []
    box.panel.release()
    box.pass_time(50)


def test_no_confirming_press__within_five_seconds__keeps_the_session_as_stopped(box: FakeBox) -> None:
    speak(box)
    box.hold_long(speaking=True)
    box.pass_time(4_800)
    assert box.status.state is BoxState.CONFIRMING
    box.pass_time(400)
    assert box.status.reasons == (LAPSED_SENTENCE,)
    assert box.tape().closed
    assert box.consents() == ["given", "paused"]
    assert box.tape().samples == box.status.samples_sealed > 0
    assert list_withdrawals(box.tapes_dir) == []
    assert box.status.receipt_id is None


def test_confirming_press__begun_just_in_time__counts(box: FakeBox) -> None:
    speak(box)
    box.hold_long()
    box.pass_time(4_850)
    box.panel.press()
    box.pass_time(1_500)
    assert box.status.state is BoxState.CONFIRMING
    box.panel.release()
    box.pass_time(100)
    assert list_tapes(box.tapes_dir) == []


def test_confirming_press__just_too_late__neither_erases_nor_records(box: FakeBox) -> None:
    speak(box)
    box.hold_long()
    box.pass_time(5_200)
    box.history.clear()
    box.press()
    assert box.status.state is BoxState.NOT_READY
    assert "microphone opened" not in box.history
    assert len(list_tapes(box.tapes_dir)) == 1
    box.pass_time(3_000)
    assert box.status.state is BoxState.READY


def test_stuck_button__after_half_a_minute__keeps_the_session_as_stopped(box: FakeBox) -> None:
    speak(box)
    box.panel.press()
    box.pass_time(40_000)
    assert box.status.state is BoxState.READY
    assert box.tape().closed
    box.panel.release()
    box.pass_time(100)
    assert box.status.state is BoxState.READY


def test_release_between_two_and_six_seconds__stops_and_erases_nothing(box: FakeBox) -> None:
    speak(box)
    box.panel.press()
    box.pass_time(5_900, speaking=True)
    assert box.status.state is BoxState.RECORDING
    box.panel.release()
    box.pass_time(100)
    assert box.status.state is BoxState.READY
    assert box.tape().closed


def test_withdrawal__from_paused__erases(box: FakeBox) -> None:
    speak(box)
    box.press()
    box.hold_long()
    box.press()
    assert list_tapes(box.tapes_dir) == []
    assert box.status.state is BoxState.READY


def test_withdrawal__from_a_lost_microphone__erases(box: FakeBox) -> None:
    speak(box)
    box.microphone.trouble = "It is away."
    box.pass_time(1_000)
    assert box.status.state is BoxState.FAULT
    box.hold_long()
    box.press()
    assert list_tapes(box.tapes_dir) == []


def test_withdrawal__after_a_fault_has_closed_the_tape__erases_it_all_the_same(
    box: FakeBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise TapeFull

    session_id = speak(box)
    monkeypatch.setattr(TapeWriter, "append_audio", full)
    wait_until(lambda: box.pass_time(100, speaking=True) or box.status.state is BoxState.FAULT)
    assert box.tape().closed
    box.hold_long()
    box.press()
    assert list_tapes(box.tapes_dir) == []
    assert box.status.receipt_id == session_id


def test_withdrawal__microphone_that_does_not_close__does_not_keep_it_from_erasing(box: FakeBox) -> None:
    speak(box)
    box.microphone.does_not_close = True
    box.hold_long(speaking=True)
    box.press(speaking=True)
    assert list_tapes(box.tapes_dir) == []


def test_page__withdraws_the_session_under_way__erases_without_a_press(box: FakeBox) -> None:
    session_id = speak(box)
    box.command(Withdraw(session_id=session_id))
    box.pass_time(100, speaking=True)
    assert box.status.state is BoxState.READY
    (receipt,) = list_withdrawals(box.tapes_dir)
    assert receipt.asked_by is AskedBy.PAGE


def test_page__withdraws_another_session__changes_nothing(box: FakeBox) -> None:
    speak(box)
    box.command(Withdraw(session_id="0" * 32))
    assert box.status.state is BoxState.RECORDING
    assert len(list_tapes(box.tapes_dir)) == 1


def test_storage_refuses_to_erase__shows_it_and_tries_until_it_is_done(
    box: FakeBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = speak(box)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", _refuse)
        box.hold_long()
        box.press()
        box.pass_time(5_000)
        assert box.status.state is BoxState.ERASING
        assert box.status.light == Light("fast_blink", green=False)
        assert box.status.reasons == (sentence(Fault.ERASING_FAILED),)
        box.press()
        box.command(Stop())
        assert box.status.state is BoxState.ERASING
    box.pass_time(2_100)
    assert box.status.state is BoxState.READY
    assert box.status.receipt_id == session_id
    assert not (box.tapes_dir / session_id).exists()


def _refuse(*_: object, **__: object) -> None:
    raise OSError(5, "Input/output error")


def test_tape_fails_to_note_the_pause__withdrawal_can_still_be_confirmed(
    box: FakeBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(box)

    def fail(*_: object, **__: object) -> None:
        raise TapeFailed("The disk refused.")

    with monkeypatch.context() as patch:
        patch.setattr(TapeWriter, "append_consent", fail)
        box.hold_long()
    assert box.status.state is BoxState.CONFIRMING
    box.press()
    assert list_tapes(box.tapes_dir) == []


def test_recorder_told_to_end__while_it_waits_for_the_confirming_press__keeps_the_session(box: FakeBox) -> None:
    speak(box)
    box.hold_long()
    box.command(Quit())
    assert box.tape().closed
    assert list_withdrawals(box.tapes_dir) == []
