import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.killed import Killed, killed_before
from support.tapes import (
    OTHER_SESSION_ID,
    SESSION_ID,
    names_in,
    new_tape,
    noise,
    open_tape,
    record_session,
)

from firmware.tape import (
    ConsentEvent,
    TapeErased,
    TapeFailed,
    TapeRefused,
    erase_tape,
    finish_erasing,
    is_being_written,
    list_tapes,
    read_head,
)

STEPS = ("write", "fsync", "unlink", "rmdir")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = new_tape(tmp_path / "tapes")
    record_session(writer)
    return writer.folder


def steps_of_an_erase(tmp_path: Path) -> int:
    writer = new_tape(tmp_path / "rehearsal", OTHER_SESSION_ID)
    record_session(writer)
    with killed_before(10_000, STEPS) as made:
        erase_tape(writer.folder)
    return made()


def test_erase__finished_tape__leaves_nothing(folder: Path) -> None:
    erase_tape(folder)
    assert names_in(folder.parent) == []


def test_erase__tape_that_is_gone__does_nothing(folder: Path) -> None:
    erase_tape(folder)
    erase_tape(folder)
    erase_tape(folder.parent / "never was" / "one")


def test_erase__killed_at_any_step__loses_the_key_first_and_ends_the_same_when_called_again(tmp_path: Path) -> None:
    steps = steps_of_an_erase(tmp_path)
    assert steps > 8
    for step in range(steps):
        writer = new_tape(tmp_path / str(step))
        record_session(writer)
        wrapped_key = read_head(writer.folder).wrapped_key
        with killed_before(step, STEPS), pytest.raises(Killed):
            erase_tape(writer.folder)
        remaining = b"".join(path.read_bytes() for path in writer.folder.glob("*"))
        if step == 0:
            assert wrapped_key in remaining
        else:
            assert wrapped_key not in remaining
            with pytest.raises(TapeErased):
                read_head(writer.folder)
        erase_tape(writer.folder)
        assert names_in(writer.folder.parent) == []


def test_erase__first_change__is_to_the_wrapped_key_and_is_synced_before_any_file_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def noted(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            calls.append(name)
            return real(*arguments, **options)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    erase_tape(folder)
    assert calls[:4] == ["write", "fsync", "unlink", "fsync"]
    assert calls[-2:] == ["rmdir", "fsync"]


def test_finish_erasing__interrupted_ones__are_finished_and_whole_ones_kept(tmp_path: Path) -> None:
    folders = {}
    for step, session_id in enumerate(["a" * 32, "b" * 32, "c" * 32]):
        writer = new_tape(tmp_path, session_id)
        record_session(writer)
        folders[step] = writer.folder
    for step in (1, 2):
        with killed_before(step * 2, STEPS), pytest.raises(Killed):
            erase_tape(folders[step])
    assert finish_erasing(tmp_path) == ("b" * 32, "c" * 32)
    assert list_tapes(tmp_path) == [folders[0]]
    assert open_tape(folders[0]).closed
    assert finish_erasing(tmp_path) == ()
    assert finish_erasing(tmp_path / "nowhere") == ()


def test_finish_erasing__tape_that_is_refused__is_kept(folder: Path) -> None:
    (folder / "head").write_bytes(b"scribble")
    assert finish_erasing(folder.parent) == ()
    with pytest.raises(TapeRefused):
        read_head(folder)


def test_erase__tape_being_written__takes_its_key_and_stops_the_writer_at_the_next_segment(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    erase_tape(writer.folder)
    assert not is_being_written(writer.folder)
    writer.start_segment()
    with pytest.raises(TapeFailed):
        writer.append_audio(noise(50))
    writer.abandon()
    assert names_in(tmp_path) == []


def test_erase__disk_refuses__says_to_try_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        with pytest.raises(TapeFailed, match="again"):
            erase_tape(folder)
    with pytest.raises(TapeErased):
        read_head(folder)
    erase_tape(folder)
    assert names_in(folder.parent) == []


def test_list_tapes__other_things_in_the_folder__are_left_out(folder: Path) -> None:
    (folder.parent / f".{OTHER_SESSION_ID}.unborn").mkdir()
    (folder.parent / "notes").mkdir()
    (folder.parent / OTHER_SESSION_ID).mkdir()
    assert [path.name for path in list_tapes(folder.parent)] == [SESSION_ID]
    assert list_tapes(folder.parent / "nowhere") == []
