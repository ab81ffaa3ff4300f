from pathlib import Path

import pytest

from firmware.recipient import RecipientFile, RecipientUnusable, recipient_from_hex
from firmware.tape import Recipient

ONE, OTHER = Recipient(bytes([1]) * 32), Recipient(bytes([2]) * 32)


def test_recipient__nobody_yet__is_none(tmp_path: Path) -> None:
    assert RecipientFile(tmp_path / "recipient.json").current is None


def test_recipient__kept__is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "recipient.json"
    file = RecipientFile(path)
    file.keep(ONE)
    file.keep(OTHER)
    assert file.current == RecipientFile(path).current == OTHER
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"public_key": "00"}', b'{"public_key": 7}', b"null"]
)
def test_recipient__damaged_file__counts_as_nobody(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recipient.json"
    path.write_bytes(content)
    assert RecipientFile(path).current is None


def test_recipient__storage_refuses__the_last_one_stands(tmp_path: Path) -> None:
    path = tmp_path / "recipient.json"
    file = RecipientFile(path)
    file.keep(ONE)
    path.with_suffix(".new").mkdir()
    with pytest.raises(OSError, match="directory"):
        file.keep(OTHER)
    assert file.current == RecipientFile(path).current == ONE


@pytest.mark.parametrize("text", ["", "zz", "00", "00" * 33, "é" * 64])
def test_recipient__no_public_key__is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(RecipientUnusable, match="Sign in"):
        recipient_from_hex(text)
