"""The raw bytes of a tape hold neither sound nor keys, and the scan that says so finds them when they are there."""

import base64
import random
from pathlib import Path

import pytest
from support.canary import files_with_canary
from support.tapes import PRIVATE_KEY, new_tape, open_tape, session_key

from firmware.tape import ConsentEvent
from firmware.tape.stream import Frame, SegmentSeal

CANARY = random.Random("canary").randbytes(32)
RATE_HZ = 16000


def record_canary(tapes_dir: Path) -> Path:
    writer = new_tape(tapes_dir, rate_hz=RATE_HZ)
    writer.append_consent(ConsentEvent.GIVEN)
    for _ in range(3):
        writer.append_audio(CANARY * 1000)
    writer.append_mark("canary_mark_here")
    writer.close()
    return writer.folder


def test_tape__raw_bytes__hold_no_sound_no_marks_and_no_keys(tmp_path: Path) -> None:
    folder = record_canary(tmp_path)
    assert open_tape(folder).read_pcm(0, 16) == CANARY
    for needle in (CANARY, b"canary_mark_here", session_key(folder), PRIVATE_KEY):
        assert files_with_canary(tmp_path, needle) == []


def test_tape__sealing_switched_off__is_found_by_the_same_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_clear(_: SegmentSeal, index: int, plaintext: bytes, *, final: bool) -> bytes:
        return Frame(len(plaintext) + 16, index, final).pack() + plaintext + bytes(16)

    monkeypatch.setattr(SegmentSeal, "seal", in_clear)
    folder = record_canary(tmp_path)
    assert files_with_canary(tmp_path, CANARY) == [folder / "000000.seg"]
    assert files_with_canary(tmp_path, b"canary_mark_here") == [folder / "000000.seg"]


@pytest.mark.parametrize("form", ["plain", "hex", "base64 within", "swapped", "8 bit"])
def test_scan__plain_file_with_the_canary_in_any_form__finds_it(tmp_path: Path, form: str) -> None:
    content = {
        "plain": CANARY,
        "hex": CANARY.hex().encode(),
        "base64 within": base64.b64encode(b"x" + CANARY + b"y"),
        "swapped": b"".join(bytes([high, low]) for low, high in zip(CANARY[::2], CANARY[1::2], strict=True)),
        "8 bit": CANARY[1::2],
    }[form]
    path = tmp_path / "deep" / "file.bin"
    path.parent.mkdir()
    path.write_bytes(b"before" + content + b"after")
    assert files_with_canary(tmp_path, CANARY) == [path]
