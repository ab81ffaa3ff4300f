from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_box import BLOCK, FakeBox

from firmware.faults import Fault, sentence
from firmware.inbox import FaultFound, Quit
from firmware.light import Light
from firmware.status import BoxState, Pause, Prepare, Stop
from firmware.tape import FaultRecord, GapRecord, TapeFailed, TapeFull, TapeWriter

LOOKED = "light read back"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[FakeBox]:
    box = FakeBox(tmp_path)
    box.prepare()
    box.history.clear()
    yield box
    box.microphone.does_not_close = False
    box.command(Quit())


def story(box: FakeBox) -> list[str]:
    """What happened in the room, without the recorder's many looks at its light."""
    return [what for what in box.history if what != LOOKED]


def test_record__order__is_consent_on_disk_then_red_then_read_back_then_microphone(box: FakeBox) -> None:
    box.press()
    assert box.history[:4] == ["the tape says given", "red on", LOOKED, "microphone opened"]


def test_resume__order__is_consent_on_disk_then_red_then_read_back_then_microphone(box: FakeBox) -> None:
    box.press()
    box.press()
    box.pass_time(1_100)  # into the dark half of the slow blink
    box.history.clear()
    box.press()
    assert box.history[:4] == ["the tape says given paused resumed", "red on", LOOKED, "microphone opened"]


@pytest.mark.parametrize("leave", [FakeBox.hold, lambda box: box.command(Stop())])
def test_stop__order__is_microphone_closed_then_red_off(box: FakeBox, leave: object) -> None:
    box.press()
    box.history.clear()
    assert callable(leave)
    leave(box)
    assert story(box) == ["microphone closed", "the tape says given", "red off"]
    assert box.tape().closed


def test_pause__order__is_microphone_closed_before_the_light_says_so(box: FakeBox) -> None:
    box.press()
    lights: list[tuple[str, Light]] = []
    show = box.lamp.show
    box.lamp.show = lambda light: (lights.append((box.history[-1], light)), show(light))[1]  # type: ignore[method-assign]
    box.press()
    assert ("microphone closed", Light("slow_blink", green=True)) in lights


def test_red_lamp_is_broken__record__never_opens_the_microphone(box: FakeBox) -> None:
    box.panel.red_is_broken = True
    box.press()
    assert "microphone opened" not in box.history
    assert box.status.state is BoxState.FAULT
    assert box.status.reasons == (sentence(Fault.LIGHT_DEAD),)
    assert box.tape().closed


def test_red_lamp_breaks__while_recording__closes_the_microphone_and_the_tape(box: FakeBox) -> None:
    box.press()
    box.pass_time(1_000, speaking=True)
    box.panel.red_is_broken = True
    box.pass_time(40, speaking=True)
    assert "microphone closed" in box.history
    assert box.status.state is BoxState.FAULT
    assert box.tape().closed
    assert box.tape().samples >= 950


def test_recording__everything_spoken__is_on_the_tape(box: FakeBox) -> None:
    box.press()
    box.pass_time(2_500, speaking=True)
    box.hold(speaking=True)
    status = box.status
    assert status.state is BoxState.READY
    assert status.samples_in == status.samples_sealed > 2_500
    assert box.tape().read_pcm(0, box.tape().samples) == BLOCK * (status.samples_in // 50)


def test_recording__each_sealed_second__beats(box: FakeBox) -> None:
    box.press()
    box.pass_time(3_000, speaking=True)
    box.wait_for_sealed(2)


def test_pause__what_is_said_meanwhile__is_not_on_the_tape(box: FakeBox) -> None:
    box.press()
    box.pass_time(1_000, speaking=True)
    box.press()
    before = box.status.samples_in
    box.pass_time(3_000, speaking=True)
    assert box.status.state is BoxState.PAUSED
    assert box.status.samples_in == before
    assert not any(isinstance(record, GapRecord) for record in box.tape().events())


@pytest.mark.parametrize("state", ["ready", "paused"])
def test_page__no_command__starts_or_resumes(box: FakeBox, state: str) -> None:
    if state == "paused":
        box.press()
        box.press()
    box.history.clear()
    for command in (Pause(), Stop() if state == "ready" else Pause()):
        box.command(command)
    box.inbox.put(Prepare(public_key="00" * 32))
    box.pass_time(3_000)
    assert "microphone opened" not in box.history


def test_microphone_falls_silent__for_half_a_second__is_a_fault(box: FakeBox) -> None:
    box.press()
    box.pass_time(1_000, speaking=True)
    box.pass_time(490)
    assert box.status.state is BoxState.RECORDING
    box.microphone.trouble = "The fake microphone is away. Bring it back."
    box.pass_time(40)
    assert box.status.state is BoxState.FAULT
    assert box.status.light == Light("double_blink", green=False)
    box.pass_time(50)
    assert box.status.reasons == (sentence(Fault.MICROPHONE_SILENT), "The fake microphone is away. Bring it back.")
    assert [record.code for record in box.tape().events() if isinstance(record, FaultRecord)] == ["microphone_silent"]


def test_microphone_delivers_nothing_at_first__has_three_seconds(box: FakeBox) -> None:
    box.press()
    box.pass_time(2_800)
    assert box.status.state is BoxState.RECORDING
    box.microphone.trouble = "away."
    box.pass_time(300)
    assert box.status.state is BoxState.FAULT


def lose_microphone(box: FakeBox) -> None:
    box.press()
    box.pass_time(1_000, speaking=True)
    box.microphone.trouble = "The fake microphone is away. Bring it back."
    box.pass_time(3_000)
    assert box.status.state is BoxState.FAULT


def test_microphone_back__recording_goes_on_with_the_missing_time_as_a_gap(box: FakeBox) -> None:
    lose_microphone(box)
    box.history.clear()
    box.microphone.trouble = None
    box.pass_time(1_200)
    assert box.status.state is BoxState.RECORDING
    opened = box.history.index("microphone opened")
    assert box.history[opened - 1] == LOOKED
    assert [what for what in box.history[:opened] if what.startswith("red")][-1] == "red on"
    assert box.history[opened:].count("red off") == 0
    box.pass_time(1_000, speaking=True)
    box.hold(speaking=True)
    (gap,) = (record for record in box.tape().events() if isinstance(record, GapRecord))
    assert 3_000 <= gap.samples <= 4_300
    status = box.status
    assert (status.samples_in, status.gap_samples) == (box.tape().samples, gap.samples)
    assert status.samples_in == status.samples_sealed + status.gap_samples
    assert box.consents() == ["given"]


def test_fault_acknowledged__microphone_back__waits_for_a_fresh_press(box: FakeBox) -> None:
    lose_microphone(box)
    box.press()
    box.microphone.trouble = None
    box.history.clear()
    box.pass_time(2_000)
    assert box.status.state is BoxState.PAUSED
    assert "microphone opened" not in box.history
    box.press()
    box.pass_time(500, speaking=True)
    assert box.status.state is BoxState.RECORDING
    box.hold(speaking=True)
    assert box.consents() == ["given", "paused", "resumed"]
    assert not any(isinstance(record, GapRecord) for record in box.tape().events())


def test_fault_while_recording__hold__keeps_what_is_there(box: FakeBox) -> None:
    lose_microphone(box)
    box.hold()
    assert box.tape().closed
    assert box.tape().read_pcm(0, box.tape().samples) == BLOCK * (box.tape().samples // 50)
    assert box.status.state is BoxState.NOT_READY
    assert box.status.session_id is None


def test_microphone_does_not_open__at_the_press__is_a_fault_and_tries_again(box: FakeBox) -> None:
    box.microphone.trouble = "Something else uses it."
    box.press()
    assert box.status.state is BoxState.FAULT
    box.microphone.trouble = None
    box.pass_time(1_200)
    box.pass_time(500, speaking=True)
    assert box.status.state is BoxState.RECORDING


@pytest.mark.parametrize("leave", [FakeBox.press, FakeBox.hold])
def test_microphone_does_not_close__ends_the_session_with_a_fault(box: FakeBox, leave: object) -> None:
    box.press()
    box.pass_time(1_000, speaking=True)
    box.microphone.does_not_close = True
    assert callable(leave)
    leave(box)
    assert box.status.state is BoxState.FAULT
    assert box.status.reasons == (sentence(Fault.MICROPHONE_STUCK),)
    assert box.status.light == Light("double_blink", green=False)
    assert box.tape().closed


@pytest.mark.parametrize(("error", "fault"), [(TapeFull(), Fault.TAPE_FULL), (TapeFailed("x."), Fault.TAPE_FAILED)])
def test_tape_refuses__while_recording__is_sealed_and_waits_to_be_acknowledged(
    box: FakeBox, monkeypatch: pytest.MonkeyPatch, error: Exception, fault: Fault
) -> None:
    box.press()
    box.pass_time(2_000, speaking=True)
    box.wait_for_sealed(1)
    sealed = box.status.samples_sealed

    def refuse(_tape: TapeWriter, _pcm: bytes) -> None:
        raise error

    monkeypatch.setattr(TapeWriter, "append_audio", refuse)
    box.pass_time(1_200, speaking=True)
    box.pass_time(100)
    while box.status.state is not BoxState.FAULT:
        box.pass_time(20)
    monkeypatch.undo()
    assert box.status.reasons == (sentence(fault),)
    assert "microphone closed" in box.history
    assert box.tape().closed
    assert box.tape().samples >= sealed
    status = box.status
    assert status.samples_in == status.samples_sealed + status.gap_samples
    box.pass_time(2_000)
    assert box.status.state is BoxState.FAULT
    box.press()
    assert box.status.state is BoxState.READY


def test_tape_cannot_be_made__press__opens_no_microphone(box: FakeBox) -> None:
    box.tapes_dir.rmdir()
    box.tapes_dir.touch()
    box.press()
    box.tapes_dir.unlink()
    box.tapes_dir.mkdir()
    assert box.status.state is BoxState.FAULT
    assert box.status.reasons == (sentence(Fault.TAPE_FAILED),)
    assert "microphone opened" not in box.history


def test_press_made_before_a_fault_was_shown__does_not_acknowledge_it(box: FakeBox) -> None:
    box.press()
    box.jobs = []
    box.panel.red_is_broken = True
    box.pass_time(20)
    box.press()
    (job,) = box.jobs
    box.jobs = None
    box.inbox.put(FaultFound(Fault.TAPE_FULL, box.now_ms))
    job()
    box.pass_time(20)
    assert box.status.state is BoxState.FAULT


def test_actions_take_long__what_happens_meanwhile_waits_its_turn(box: FakeBox) -> None:
    box.jobs = []
    box.press()
    box.press()
    assert len(box.jobs) == 1
    assert box.status.state is BoxState.READY
    box.jobs.pop()()
    box.pass_time(20)
    assert box.status.state is BoxState.RECORDING
    box.jobs.pop()()
    box.pass_time(20)
    assert box.status.state is BoxState.PAUSED
    box.jobs = None


def test_storage_stalls_for_long__while_recording__is_a_fault_before_sound_is_lost(
    box: FakeBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.press()
    monkeypatch.setattr(TapeWriter, "append_audio", lambda *_: box.wait_for_sealed(1))
    box.jobs = []
    box.pass_time(7_500, speaking=True)
    assert box.status.state is BoxState.RECORDING
    box.pass_time(700, speaking=True)
    assert box.status.state is BoxState.FAULT
    assert box.status.reasons == (sentence(Fault.TAPE_FAILED),)
    box.history.append("heartbeat")
    (job,) = box.jobs
    box.jobs = None
    job()


def test_microphone_ended__while_recording__waits_for_the_stop(box: FakeBox) -> None:
    box.press()
    box.pass_time(1_000, speaking=True)
    box.microphone.ended = True
    box.told.clear()
    box.pass_time(20_000)
    assert {status.state for status in box.told} == {BoxState.RECORDING}
    assert box.status.microphone_ended


def test_new_session__after_a_file_was_played_to_its_end__plays_it_anew(box: FakeBox) -> None:
    box.press()
    box.microphone.ended = True
    box.press()
    box.press()
    assert box.microphone.ended
    box.hold()
    box.press()
    assert not box.microphone.ended


def test_quit__while_recording__closes_the_tape_and_begins_nothing_more(box: FakeBox) -> None:
    box.press()
    box.pass_time(1_500, speaking=True)
    box.inbox.put(Quit())
    box.press()
    box.press()
    assert box.tape().closed
    assert len(list(box.tapes_dir.iterdir())) == 1


def test_status__changes__are_told_at_once_and_figures_four_times_a_second(box: FakeBox) -> None:
    box.told.clear()
    box.pass_time(2_000)
    assert 7 <= len(box.told) <= 9
    before = len(box.told)
    box.command(Stop())
    box.press()
    assert box.told[before:][-1].state is BoxState.RECORDING


def test_status__session__is_named_as_long_as_its_tape_is_open(box: FakeBox) -> None:
    assert box.status.session_id is None
    box.press()
    assert box.status.session_id == box.tape().head.session_id
    box.hold()
    assert box.status.session_id is None


def test_recipient_changes__while_recording__counts_for_the_next_session(box: FakeBox) -> None:
    box.press()
    key_id = box.tape().head.key_id
    box.inbox.put(Prepare(public_key="09" + "00" * 31))
    box.pass_time(50)
    assert box.tape().head.key_id == key_id
    assert box.status.recipient_key_id != key_id


def test_prepare__no_public_key__leaves_the_last_recipient(box: FakeBox) -> None:
    key_id = box.status.recipient_key_id
    for nonsense in ("", "zz", "00", "00" * 33):
        box.inbox.put(Prepare(public_key=nonsense))
    box.pass_time(50)
    assert box.status.recipient_key_id == key_id


def test_box__nothing_prepared__is_not_ready_and_double_blinks(tmp_path: Path) -> None:
    box = FakeBox(tmp_path)
    box.pass_time(100)
    assert box.status.state is BoxState.NOT_READY
    assert box.status.reasons == ("No therapist has set up this box yet. Open its page to begin.",)
    reds = [what for what in box.history if what.startswith("red")]
    box.pass_time(1_200)
    assert [what for what in box.history if what.startswith("red")][len(reds) :] in (
        ["red off", "red on"] * 2,
        ["red on", "red off"] * 2,
    )


def test_box__disk_low__is_not_ready(tmp_path: Path) -> None:
    box = FakeBox(tmp_path, min_free_hours=1e12)
    box.prepare()
    assert box.status.state is BoxState.NOT_READY
    assert any("hours of recording" in reason for reason in box.status.reasons)


def test_box__microphone_comes_and_goes__while_idle__is_noticed(box: FakeBox) -> None:
    box.microphone.trouble = "No microphone is connected. Plug it in; the box will notice by itself."
    box.pass_time(3_200)
    assert box.status.state is BoxState.NOT_READY
    assert box.status.light == Light("double_blink", green=False)
    box.microphone.trouble = None
    box.pass_time(1_200)
    assert box.status.state is BoxState.READY
    assert box.status.reasons == ()
