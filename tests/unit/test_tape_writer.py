import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from support.tapes import OTHER_SESSION_ID, SESSION_ID, events_of, names_in, new_tape, noise, open_tape, record_session

from firmware.tape import (
    AudioRecord,
    CloseRecord,
    ConsentEvent,
    ConsentMissing,
    FaultRecord,
    Recipient,
    TapeFailed,
    TapeFull,
    TapeWriter,
    is_being_written,
    list_tapes,
)


@pytest.fixture
def writer(tmp_path: Path) -> TapeWriter:
    return new_tape(tmp_path / "tapes")


@pytest.fixture
def live_writer(writer: TapeWriter) -> TapeWriter:
    writer.append_consent(ConsentEvent.GIVEN)
    return writer


def segment_names(writer: TapeWriter) -> list[str]:
    return sorted(path.name for path in writer.folder.glob("*.seg"))


class FailingCall:
    """Stands in for one call of `os` and fails as the disk would, for as long as it is told to."""

    def __init__(self, real: Callable[..., object], code: int) -> None:
        self._real, self._code = real, code
        self.failures_left = 0

    def __call__(self, *arguments: object) -> object:
        if self.failures_left:
            self.failures_left -= 1
            raise OSError(self._code, os.strerror(self._code))
        return self._real(*arguments)


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> FailingCall:
    call = FailingCall(getattr(os, name), code)
    monkeypatch.setattr(os, name, call)
    return call


def test_create__new_tape__is_for_user_and_group_locked_and_listed(writer: TapeWriter) -> None:
    for path in (writer.folder, writer.folder / "head"):
        assert not stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO
    assert is_being_written(writer.folder)
    assert list_tapes(writer.folder.parent) == [writer.folder]


def test_create__new_tape__appears_synced_and_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(fd: int) -> None:
        real_fsync(fd)
        steps.append("sync " + Path(f"/proc/self/fd/{fd}").readlink().name)

    def rename(source: Path, target: Path) -> None:
        real_rename(source, target)
        steps.append("rename to " + Path(target).name)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    tapes_dir = tmp_path / "tapes"
    new_tape(tapes_dir).abandon()
    unborn = f"sync .{SESSION_ID}.unborn"
    assert steps[:5] == ["sync head", "sync reserve", unborn, f"rename to {SESSION_ID}", "sync tapes"]


def test_create__session_that_has_a_tape__fails_and_leaves_the_tape(writer: TapeWriter) -> None:
    with pytest.raises(TapeFailed):
        new_tape(writer.folder.parent)
    assert is_being_written(writer.folder)
    assert names_in(writer.folder.parent) == [SESSION_ID]


def test_create__leftover_of_a_killed_create__is_removed(writer: TapeWriter) -> None:
    (writer.folder.parent / f".{SESSION_ID}.unborn").mkdir()
    new_tape(writer.folder.parent, OTHER_SESSION_ID).close()
    assert names_in(writer.folder.parent) == [SESSION_ID, OTHER_SESSION_ID]


def test_create__full_disk__says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, "posix_fallocate", errno.ENOSPC).failures_left = 1
    with pytest.raises(TapeFull):
        new_tape(tmp_path)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("session_id", ["", "../escape", SESSION_ID.upper(), SESSION_ID + "0"])
def test_create__id_that_is_none__is_refused(tmp_path: Path, session_id: str) -> None:
    with pytest.raises(ValueError, match="session id"):
        new_tape(tmp_path, session_id)


def test_recipient__key_of_another_length__is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Recipient(b"short")


def test_append_audio__without_consent__is_refused_and_writes_nothing(writer: TapeWriter) -> None:
    with pytest.raises(ConsentMissing):
        writer.append_audio(noise(50))
    assert segment_names(writer) == []
    assert writer.samples_sealed == 0


@pytest.mark.parametrize("last_event", [ConsentEvent.PAUSED, ConsentEvent.WITHDRAWN])
def test_append_audio__after_the_span_ended__is_refused(live_writer: TapeWriter, last_event: ConsentEvent) -> None:
    live_writer.append_consent(last_event)
    with pytest.raises(ConsentMissing):
        live_writer.append_audio(noise(50))
    with pytest.raises(ConsentMissing):
        live_writer.append_gap(5)


@pytest.mark.parametrize("event", [ConsentEvent.GIVEN, ConsentEvent.RESUMED])
def test_append_consent__event_that_cannot_come_now__is_refused(live_writer: TapeWriter, event: ConsentEvent) -> None:
    with pytest.raises(ConsentMissing):
        live_writer.append_consent(event)


@pytest.mark.parametrize("pcm", [b"", b"x", noise(51)])
def test_append_audio__no_whole_frames_or_over_a_second__is_refused(live_writer: TapeWriter, pcm: bytes) -> None:
    with pytest.raises(ValueError, match=r"frames|second"):
        live_writer.append_audio(pcm)


def test_append_gap__no_length__is_refused(live_writer: TapeWriter) -> None:
    with pytest.raises(ValueError, match="length"):
        live_writer.append_gap(0)


def test_append_fault__words_instead_of_a_code__are_refused(live_writer: TapeWriter) -> None:
    with pytest.raises(ValueError, match="code"):
        live_writer.append_fault("the client said")


def test_samples_sealed__gaps_and_pauses__do_not_count(live_writer: TapeWriter) -> None:
    live_writer.append_audio(noise(50))
    live_writer.append_gap(30)
    live_writer.append_audio(noise(7))
    live_writer.append_consent(ConsentEvent.PAUSED)
    assert live_writer.samples_sealed == 57
    assert live_writer.samples == 87


def test_segments__length_reached_pause_gap_and_fault__begin_a_new_one(tmp_path: Path) -> None:
    writer = new_tape(tmp_path, segment_s=2)
    steps: list[Callable[[], None]] = [
        lambda: writer.append_consent(ConsentEvent.GIVEN),
        lambda: writer.append_audio(noise(50)),
        lambda: writer.append_audio(noise(50)),  # two seconds: the segment is full
        lambda: writer.append_audio(noise(50)),
        lambda: writer.append_gap(3),
        lambda: writer.append_mark("after_gap"),
        lambda: writer.append_fault("overheated"),
        lambda: writer.append_audio(noise(9)),
        lambda: writer.append_consent(ConsentEvent.PAUSED),
        lambda: writer.append_consent(ConsentEvent.RESUMED),
        writer.start_segment,
        writer.start_segment,
        lambda: writer.append_audio(noise(9)),
        writer.close,
    ]
    counts = []
    for step in steps:
        step()
        counts.append(len(segment_names(writer)))
    assert counts == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6]
    assert open_tape(writer.folder).closed


def test_close__twice__writes_one_close_record_with_the_totals(live_writer: TapeWriter) -> None:
    live_writer.append_audio(noise(50))
    live_writer.append_gap(5)
    live_writer.close()
    live_writer.close()
    assert events_of(live_writer.folder)[-1] == CloseRecord(55, 50, 5)
    assert not is_being_written(live_writer.folder)
    assert not (live_writer.folder / "reserve").exists()


def test_append__after_close__fails(live_writer: TapeWriter) -> None:
    live_writer.close()
    with pytest.raises(TapeFailed):
        live_writer.append_audio(noise(50))
    with pytest.raises(TapeFailed):
        live_writer.append_mark("late")


def test_append_audio__every_record__is_synced_before_it_returns(
    live_writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def watched(fd: int) -> None:
        real(fd)
        synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr(os, "fdatasync", watched)
    for count in range(1, 4):
        live_writer.append_audio(noise(50))
        size = (live_writer.folder / "000000.seg").stat().st_size
        assert len(synced) == count
        assert synced[-1] == size


def test_append__two_threads_at_once__seal_one_record_after_the_other(live_writer: TapeWriter) -> None:
    threads = [Thread(target=partial(append_often, live_writer, seed)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live_writer.close()
    reader = open_tape(live_writer.folder)
    assert reader.closed
    assert reader.samples == 4 * 25 * 8
    assert sorted(type(record).__name__ for record in reader.events()).count("MarkRecord") == 4 * 25


def append_often(writer: TapeWriter, seed: int) -> None:
    for _ in range(25):
        writer.append_audio(noise(8, seed))
        writer.append_mark("between")


@pytest.mark.parametrize(
    ("call", "code"), [("write", errno.EIO), ("fdatasync", errno.EIO), ("fdatasync", errno.ENOSPC)]
)
def test_append_audio__disk_fails_once__is_not_acknowledged_and_the_next_goes_on_in_a_new_segment(
    live_writer: TapeWriter, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    live_writer.append_audio(noise(50, 1))
    failing(monkeypatch, call, code).failures_left = 1
    with pytest.raises(TapeFull if code == errno.ENOSPC else TapeFailed):
        live_writer.append_audio(noise(50, 2))
    live_writer.append_fault("disk")
    assert live_writer.samples_sealed == 50
    live_writer.close()
    reader = open_tape(live_writer.folder)
    assert reader.closed
    assert reader.read_pcm(0, 1000) == noise(50, 1)
    assert FaultRecord(50, "disk") in list(reader.events())
    assert len(segment_names(live_writer)) == 3


def test_append_audio__after_a_full_disk__stays_refused_while_events_use_the_space_set_aside(
    live_writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "fdatasync", errno.ENOSPC).failures_left = 1
    with pytest.raises(TapeFull):
        live_writer.append_audio(noise(50))
    assert not (live_writer.folder / "reserve").exists()
    with pytest.raises(TapeFull):
        live_writer.append_audio(noise(50))
    live_writer.append_consent(ConsentEvent.WITHDRAWN)
    live_writer.close()
    assert open_tape(live_writer.folder).closed


def test_append_consent__disk_just_full__goes_into_the_space_set_aside(
    live_writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "fdatasync", errno.ENOSPC).failures_left = 1
    live_writer.append_consent(ConsentEvent.WITHDRAWN)
    live_writer.close()
    assert open_tape(live_writer.folder).closed


def test_close__disk_fails__lets_go_of_the_tape_all_the_same(
    live_writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_writer.append_audio(noise(50))
    failing(monkeypatch, "write", errno.EIO).failures_left = 1
    with pytest.raises(TapeFailed):
        live_writer.close()
    reader = open_tape(live_writer.folder)
    assert not reader.closed
    assert not reader.growing
    assert reader.samples == 50


def test_append_audio__record_cannot_be_taken_back__writer_stops_and_the_tape_stays_readable(
    live_writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_writer.append_audio(noise(50))
    failing(monkeypatch, "fdatasync", errno.EIO).failures_left = 1
    failing(monkeypatch, "ftruncate", errno.EIO).failures_left = 1
    with pytest.raises(TapeFailed):
        live_writer.append_audio(noise(50))
    with pytest.raises(TapeFailed):
        live_writer.append_mark("more")
    live_writer.abandon()
    assert open_tape(live_writer.folder).samples >= 50


def test_append__first_record_of_a_segment_fails__number_is_taken_by_the_next(
    writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "fdatasync", errno.EIO).failures_left = 1
    with pytest.raises(TapeFailed):
        writer.append_consent(ConsentEvent.GIVEN)
    assert segment_names(writer) == []
    record_session(writer)
    assert open_tape(writer.folder).closed


def test_index__failed_record__is_never_sealed_under_again(
    live_writer: TapeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_writer.append_audio(noise(50))
    failing(monkeypatch, "fdatasync", errno.EIO).failures_left = 1
    with pytest.raises(TapeFailed):
        live_writer.append_audio(noise(50, 1))
    before = (live_writer.folder / "000000.seg").read_bytes()
    live_writer.append_audio(noise(50, 2))
    assert (live_writer.folder / "000000.seg").read_bytes() == before
    assert [type(record) for record in events_of(live_writer.folder)][1:] == [AudioRecord, AudioRecord]
