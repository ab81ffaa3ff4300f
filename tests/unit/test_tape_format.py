"""The format is what its text says: published vectors, and a second reader and writer made from the text alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.tape_by_the_spec import Forger, SpecRecord, read_whole_tape
from support.tapes import (
    OTHER_SESSION_ID,
    PRIVATE_KEY,
    RECIPIENT,
    SESSION_ID,
    new_tape,
    noise,
    open_tape,
    record_session,
    session_key,
)

from firmware.tape import AudioRecord, ConsentEvent, ConsentRecord, Record, TapeReader, open_session_key, read_head
from firmware.tape.records import decode, encode

VECTORS = json.loads((Path(__file__).parent / "tape_vectors.json").read_text("utf-8"))["tapes"]
VECTOR_NAMES = [vector["name"] for vector in VECTORS]


def spec_records(vector: dict[str, Any]) -> list[SpecRecord]:
    return [
        SpecRecord(record["type"], record["position"], bytes.fromhex(record["payload"]))
        for segment in vector["segments"]
        for record in segment
    ]


def as_spec(record: Record) -> SpecRecord:
    plaintext = encode(record)
    return SpecRecord(plaintext[0], int.from_bytes(plaintext[1:9]), plaintext[9:])


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "reserve"}


@pytest.fixture(params=VECTORS, ids=VECTOR_NAMES)
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@pytest.fixture
def vector_folder(vector: dict[str, Any], tmp_path: Path) -> Path:
    for name, content in vector["files"].items():
        (tmp_path / name).write_bytes(bytes.fromhex(content))
    return tmp_path


def test_vectors__read_by_the_product__hold_what_they_say(vector: dict[str, Any], vector_folder: Path) -> None:
    head = read_head(vector_folder)
    key = open_session_key(head, bytes.fromhex(vector["recipient_private_key"]))
    reader = TapeReader(vector_folder, key)
    assert key.hex() == vector["session_key"]
    assert {name: getattr(head, name) for name in vector["head"]} == vector["head"]
    assert [as_spec(record) for record in reader.events()] == spec_records(vector)
    assert reader.closed == vector["closed"]
    assert (reader.damage is None) == vector["closed"]


def test_vectors__read_by_the_text_alone__hold_what_they_say(vector: dict[str, Any]) -> None:
    files = {name: bytes.fromhex(content) for name, content in vector["files"].items()}
    tape = read_whole_tape(files, bytes.fromhex(vector["recipient_private_key"]))
    assert tape.session_key.hex() == vector["session_key"]
    assert tape.records == spec_records(vector)


def test_vectors__together__show_every_type_of_record() -> None:
    assert {record.type for vector in VECTORS for record in spec_records(vector)} == set(range(1, 9))


def test_writer__read_by_the_text_alone__says_the_same(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    record_session(writer)
    tape = read_whole_tape(files_of(writer.folder), PRIVATE_KEY)
    assert tape.session_id == SESSION_ID
    assert tape.key_id == RECIPIENT.key_id
    assert tape.session_key == session_key(writer.folder)
    assert tape.records == [as_spec(record) for record in open_tape(writer.folder).events()]
    assert b"".join(record.payload for record in tape.records if record.type == 1) == b"".join(
        noise(samples, seed) for samples, seed in ((50, 1), (50, 2), (20, 3), (40, 4), (10, 5))
    )


def test_reader__tape_written_by_the_text_alone__reads_it(tmp_path: Path) -> None:
    sound = noise(50, 7)
    given = SpecRecord(2, 0, bytes([1, 0]) + bytes(8))
    close = SpecRecord(6, 80, (50).to_bytes(8) + (30).to_bytes(8) + bytes(8))
    forger = Forger(RECIPIENT.public_key)
    forger.write(
        tmp_path / OTHER_SESSION_ID,
        [
            [(given, False), (SpecRecord(1, 0, sound), False), (SpecRecord(4, 50, (30).to_bytes(8)), True)],
            [(close, True)],
        ],
    )
    reader = open_tape(tmp_path / OTHER_SESSION_ID)
    assert reader.closed
    assert reader.read_pcm(0, 1000) == sound + bytes(60)


def test_record__encoded__decodes_to_itself() -> None:
    record = ConsentRecord(12, ConsentEvent.RESUMED, 1_700_000_000_000, clock_trusted=True)
    assert decode(encode(record), 1) == record


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"\x01",
        b"\x00" + bytes(10),
        b"\x07" + bytes(10),
        b"\x01" + bytes(8),
        b"\x01" + bytes(8) + b"odd",
        b"\x02" + bytes(8) + bytes(10),
        b"\x02" + bytes(8) + b"\x01\x02" + bytes(8),
        b"\x03" + bytes(8) + b"Upper",
        b"\x03" + bytes(8),
        b"\x04" + bytes(8) + bytes(7),
        b"\x05" + bytes(8) + b"\xff\xfe",
        b"\x06" + bytes(8) + bytes(16),
        b"\x06" + bytes(8) + bytes(25),
        b"\x08" + bytes(8) + bytes(16),
        b"\x08" + bytes(8) + bytes(8) + b"\x02" + bytes(8),
        b"\x03" + bytes(8) + b"a" * 33,
    ],
)
def test_record__not_of_this_version__is_no_record(plaintext: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(plaintext, 1)


def test_repr__of_sound_and_keys__shows_neither(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    record_session(writer)
    head = read_head(writer.folder)
    shown = repr((head, list(open_tape(writer.folder).events()), writer, open_tape(writer.folder)))
    assert str(head.wrapped_key)[2:20] not in shown
    assert "pcm" not in shown
    assert repr(AudioRecord(0, 1, b"ab")) == "AudioRecord(sample=0, samples=1)"


def test_segments__of_one_session__share_no_keys_and_no_ciphertext(tmp_path: Path) -> None:
    writer = new_tape(tmp_path, segment_s=1)
    writer.append_consent(ConsentEvent.GIVEN)
    for _ in range(4):
        writer.append_audio(bytes(100))
    writer.close()
    raw = [content for name, content in sorted(files_of(writer.folder).items()) if name.endswith(".seg")]
    assert len({content[76:172] for content in raw}) == len(raw) == 5
    assert len({content[-100:] for content in raw[1:4]}) == 3
