import json
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.recorder_process import RecorderProcess
from support.sound import noise, write_wav
from support.waiting import wait_until

from firmware.status import BoxState
from firmware.tape import ConsentEvent, ConsentRecord, is_being_written

RATE_HZ = 16_000
SOUND = noise(RATE_HZ * 6 + 345)


@pytest.fixture
def box(folder: Path) -> Iterator[RecorderProcess]:
    write_wav(folder / "room.wav", SOUND)
    with RecorderProcess(folder, microphone="file", audio_file=folder / "room.wav", at_end="end", speed=2) as box:
        yield box


def consent_events(box: RecorderProcess) -> list[ConsentEvent]:
    return [record.event for record in box.read_tape().events() if isinstance(record, ConsentRecord)]


def test_recorder__pressed_paused_resumed_held__keeps_the_sound_bit_for_bit(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    box.wait_for(lambda status: status.samples_sealed >= 2 * RATE_HZ)
    box.press()
    paused = box.wait_for_state(BoxState.PAUSED)
    time.sleep(0.5)
    assert box.status.samples_in == paused.samples_in
    box.press()
    box.wait_for(lambda status: status.microphone_ended)
    assert box.status.state is BoxState.RECORDING
    box.hold()
    done = box.wait_for_state(BoxState.READY)

    assert (done.samples_in, done.samples_sealed, done.gap_samples) == (len(SOUND) // 2, len(SOUND) // 2, 0)
    tape = box.read_tape()
    assert tape.closed
    assert tape.damage is None
    assert tape.read_pcm(0, tape.samples) == SOUND
    assert consent_events(box) == [ConsentEvent.GIVEN, ConsentEvent.PAUSED, ConsentEvent.RESUMED]
    assert [stretch.start_sample for stretch in tape.stretches()] == [0, paused.samples_in]


def test_recorder__from_start_to_stop__lights_say_what_is(box: RecorderProcess) -> None:
    box.prepare()
    wait_until(lambda: box.lamps[-1] == (False, True), 5, "for the green light")
    box.press()
    box.wait_for_state(BoxState.RECORDING)
    recording_from = len(box.lamps) - 1
    box.wait_for(lambda status: status.samples_sealed > RATE_HZ)
    assert set(box.lamps[recording_from:]) == {(True, False)}
    box.command(command="stop")
    box.wait_for_state(BoxState.READY)
    wait_until(lambda: box.lamps[-1] == (False, True), 5, "for the green light")


def test_recorder__pause_from_the_page__blinks_red_beside_green(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    box.wait_for_state(BoxState.RECORDING)
    box.command(command="pause")
    box.wait_for_state(BoxState.PAUSED)
    both = {(True, True), (False, True)}
    paused_from = len(box.lamps) - 1
    wait_until(lambda: both <= set(box.lamps[paused_from:]), 60, "for red to blink")


def test_recorder__any_other_line_on_its_socket__starts_nothing(box: RecorderProcess) -> None:
    box.prepare()
    assert box._status is not None
    for line in (b'{"command":"start"}\n', b'{"command":"resume"}\n', b"\xff\x00nonsense\n", b"{}\n"):
        box._status._socket.sendall(line)
    box.command(command="pause")
    time.sleep(0.5)
    assert box.status.state is BoxState.READY
    assert box.tapes == []


def test_recorder__no_therapist_yet__says_so_and_does_not_record(box: RecorderProcess) -> None:
    box.wait_for(lambda status: "No therapist has set up this box yet. Open its page to begin." in status.reasons)
    box.press()
    time.sleep(0.3)
    assert box.status.state is BoxState.NOT_READY
    assert box.tapes == []


def test_recorder__restarted__knows_its_recipient_and_is_not_recording(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    box.wait_for_state(BoxState.RECORDING)
    box.kill()
    box.start()
    status = box.wait_for_state(BoxState.READY)
    time.sleep(0.5)
    assert box.status.state is BoxState.READY
    assert status.recipient_key_id == box.read_tape().head.key_id
    assert len(box.tapes) == 1


def test_recorder__killed__leaves_a_readable_tape(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    sealed = box.wait_for(lambda status: status.samples_sealed >= 3 * RATE_HZ).samples_sealed
    box.kill()
    tape = box.read_tape()
    assert not tape.closed
    assert not is_being_written(box.tapes[0])
    assert tape.samples >= sealed
    assert tape.read_pcm(0, tape.samples) == SOUND[: tape.samples * 2]


def test_recorder__terminated_while_recording__closes_the_tape_with_all_that_came_in(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    came_in = box.wait_for(lambda status: status.samples_in > status.samples_sealed > 0).samples_in
    assert box.terminate() == (0, "")
    tape = box.read_tape()
    assert tape.closed
    assert tape.samples >= came_in
    assert tape.read_pcm(0, tape.samples) == SOUND[: tape.samples * 2]
    assert list(box.settings.run_dir.iterdir()) == []


def test_recorder__terminated_while_its_button_is_down__begins_nothing(box: RecorderProcess) -> None:
    box.prepare()
    assert box._panel is not None
    box._panel.send({"button": "press"})
    time.sleep(0.1)
    assert box.terminate() == (0, "")
    box.start()
    box.wait_for_state(BoxState.READY)
    assert box.tapes == []


def test_recorder__its_files__are_for_its_user_and_what_the_app_needs_for_its_group(box: RecorderProcess) -> None:
    box.prepare()
    box.press()
    box.wait_for_state(BoxState.RECORDING)
    box.command(command="stop")
    box.wait_for_state(BoxState.READY)
    tape = box.tapes[0]
    shared = {tape.parent: 0o770, tape: 0o770, tape / "head": 0o660, box.settings.run_dir / "recorder.sock": 0o660}
    shared |= dict.fromkeys(tape.glob("*.seg"), 0o640)
    assert len(shared) > 4, "no segment was found"
    for path in [*box.settings.data_dir.rglob("*"), *box.settings.run_dir.rglob("*")]:
        private = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == shared.get(path, private), path


def test_recorder__second_one_on_the_same_data__ends_with_a_sentence(box: RecorderProcess) -> None:
    other = RecorderProcess(
        box.settings.data_dir.parent,
        microphone="file",
        audio_file=box.settings.audio_file,
        run_dir=box.settings.run_dir.with_name("run2"),
    )
    with pytest.raises(AssertionError, match="Another recorder is already running"):
        other.start()


def test_recorder__file_is_no_audio__says_so_and_is_not_ready(folder: Path) -> None:
    (folder / "room.wav").write_text("no sound at all")
    with RecorderProcess(folder, microphone="file", audio_file=folder / "room.wav") as box:
        box.command(command="prepare", public_key=box.private_key.public_key().public_bytes_raw().hex())
        status = box.wait_for(lambda status: any("Give another audio file" in reason for reason in status.reasons))
        assert status.state is BoxState.NOT_READY


def test_recorder__disk_has_no_room_for_a_session__says_so_and_is_not_ready(folder: Path) -> None:
    write_wav(folder / "room.wav", SOUND)
    settings = {"microphone": "file", "audio_file": folder / "room.wav", "min_free_hours": 1e9}
    with RecorderProcess(folder, **settings) as box:
        box.wait_for(lambda status: any("Finish older sessions" in reason for reason in status.reasons))


def test_recorder__run_dir_too_long_for_a_socket__ends_with_a_sentence(folder: Path) -> None:
    write_wav(folder / "room.wav", SOUND)
    box = RecorderProcess(folder, microphone="file", audio_file=folder / "room.wav", run_dir=folder / ("x" * 120))
    with pytest.raises(AssertionError, match="Choose another run_dir"):
        box.start()


def test_recorder__recipient_on_disk__is_a_public_key_and_nothing_else(box: RecorderProcess) -> None:
    box.prepare()
    kept = json.loads((box.settings.data_dir / "recorder" / "recipient.json").read_text())
    assert kept == {"public_key": box.private_key.public_key().public_bytes_raw().hex()}


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "data"
    disk.mkdir()
    mounted = subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("a disk of 1 MB cannot be mounted here: needs root")
    yield disk
    subprocess.run(["/bin/umount", "--lazy", disk], check=True)


def test_recorder__disk_fills_up__keeps_what_was_sealed_shows_a_fault_and_waits(folder: Path, small_disk: Path) -> None:
    sound = noise(RATE_HZ * 60)
    room = write_wav(folder / "room.wav", sound)
    settings = {"microphone": "file", "audio_file": room, "speed": 20, "min_free_hours": 0}
    with RecorderProcess(folder, data_dir=small_disk, **settings) as box:
        box.prepare()
        box.press()
        status = box.wait_for_state(BoxState.FAULT)
        assert "The storage is full" in status.reasons[0]
        status = box.wait_for(lambda status: status.session_id is None)
        assert status.samples_in == status.samples_sealed + status.gap_samples
        tape = box.read_tape()
        assert tape.closed
        assert tape.damage is None
        assert tape.read_pcm(0, status.samples_sealed) == sound[: status.samples_sealed * 2]
        assert status.samples_sealed > 5 * RATE_HZ
        shutil.rmtree(box.tapes[0])
        box.press()
        box.wait_for_state(BoxState.READY)


def test_recorder__data_dir_is_a_file__ends_with_a_sentence(folder: Path) -> None:
    room = write_wav(folder / "room.wav", SOUND)
    with pytest.raises(AssertionError, match="The recorder cannot use its folders: Not a directory"):
        RecorderProcess(folder, data_dir=room, microphone="file", audio_file=room).start()


@pytest.mark.skipif(any(Path("/dev").glob("gpiochip*")), reason="this machine has pins")
def test_recorder__without_button_and_lights__says_why_until_it_is_ended_and_opens_nothing(folder: Path) -> None:
    mistake = "tacet.toml, line 2, is wrong"
    with RecorderProcess(
        folder, panel="gpio", microphone="file", audio_file=folder / "no.wav", configuration_problem=mistake
    ) as box:
        status = box.wait_for_state(BoxState.NOT_READY)
        assert status.reasons[0] == mistake
        assert "no pins for a button and lights" in " ".join(status.reasons)
        assert status.microphone == "not listened to"
        ended, said = box.terminate()
    assert ended == 1
    assert "no pins for a button and lights" in said
