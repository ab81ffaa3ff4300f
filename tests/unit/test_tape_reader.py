import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.tape_by_the_spec import Forger, SpecRecord
from support.tapes import (
    OTHER_SESSION_ID,
    PRIVATE_KEY,
    RECIPIENT,
    SESSION_ID,
    events_of,
    names_in,
    new_tape,
    noise,
    open_tape,
    record_session,
    session_key,
)

from firmware.tape import (
    AudioRecord,
    ConsentEvent,
    Stretch,
    TapeErased,
    TapeReader,
    TapeRefused,
    TapeWriter,
    WrongKey,
    erase_tape,
    open_session_key,
    read_head,
)

SOUND = noise(50, 1) + noise(50, 2) + bytes(60) + noise(20, 3) + noise(40, 4) + noise(10, 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = new_tape(tmp_path)
    record_session(writer)
    return writer.folder


@pytest.fixture
def live_writer(tmp_path: Path) -> TapeWriter:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    return writer


def test_read_head__of_a_tape__needs_no_key_and_names_the_recipient(folder: Path) -> None:
    head = read_head(folder)
    assert (head.session_id, head.sample_rate_hz, head.channels) == (SESSION_ID, 50, 1)
    assert head.key_id == RECIPIENT.key_id


def test_open_session_key__key_of_somebody_else__says_whose_it_is_not(folder: Path) -> None:
    with pytest.raises(WrongKey):
        open_session_key(read_head(folder), X25519PrivateKey.generate().private_bytes_raw())


@pytest.mark.parametrize("key", [bytes(32), b""])
def test_reader__session_key_of_another_tape__is_refused(folder: Path, key: bytes) -> None:
    with pytest.raises(TapeRefused):
        TapeReader(folder, key)


def test_reader__wrong_key_for_a_tape_without_a_segment__is_refused(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    with pytest.raises(TapeRefused):
        TapeReader(writer.folder, bytes(32))


def test_open_session_key__only_the_check_was_changed__is_refused(folder: Path) -> None:
    flip(folder / "head", 159)
    with pytest.raises(TapeRefused):
        open_session_key(read_head(folder), PRIVATE_KEY)


def test_read_head__folder_without_a_tape__says_erased(tmp_path: Path) -> None:
    with pytest.raises(TapeErased):
        read_head(tmp_path / "nothing")


def test_read_head__newer_version__asks_for_an_update(folder: Path) -> None:
    raw = bytearray((folder / "head").read_bytes())
    raw[9] = 3
    (folder / "head").write_bytes(raw)
    with pytest.raises(TapeRefused, match="update"):
        read_head(folder)


def test_read_head__earlier_version__says_so(folder: Path) -> None:
    raw = bytearray((folder / "head").read_bytes())
    raw[9] = 1
    (folder / "head").write_bytes(raw)
    with pytest.raises(TapeRefused, match="earlier version"):
        read_head(folder)


def test_read_pcm__whole_tape__is_the_sound_with_zeros_in_the_gap(folder: Path) -> None:
    reader = open_tape(folder)
    assert reader.samples == 200
    assert reader.gap_samples == 30
    assert reader.read_pcm(0, 200) == SOUND
    assert reader.closed
    assert reader.damage is None
    assert not reader.growing


def test_read_pcm__every_span__is_that_part_of_the_sound(folder: Path) -> None:
    reader = open_tape(folder)
    for start in range(0, 203, 7):
        for length in range(0, 203, 11):
            assert reader.read_pcm(start, length) == SOUND[2 * start : 2 * (start + length)]


@pytest.mark.parametrize(("start", "length"), [(-1, 5), (5, -1)])
def test_read_pcm__negative__is_a_mistake(folder: Path, start: int, length: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        open_tape(folder).read_pcm(start, length)


def test_read_pcm__two_channels__stay_interleaved(tmp_path: Path) -> None:
    writer = new_tape(tmp_path, channels=2, segment_s=1)
    writer.append_consent(ConsentEvent.GIVEN)
    sound = noise(120, 9, channels=2)
    for start in range(0, len(sound), 160):
        writer.append_audio(sound[start : start + 160])
    writer.close()
    assert open_tape(writer.folder).read_pcm(33, 60) == sound[132:372]


def test_read_pcm__elsewhere__opens_only_the_records_it_touches(live_writer: TapeWriter) -> None:
    for seed in range(4):
        live_writer.append_audio(noise(50, seed))
    live_writer.close()
    flip(live_writer.folder / "000000.seg", 172 + 9 + 35 + 60)  # in the first second's ciphertext
    reader = open_tape(live_writer.folder)
    assert reader.read_pcm(50, 150) == noise(50, 1) + noise(50, 2) + noise(50, 3)
    with pytest.raises(TapeRefused):
        reader.read_pcm(49, 1)
    with pytest.raises(TapeRefused):
        reader.verify()


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def test_stretches__start_gap_resume_and_fault__break_them_while_segments_and_marks_do_not(tmp_path: Path) -> None:
    writer = new_tape(tmp_path, segment_s=1)
    record_session(writer)
    assert open_tape(writer.folder).stretches() == [
        Stretch(0, 100),
        Stretch(130, 20),
        Stretch(150, 40),
        Stretch(190, 10),
    ]


def test_refresh__tape_being_written__picks_up_each_record(live_writer: TapeWriter) -> None:
    reader = open_tape(live_writer.folder)
    for count in range(1, 6):
        live_writer.append_audio(noise(30, count))
        if count == 3:
            live_writer.append_gap(10)
        reader.refresh()
        assert reader.samples == live_writer.samples
        assert reader.growing
        assert not reader.closed
        assert reader.damage is None
    assert reader.stretches() == [Stretch(0, 90), Stretch(100, 60)]
    live_writer.close()
    reader.refresh()
    assert reader.closed
    assert not reader.growing


def test_refresh__record_on_its_way__waits_for_the_rest(live_writer: TapeWriter) -> None:
    live_writer.append_audio(noise(50, 1))
    segment = live_writer.folder / "000000.seg"
    before = segment.read_bytes()
    live_writer.append_audio(noise(50, 2))
    after = segment.read_bytes()
    for size in range(len(before), len(after)):
        segment.write_bytes(after[:size])
        reader = open_tape(live_writer.folder)
        assert (reader.samples, reader.damage, reader.growing) == (50, None, True)
        segment.write_bytes(after)
        reader.refresh()
        assert reader.read_pcm(50, 50) == noise(50, 2)


def test_refresh__record_was_taken_back__forgets_it(live_writer: TapeWriter) -> None:
    live_writer.append_audio(noise(50, 1))
    segment = live_writer.folder / "000000.seg"
    durable = segment.read_bytes()
    live_writer.append_audio(noise(50, 2))
    reader = open_tape(live_writer.folder)
    assert reader.samples == 100
    segment.write_bytes(durable)
    reader.refresh()
    assert reader.samples == 50
    assert reader.read_pcm(0, 100) == noise(50, 1)


def test_refresh__first_record_of_a_segment_was_taken_back__forgets_it(live_writer: TapeWriter) -> None:
    live_writer.start_segment()
    live_writer.append_audio(noise(50, 1))
    reader = open_tape(live_writer.folder)
    (live_writer.folder / "000001.seg").unlink()
    reader.refresh()
    assert reader.samples == 0


def test_refresh__tape_is_erased__says_so(folder: Path) -> None:
    reader = open_tape(folder)
    erase_tape(folder)
    for read in (reader.refresh, reader.verify, lambda: reader.read_pcm(0, 10)):
        with pytest.raises(TapeErased):
            read()


def test_reader__no_segment_yet__is_empty(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    reader = open_tape(writer.folder)
    assert (reader.samples, reader.growing, reader.read_pcm(0, 10)) == (0, True, b"")
    writer.abandon()
    reader.refresh()
    assert not reader.growing
    assert reader.damage is not None


def test_events__read_while_the_tape_grows__are_what_stood_there(live_writer: TapeWriter) -> None:
    live_writer.append_audio(noise(50, 1))
    assert [type(record).__name__ for record in events_of(live_writer.folder)] == ["ConsentRecord", "AudioRecord"]


def test_reader__no_file_stays_open(folder: Path) -> None:
    reader = open_tape(folder)
    before = names_in(Path("/proc/self/fd"))
    reader.read_pcm(0, 200)
    next(reader.events())
    assert len(names_in(Path("/proc/self/fd"))) == len(before)


def test_occurrences__of_a_tape__are_its_records_without_sound(folder: Path) -> None:
    reader = open_tape(folder)
    assert reader.occurrences() == [record for record in reader.events() if not isinstance(record, AudioRecord)]
    assert len(reader.occurrences()) == 7


CONSENT_GIVEN = SpecRecord(2, 0, bytes([1, 0]) + bytes(8))
PAUSED, RESUMED, WITHDRAWN = (SpecRecord(2, 50, bytes([code, 0]) + bytes(8)) for code in (2, 3, 4))
FIRST, SECOND = SpecRecord(1, 0, noise(50, 1)), SpecRecord(1, 50, noise(50, 2))
SHORT_FIRST = SpecRecord(1, 0, noise(3, 1))
FALSE_FORGERIES: dict[str, list[list[tuple[SpecRecord, bool]]]] = {
    "no consent at all": [[(FIRST, False), (SECOND, False)]],
    "no consent at all, short": [[(SHORT_FIRST, False)]],
    "sound in a pause": [[(CONSENT_GIVEN, False), (FIRST, False), (PAUSED, False), (SECOND, False), (RESUMED, False)]],
    "sound after withdrawal": [[(CONSENT_GIVEN, False), (FIRST, False), (WITHDRAWN, True)], [(SECOND, False)]],
    "gap without consent": [[(SpecRecord(4, 0, (5).to_bytes(8)), False)]],
    "consent given twice": [[(CONSENT_GIVEN, False), (CONSENT_GIVEN, False)]],
    "resume without pause": [[(CONSENT_GIVEN, False), (FIRST, False), (RESUMED, False)]],
    "false position": [[(CONSENT_GIVEN, False), (FIRST, False), (SpecRecord(1, 49, noise(50, 2)), False)]],
    "false position in the middle": [
        [
            (CONSENT_GIVEN, False),
            (SpecRecord(1, 1, FIRST.payload), False),
            (SECOND, False),
            (SpecRecord(3, 100, b"m"), False),
        ]
    ],
    "false totals": [[(CONSENT_GIVEN, False), (FIRST, False), (SpecRecord(6, 50, bytes(16)), True)]],
    "close that is not final": [[(SpecRecord(6, 0, bytes(16)), False)]],
    "record after the final one": [[(CONSENT_GIVEN, True), (FIRST, False)]],
    "segment after the close": [[(SpecRecord(6, 0, bytes(16)), True)], [(SpecRecord(3, 0, b"late"), False)]],
    "unknown type": [[(SpecRecord(9, 0, b""), False)]],
    "long record that is no sound": [[(CONSENT_GIVEN, False), (SpecRecord(3, 0, b"a" * 100), False), (FIRST, False)]],
    "over a second": [[(CONSENT_GIVEN, False), (SpecRecord(1, 0, noise(51)), False), (SpecRecord(3, 51, b"m"), False)]],
    "half a sample": [[(CONSENT_GIVEN, False), (SpecRecord(1, 0, bytes(99)), False), (SpecRecord(3, 49, b"m"), False)]],
    "empty segment": [[], [(CONSENT_GIVEN, False)]],
}


@pytest.mark.parametrize("segments", FALSE_FORGERIES.values(), ids=FALSE_FORGERIES.keys())
def test_reader__tape_that_breaks_a_rule_with_the_right_keys__is_refused(
    tmp_path: Path, segments: list[list[tuple[SpecRecord, bool]]]
) -> None:
    Forger(RECIPIENT.public_key).write(tmp_path / SESSION_ID, segments)
    with pytest.raises(TapeRefused):
        open_tape(tmp_path / SESSION_ID).verify()


def test_reader__forger_that_breaks_no_rule__is_read(tmp_path: Path) -> None:
    segments = [
        [(CONSENT_GIVEN, False), (FIRST, False), (PAUSED, True)],
        [(RESUMED, False), (SECOND, False), (WITHDRAWN.__class__(2, 100, WITHDRAWN.payload), True)],
    ]
    Forger(RECIPIENT.public_key).write(tmp_path / SESSION_ID, segments)
    assert [record.pcm for record in events_of(tmp_path / SESSION_ID) if isinstance(record, AudioRecord)] == [
        FIRST.payload,
        SECOND.payload,
    ]


def test_reader__folder_under_another_sessions_name__is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TapeRefused):
        read_head(folder.rename(tmp_path / OTHER_SESSION_ID))


def test_reader__copied_folder__needs_nothing_of_the_box(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy on a stick")
    assert TapeReader(copy, session_key(copy)).read_pcm(0, 200) == SOUND
