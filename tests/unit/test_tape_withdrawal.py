"""A withdrawal on the disk: begun, killed at any step, finished at the next start."""

import os
from pathlib import Path

import pytest
from support.killed import Killed, killed_before
from support.tapes import OTHER_SESSION_ID, SESSION_ID, new_tape, record_session

from firmware.tape import (
    AskedBy,
    TapeFailed,
    Withdrawal,
    finish_withdrawals,
    forget_withdrawal,
    list_tapes,
    list_withdrawals,
    read_head,
    withdraw_tape,
)

STEPS = ("mkdir", "open", "write", "fsync", "replace", "rename", "unlink", "rmdir")
ASKED = Withdrawal(
    session_id=SESSION_ID,
    key_id="0123456789abcdef",
    asked_by=AskedBy.BUTTON,
    asked_at_ms=1_795_000_000_000,
    clock_trusted=True,
    samples=4_711,
    sample_rate_hz=50,
)


def now_ms() -> int:
    return ASKED.asked_at_ms + 80


def tape_in(tapes_dir: Path, session_id: str = SESSION_ID) -> Path:
    writer = new_tape(tapes_dir, session_id)
    record_session(writer)
    return writer.folder


def test_withdraw__tape__is_gone_and_the_receipt_is_there(tmp_path: Path) -> None:
    folder = tape_in(tmp_path)
    erased = withdraw_tape(tmp_path, ASKED, now_ms)
    assert not folder.exists()
    assert erased.erased_at_ms == now_ms()
    assert list_withdrawals(tmp_path) == [erased]


def test_withdraw__killed_at_every_step__is_finished_at_the_next_start(tmp_path: Path) -> None:
    rehearsal = tmp_path / "rehearsal"
    tape_in(rehearsal)
    with killed_before(10_000, STEPS) as made:
        withdraw_tape(rehearsal, ASKED, now_ms)
        steps = made()
    assert steps > 20
    asked_by_then = []
    for step in range(steps):
        tapes_dir = tmp_path / str(step)
        folder = tape_in(tapes_dir)
        wrapped_key = read_head(folder).wrapped_key
        with killed_before(step, STEPS), pytest.raises(Killed):
            withdraw_tape(tapes_dir, ASKED, now_ms)
        asked = bool(list_withdrawals(tapes_dir))
        asked_by_then.append(asked)
        finish_withdrawals(tapes_dir, now_ms)
        remaining = b"".join(path.read_bytes() for path in tapes_dir.rglob("*") if path.is_file())
        assert (wrapped_key in remaining) == (not asked), f"killed before step {step}"
        assert list_tapes(tapes_dir) == ([] if asked else [folder])
        if asked:
            (receipt,) = list_withdrawals(tapes_dir)
            assert receipt.erased_at_ms is not None
            assert receipt.samples == ASKED.samples
    assert asked_by_then == sorted(asked_by_then), "once it was noted, no kill undoes it"
    assert True in asked_by_then[: len(asked_by_then) // 2]


def test_withdraw__before_the_key_goes__the_note_is_durable(tmp_path: Path) -> None:
    """A kill between the press and the first destroyed byte must not bring the session back."""
    folder = tape_in(tmp_path)
    head = (folder / "head").read_bytes()
    seen: list[bool] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        seen.append((folder / "head").exists() and (folder / "head").read_bytes() == head)
        real(fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        withdraw_tape(tmp_path, ASKED, now_ms)
    assert seen[:3] == [True, True, True]  # the folder, the note, its name
    assert not all(seen)


def test_withdraw__no_room_for_the_note__erases_and_asks_to_be_called_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tape_in(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        patch.setattr(os, "rename", full)
        with pytest.raises(TapeFailed):
            withdraw_tape(tmp_path, ASKED, now_ms)
    assert not folder.exists()
    assert withdraw_tape(tmp_path, ASKED, now_ms).erased_at_ms is not None
    assert len(list_withdrawals(tmp_path)) == 1


def test_finish__nothing_withdrawn__touches_nothing(tmp_path: Path) -> None:
    folder = tape_in(tmp_path)
    assert finish_withdrawals(tmp_path, now_ms) == ()
    assert list_tapes(tmp_path) == [folder]
    assert not (tmp_path / "withdrawn").exists()


def test_finish__another_session__is_left_alone(tmp_path: Path) -> None:
    tape_in(tmp_path)
    other = tape_in(tmp_path, OTHER_SESSION_ID)
    withdraw_tape(tmp_path, ASKED, now_ms)
    finish_withdrawals(tmp_path, now_ms)
    assert list_tapes(tmp_path) == [other]


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"session_id": "../../etc"}', "\x00" * 40, "null", '{"session_id": 1}']
)
def test_list__file_that_is_no_withdrawal__is_passed_over(tmp_path: Path, content: str) -> None:
    withdraw_tape(tmp_path, ASKED, now_ms)
    (tmp_path / "withdrawn" / "broken.json").write_text(content)
    assert [withdrawal.session_id for withdrawal in list_withdrawals(tmp_path)] == [SESSION_ID]


def test_forget__kept_elsewhere__removes_the_note_and_does_so_once(tmp_path: Path) -> None:
    withdraw_tape(tmp_path, ASKED, now_ms)
    forget_withdrawal(tmp_path, SESSION_ID)
    forget_withdrawal(tmp_path, SESSION_ID)
    assert list_withdrawals(tmp_path) == []


def test_files__withdrawn_tape__leave_no_byte_of_it(tmp_path: Path) -> None:
    folder = tape_in(tmp_path)
    pieces = [path.read_bytes()[20:84] for path in folder.iterdir() if path.name != "reserve"]
    withdraw_tape(tmp_path, ASKED, now_ms)
    remaining = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(piece in remaining for piece in pieces)
