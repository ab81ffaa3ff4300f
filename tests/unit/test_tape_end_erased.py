"""The last minutes are erased while the tape goes on: by no key, from no file, after no kill can they be had again."""

import hashlib
import os
import random
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from cryptography.exceptions import InvalidTag
from support.cut_session import CutSession
from support.killed import Killed, killed_before
from support.power_cut import Disk, after_cut
from support.tape_by_the_spec import open_slot, read_whole_tape, record_keys
from support.tapes import (
    PRIVATE_KEY,
    SESSION_ID,
    STARTED_AT_MS,
    names_in,
    new_tape,
    noise,
    open_tape,
    session_key,
)

from firmware.tape import (
    AudioRecord,
    ConsentEvent,
    ConsentRecord,
    ErasedRecord,
    Erasure,
    NothingToErase,
    Stretch,
    TapeBusy,
    TapeError,
    TapeFailed,
    TapeReader,
    TapeWriter,
    erase_tape,
    finish_erasing,
)
from firmware.tape.segment_keys import MAX_RECORDS, SegmentKeys

STEPS = ("open", "write", "pwrite", "fsync", "ftruncate", "unlink")
SECONDS = 12


def sounds(folder: Path) -> list[tuple[int, int]]:
    return [(r.sample, r.samples) for r in open_tape(folder).events() if isinstance(r, AudioRecord)]


def recording(tapes_dir: Path, *, segment_s: int = 5, paused: bool = True) -> TapeWriter:
    """12 s in segments of 5, of which the last ones are to go."""
    writer = new_tape(tapes_dir, segment_s=segment_s)
    writer.append_consent(ConsentEvent.GIVEN, at_ms=STARTED_AT_MS, clock_trusted=True)
    for second in range(SECONDS):
        writer.append_audio(noise(50, second))
    if paused:
        writer.append_consent(ConsentEvent.PAUSED)
    return writer


def test_erase_last__within_a_segment__keeps_all_before_and_says_how_much_went(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    assert writer.erase_last(4 * 50, at_ms=STARTED_AT_MS, clock_trusted=True) == Erasure(200, 0)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(noise(20, 99))
    writer.close()
    tape = open_tape(writer.folder)
    assert tape.erased() == [ErasedRecord(400, 200, STARTED_AT_MS, clock_trusted=True)]
    assert tape.read_pcm(0, 400) == b"".join(noise(50, second) for second in range(8))
    assert tape.read_pcm(400, 220) == bytes(400) + noise(20, 99)
    assert tape.stretches() == [Stretch(0, 400), Stretch(600, 20)]
    assert (tape.samples, tape.erased_samples, tape.closed) == (620, 200, True)


def test_erase_last__part_of_a_second__takes_the_whole_record(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    assert writer.erase_last(51) == Erasure(100, 0)


def test_erase_last__twice__takes_twice_as_much_and_counts_no_part_twice(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    assert writer.erase_last(100) == Erasure(100, 0)
    assert writer.erase_last(100) == Erasure(100, 0)
    writer.close()
    assert open_tape(writer.folder).erased() == [ErasedRecord(400, 200)]
    assert len(sounds(writer.folder)) == SECONDS - 4


def test_erase_last__more_than_there_is__leaves_the_consent_and_no_sound(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    assert writer.erase_last(10_000) == Erasure(600, 0)
    with pytest.raises(NothingToErase):
        writer.erase_last(50)
    writer.close()
    events = list(open_tape(writer.folder).events())
    assert events[0] == ConsentRecord(0, ConsentEvent.GIVEN, STARTED_AT_MS, clock_trusted=True)
    assert sounds(writer.folder) == []


def test_erase_last__nothing_recorded_yet__changes_nothing(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    with pytest.raises(NothingToErase):
        writer.erase_last(50)
    writer.append_audio(noise(50))
    writer.close()
    assert len(sounds(writer.folder)) == 1


def test_erase_last__while_consent_is_live__goes_on_without_a_pause(tmp_path: Path) -> None:
    writer = recording(tmp_path, paused=False)
    writer.erase_last(50)
    writer.append_audio(noise(50, 99))
    writer.close()
    assert sounds(writer.folder)[-1] == (600, 50)


def test_erase_last__gap_and_pauses_within__go_as_well(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.append_audio(noise(50, 1))
    writer.append_gap(30)
    writer.append_consent(ConsentEvent.PAUSED)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(noise(10, 2))
    writer.append_mark("note")
    assert writer.erase_last(20) == Erasure(10, 30)
    writer.close()
    tape = open_tape(writer.folder)
    assert [record.type.name for record in tape.events()] == ["CONSENT", "AUDIO", "ERASED", "CLOSE"]
    assert (tape.samples, tape.gap_samples) == (90, 0)


@pytest.mark.parametrize("samples", range(50, 651, 50))
def test_erase_last__at_any_place__is_read_by_the_text_alone(tmp_path: Path, samples: int) -> None:
    writer = recording(tmp_path)
    writer.erase_last(samples)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(noise(50, 99))
    writer.close()
    files = {path.name: path.read_bytes() for path in writer.folder.iterdir() if path.name != "reserve"}
    tape = read_whole_tape(files, PRIVATE_KEY)
    kept = max(SECONDS - samples // 50, 0)
    assert [record.payload for record in tape.records if record.type == 1] == [
        *(noise(50, second) for second in range(kept)),
        noise(50, 99),
    ]


def test_erased_records__with_the_session_key_and_their_old_bytes__open_under_no_key_that_is_left(
    tmp_path: Path,
) -> None:
    writer = recording(tmp_path, segment_s=300)
    old = (writer.folder / "000000.seg").read_bytes()
    key = session_key(writer.folder)
    writer.erase_last(5 * 50)
    writer.close()
    new = (writer.folder / "000000.seg").read_bytes()
    header = new[:76]
    assert header == old[:76]
    digest = hashlib.sha256(header).digest()
    keys = record_keys(open_slot(new[76:172], key, digest), digest)
    assert len(keys) == 1 + SECONDS - 5
    spliced = writer.folder / "000000.seg"
    spliced.write_bytes(new[:172] + old[172:])
    (writer.folder / "000001.seg").unlink()
    with pytest.raises(TapeError):
        TapeReader(writer.folder, key)
    with pytest.raises(InvalidTag):
        open_slot(bytes(96), key, digest)


def test_shortened_keys__of_any_length__open_the_same_records_and_no_more() -> None:
    whole, digest = SegmentKeys.new(), bytes(32)
    expected = [whole.record_key(index, digest) for index in range(MAX_RECORDS)]
    for records in range(1, MAX_RECORDS + 1):
        short = whole.shortened(records)
        assert short.record_key(records - 1, digest) == expected[records - 1]
        assert short.record_key(0, digest) == expected[0]
        with pytest.raises(IndexError):
            short.record_key(records, digest)


def test_segment__of_more_records_than_there_are_keys__ends_and_another_follows(tmp_path: Path) -> None:
    writer = new_tape(tmp_path, segment_s=10_000)
    writer.append_consent(ConsentEvent.GIVEN)
    for _ in range(MAX_RECORDS):
        writer.append_mark("note")
    writer.close()
    assert [name for name in names_in(writer.folder) if name.endswith("seg")] == ["000000.seg", "000001.seg"]
    assert len(list(open_tape(writer.folder).events())) == MAX_RECORDS + 2


# Killed at every step


@pytest.mark.parametrize("seconds", [1, 3, 9])
def test_erase_last__killed_at_any_step_and_started_again__has_erased_all_of_it_or_nothing(
    tmp_path: Path, seconds: int
) -> None:
    outcomes = set()
    step = 0
    while True:
        writer = recording(tmp_path / str(step))
        with killed_before(step, STEPS):
            try:
                writer.erase_last(seconds * 50)
            except Killed:
                is_through = False
            else:
                is_through = True
        os.close(writer._lock_fd)
        writer._lock_fd = -1
        finish_erasing(writer.folder.parent)
        tape = open_tape(writer.folder)
        tape.verify()
        outcomes.add((len(sounds(writer.folder)), tape.erased_samples))
        assert "erasing" not in names_in(writer.folder)
        if is_through:
            break
        step += 1
    assert step > 10
    assert outcomes == {(SECONDS, 0), (SECONDS - seconds, seconds * 50)}


def test_finish_erasing__itself_killed_at_any_step__ends_the_same(tmp_path: Path) -> None:
    writer = recording(tmp_path / "whole")
    with patch("firmware.tape.writer.finish_cut"):
        writer.erase_last(9 * 50)
    os.close(writer._lock_fd)
    writer._lock_fd = -1
    step = 0
    while True:
        tapes_dir = tmp_path / str(step)
        shutil.copytree(tmp_path / "whole", tapes_dir)
        with killed_before(step, STEPS):
            try:
                finish_erasing(tapes_dir)
            except Killed:
                is_through = False
            else:
                is_through = True
        finish_erasing(tapes_dir)
        assert len(sounds(tapes_dir / SESSION_ID)) == SECONDS - 9
        if is_through:
            break
        step += 1
    assert step > 10


def test_erase_last__power_cut_anywhere__has_erased_all_of_it_or_nothing(tmp_path: Path) -> None:
    session = _erased_session(tmp_path)
    outcomes = set()
    for seed in range(1_000):
        outcomes.add(_after_power_cut(session, session.disk, seed))
    assert {kept for kept, _ in outcomes} == {True}
    assert {erased for _, erased in outcomes} == {0, 150, 250}


def test_erase_last__power_cut_without_syncs__is_noticed_by_the_same_model(tmp_path: Path) -> None:
    session = _erased_session(tmp_path)
    disk = session.disk.without("sync")
    assert not all(_after_power_cut(session, disk, seed)[0] for seed in range(500))


def _erased_session(tmp_path: Path) -> CutSession:
    def appends(writer: TapeWriter) -> list[Callable[[], object]]:
        return [
            partial(writer.append_consent, ConsentEvent.GIVEN),
            *[partial(writer.append_audio, noise(50, seed)) for seed in range(7)],
            partial(writer.append_consent, ConsentEvent.PAUSED),
            partial(writer.erase_last, 150),
            partial(writer.append_consent, ConsentEvent.RESUMED),
            *[partial(writer.append_audio, noise(50, seed)) for seed in range(7, 10)],
            partial(writer.append_consent, ConsentEvent.PAUSED),
            partial(writer.erase_last, 100),
            writer.close,
        ]

    return CutSession(tmp_path, appends)


def _after_power_cut(session: CutSession, disk: Disk, seed: int) -> tuple[bool, int]:
    """Whether what was acknowledged holds, and how much was erased."""
    choice = random.Random(seed)
    files, acknowledged = after_cut(disk.steps[: choice.randint(0, len(disk.steps))], choice)
    shutil.rmtree(session.folder)
    session.folder.mkdir()
    for name, content in (files | {"head": session.head}).items():
        (session.folder / name).write_bytes(content)
    try:
        finish_erasing(session.folder.parent)
        tape = TapeReader(session.folder, session.key)
        tape.verify()
    except TapeError:
        return False, 0
    erased = tape.erased_samples
    heard = [r.sample // 50 for r in tape.events() if isinstance(r, AudioRecord)]
    kept = heard == [*range(len(heard))][: len(heard)] or heard[:4] == [0, 1, 2, 3]
    # acknowledged: 1 consent, 7 seconds, 1 pause, then the erasing, a resume, 3 seconds, a pause, the second erasing
    if acknowledged >= 10:
        kept = kept and erased >= 150 and heard[:4] == [0, 1, 2, 3]
    elif erased == 0:
        kept = kept and len(heard) >= min(acknowledged - 1, 7)
    if acknowledged >= 16:
        kept = kept and erased == 250 and heard == [0, 1, 2, 3, 7]
    return kept, erased


# Readers, disks and withdrawals meanwhile


def test_reader__of_a_growing_tape__sees_the_end_go(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    reader = open_tape(writer.folder)
    assert reader.samples == 600
    writer.erase_last(300)
    with pytest.raises(TapeBusy):
        reader.read_pcm(550, 50)
    reader.refresh()
    assert reader.erased() == [ErasedRecord(300, 300)]
    assert reader.read_pcm(250, 100) == noise(50, 5) + bytes(100)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(noise(50, 99))
    reader.refresh()
    assert reader.read_pcm(600, 50) == noise(50, 99)
    writer.close()


def test_reader__while_the_end_is_being_erased__says_to_try_again(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    reader = open_tape(writer.folder)
    with patch("firmware.tape.writer.finish_cut"):
        writer.erase_last(300)
    with pytest.raises(TapeBusy):
        reader.refresh()
    with pytest.raises(TapeBusy):
        open_tape(writer.folder)
    writer.abandon()
    finish_erasing(tmp_path)
    reader.refresh()
    assert reader.erased_samples == 300
    assert not reader.closed


def test_erase_last__disk_that_refuses_the_plan__erases_nothing_and_goes_on(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    with patch("firmware.tape.cut.write_all", side_effect=OSError(5, "no")), pytest.raises(TapeFailed):
        writer.erase_last(300)
    writer.append_consent(ConsentEvent.RESUMED)
    writer.append_audio(noise(50, 99))
    writer.close()
    assert len(sounds(writer.folder)) == SECONDS + 1


def test_erase_last__disk_that_refuses_in_the_middle__ends_the_tape_and_the_next_start_erases(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    with patch("firmware.tape.cut._destroy_records", side_effect=OSError(5, "no")), pytest.raises(TapeFailed):
        writer.erase_last(300)
    with pytest.raises(TapeFailed):
        writer.append_consent(ConsentEvent.RESUMED)
    with pytest.raises(TapeFailed):
        writer.close()
    finish_erasing(tmp_path)
    assert len(sounds(writer.folder)) == SECONDS - 6


def test_erase_last__full_disk__takes_the_space_set_aside(tmp_path: Path) -> None:
    writer = recording(tmp_path)

    def refuse_while_reserved(folder: Path, plan: object) -> None:
        if (folder / "reserve").exists():
            raise OSError(28, "full")
        begin(folder, plan)  # type: ignore[arg-type]

    from firmware.tape.cut import begin_cut as begin  # noqa: PLC0415

    with patch("firmware.tape.writer.begin_cut", refuse_while_reserved):
        assert writer.erase_last(300) == Erasure(300, 0)
    writer.close()


def test_withdrawal__while_the_end_is_being_erased__takes_everything(tmp_path: Path) -> None:
    writer = recording(tmp_path)
    with patch("firmware.tape.writer.finish_cut"):
        writer.erase_last(300)
    writer.abandon()
    erase_tape(writer.folder)
    finish_erasing(tmp_path)
    assert names_in(tmp_path) == []
