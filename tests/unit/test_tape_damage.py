"""Cut it anywhere, flip any bit, swap any two parts: a tape is refused, or it shows that its last moment is missing."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.damaged_tape import HEADER_BYTES, MAX_RECORD_BYTES, Tape, boundaries, shows_a_missing_end
from support.tapes import (
    OTHER_SESSION_ID,
    SESSION_ID,
    new_tape,
    noise,
    open_tape,
    record_session,
)

from firmware.tape import ConsentEvent, TapeErased, TapeReader, TapeRefused


@pytest.fixture(params=[True, False], ids=["closed", "not closed"])
def tape(request: pytest.FixtureRequest, tmp_path: Path) -> Tape:
    writer = new_tape(tmp_path / "tapes")
    record_session(writer, close=request.param)
    return Tape(writer.folder)


@pytest.fixture
def long_tape(tmp_path: Path) -> Tape:
    """One segment of several seconds, so that a part of it is more than a kill can explain."""
    writer = new_tape(tmp_path / "long")
    writer.append_consent(ConsentEvent.GIVEN)
    for seed in range(6):
        writer.append_audio(noise(50, seed))
    writer.close()
    return Tape(writer.folder)


def flips(content: bytes) -> Iterator[bytes]:
    """Every byte with one of its bits flipped; over eight neighbours that is every bit."""
    for at in range(len(content)):
        changed = bytearray(content)
        changed[at] ^= 1 << at % 8
        yield bytes(changed)


def test_truncation__of_the_last_segment_at_every_byte__loses_the_cut_record_only(tape: Tape, long_tape: Tape) -> None:
    for whole in (tape, long_tape):
        name = whole.segments[-1]
        content = whole.files[name]
        before = len(whole.events) - (len(boundaries(content)) - 1)
        for size in range(len(content)):
            (whole.folder / name).write_bytes(content[:size])
            outcome = whole.read()
            assert outcome is not None
            reader, events = outcome
            complete = sum(place <= size for place in boundaries(content)[1:])
            assert events == whole.events[: before + complete]
            assert not reader.closed
            is_whole = size in boundaries(content)[1:]
            assert ("is lost" in (reader.damage or "")) != is_whole
            assert "ended abruptly" in (reader.damage or "")


def test_truncation__of_an_earlier_segment_at_every_byte__is_refused(tape: Tape) -> None:
    for name in tape.segments[:-1]:
        for size in range(len(tape.files[name])):
            (tape.folder / name).write_bytes(tape.files[name][:size])
            assert tape.read() is None
        (tape.folder / name).write_bytes(tape.files[name])
    assert tape.read() is not None


def test_truncation__of_the_head_at_every_byte__is_refused(tape: Tape) -> None:
    for size in range(len(tape.files["head"])):
        (tape.folder / "head").write_bytes(tape.files["head"][:size])
        assert tape.read() is None


def test_last_segments__removed__is_an_abrupt_end(tape: Tape) -> None:
    for kept in range(len(tape.segments)):
        tape.put({name: tape.files[name] for name in ("head", *tape.segments[:kept])})
        assert shows_a_missing_end(tape)


def test_earlier_segment__removed__is_refused(tape: Tape) -> None:
    for name in tape.segments[:-1]:
        tape.put({other: content for other, content in tape.files.items() if other != name})
        assert tape.read() is None


def test_bit__flipped_in_the_head__is_refused(tape: Tape) -> None:
    for changed in flips(tape.files["head"]):
        (tape.folder / "head").write_bytes(changed)
        assert tape.read() is None


def test_bit__flipped_anywhere_before_the_last_segment__is_refused(tape: Tape) -> None:
    for name in tape.segments[:-1]:
        for changed in flips(tape.files[name]):
            (tape.folder / name).write_bytes(changed)
            assert tape.read() is None
        (tape.folder / name).write_bytes(tape.files[name])


def test_bit__flipped_in_the_last_segment__is_refused_or_shows_a_missing_end(tape: Tape, long_tape: Tape) -> None:
    for whole in (tape, long_tape):
        name = whole.segments[-1]
        for changed in flips(whole.files[name]):
            (whole.folder / name).write_bytes(changed)
            assert whole.read() is None or shows_a_missing_end(whole)


def test_bit__flipped_before_the_last_record_of_the_last_segment__is_refused(long_tape: Tape) -> None:
    name = long_tape.segments[-1]
    content = long_tape.files[name]
    last_record = boundaries(content)[-2]
    for changed in flips(content[:last_record]):
        (long_tape.folder / name).write_bytes(changed + content[last_record:])
        assert long_tape.read() is None


def test_bit__flipped_in_a_short_record_before_the_close__is_refused(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.append_audio(noise(1, 1))
    writer.append_mark("note")
    writer.close()
    tape = Tape(writer.folder)
    content = tape.files["000000.seg"]
    places = boundaries(content)
    assert len(content) - places[1] < MAX_RECORD_BYTES  # all of it could be one torn record, were it not authentic
    for at in range(places[1], places[-2]):
        changed = bytearray(content)
        changed[at] ^= 4
        (tape.folder / "000000.seg").write_bytes(changed)
        assert tape.read() is None


def test_bytes__behind_the_end__are_refused_when_closed_and_reported_when_not(tape: Tape) -> None:
    name = tape.segments[-1]
    for tail in (b"\0", bytes(64), noise(40), tape.files[name][HEADER_BYTES:]):
        (tape.folder / name).write_bytes(tape.files[name] + tail)
        assert (tape.read() is None) if tape.was_closed else shows_a_missing_end(tape, least_lost=0)
    (tape.folder / name).write_bytes(tape.files[name] + bytes(MAX_RECORD_BYTES + 1))
    assert tape.read() is None


def test_segment__begun_behind_the_close__is_refused(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    record_session(writer)
    tape = Tape(writer.folder)
    for content in (b"", b"TACET", bytes(HEADER_BYTES)):
        tape.put(tape.with_file(f"{len(tape.segments):06d}.seg", content))
        assert tape.read() is None


def test_opening__salt_changed__is_refused_before_any_sound_is_read(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.start_segment()
    for seed in range(3):
        writer.append_audio(noise(50, seed))
    writer.close()  # the one record of the segment that is not sound, and short enough to have been torn
    tape = Tape(writer.folder)
    changed = bytearray(tape.files["000001.seg"])
    changed[HEADER_BYTES - 1] ^= 1
    (tape.folder / "000001.seg").write_bytes(changed)
    with pytest.raises(TapeRefused):
        TapeReader(tape.folder, tape.key)


def test_records__any_two_swapped_within_a_segment__is_refused(tape: Tape, long_tape: Tape) -> None:
    for whole in (tape, long_tape):
        for name in whole.segments:
            content, places = whole.files[name], boundaries(whole.files[name])
            records = [content[start:end] for start, end in itertools.pairwise(places)]
            for first, second in itertools.combinations(range(len(records)), 2):
                order = list(records)
                order[first], order[second] = order[second], order[first]
                (whole.folder / name).write_bytes(content[:HEADER_BYTES] + b"".join(order))
                assert whole.read() is None
            (whole.folder / name).write_bytes(content)


def test_record__removed_or_repeated_within_a_segment__is_refused(tape: Tape, long_tape: Tape) -> None:
    for whole in (tape, long_tape):
        for name in whole.segments:
            content, places = whole.files[name], boundaries(whole.files[name])
            for start, end in itertools.pairwise(places[:-1]):
                for changed in (content[:start] + content[end:], content[:end] + content[start:]):
                    (whole.folder / name).write_bytes(changed)
                    assert whole.read() is None
            (whole.folder / name).write_bytes(content)


def test_segments__any_order_but_the_right_one__is_refused(tape: Tape) -> None:
    for order in itertools.permutations(tape.segments):
        if list(order) != tape.segments:
            tape.put({"head": tape.files["head"]} | dict(zip(tape.segments, map(tape.files.get, order), strict=True)))  # type: ignore[arg-type]  # each name is one of the tape's
            assert tape.read() is None


def test_segment__repeated_at_the_end__is_refused(tape: Tape) -> None:
    for name in tape.segments:
        tape.put(tape.with_file(f"{len(tape.segments):06d}.seg", tape.files[name]))
        assert tape.read() is None


@pytest.mark.parametrize("other_id", [SESSION_ID, OTHER_SESSION_ID], ids=["same session", "another session"])
def test_splice__parts_of_another_tape_of_the_same_therapist__is_refused(
    tape: Tape, tmp_path: Path, other_id: str
) -> None:
    writer = new_tape(tmp_path / "others", other_id)
    record_session(writer)
    other = Tape(writer.folder)
    for name in tape.segments:
        tape.put(tape.with_file(name, other.files[name]))
        assert tape.read() is None
        tape.put(tape.with_file(name, other.files[name][:HEADER_BYTES] + tape.files[name][HEADER_BYTES:]))
        assert tape.read() is None
        tape.put(tape.with_file(name, tape.files[name][:HEADER_BYTES] + other.files[name][HEADER_BYTES:]))
        assert tape.read() is None or (name == tape.segments[-1] and shows_a_missing_end(tape))
    tape.put(tape.with_file("head", other.files["head"]))
    with pytest.raises(TapeRefused):
        open_tape(tape.folder)


def test_splices__records_of_two_tapes_mixed_at_random__are_never_read(tape: Tape, tmp_path: Path) -> None:
    writer = new_tape(tmp_path / "others", OTHER_SESSION_ID)
    record_session(writer)
    other = Tape(writer.folder)
    choice = random.Random(7)
    for _ in range(300):
        name = choice.choice(tape.segments)
        donor = choice.choice([tape, other]).files[choice.choice(other.segments)]
        content = tape.files[name]
        at, taken = choice.choice(boundaries(content)[:-1]), choice.choice(boundaries(donor)[:-1])
        changed = content[:at] + donor[taken:]
        if changed != content:
            tape.put(tape.with_file(name, changed))
            assert tape.read() is None or (name == tape.segments[-1] and shows_a_missing_end(tape, least_lost=0))


def test_salt__of_a_segment_changed_back_to_that_of_another__is_refused(long_tape: Tape, tape: Tape) -> None:
    name = tape.segments[0]
    content = tape.files[name]
    donor = long_tape.files[name]
    tape.put(tape.with_file(name, content[:76] + donor[76:172] + content[172:]))
    assert tape.read() is None


def torn_variants(content: bytes, start: int) -> Iterator[bytes]:
    """What a power cut may leave of the bytes from `start` on: cut, zeroed from or up to a place, sectors missing."""
    choice = random.Random(start)
    for place in range(start, len(content)):
        yield content[:place]
        yield content[:place] + bytes(len(content) - place)
        if any(content[start : place + 1]):
            yield content[:start] + bytes(place + 1 - start) + content[place + 1 :]
    for _ in range(50):
        changed = bytearray(content)
        at = choice.randrange(start, len(content))
        changed[at : at + 16] = bytes(len(changed[at : at + 16]))
        yield bytes(changed)
    yield content[:start] + bytes(MAX_RECORD_BYTES)


def test_torn_write__last_record_in_any_state__is_the_only_one_lost(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.append_audio(noise(50, 1))
    writer.append_audio(noise(50, 2))
    writer.abandon()
    tape = Tape(writer.folder)
    content = tape.files["000000.seg"]
    for torn in torn_variants(content, boundaries(content)[-2]):
        (tape.folder / "000000.seg").write_bytes(torn)
        outcome = tape.read()
        assert outcome is not None
        reader, events = outcome
        if torn != content:
            assert events == tape.events[:-1]
            assert reader.damage


def test_torn_write__first_record_of_a_segment__is_the_only_one_lost(tmp_path: Path) -> None:
    writer = new_tape(tmp_path)
    writer.append_consent(ConsentEvent.GIVEN)
    writer.append_audio(noise(50, 1))
    writer.start_segment()
    writer.append_audio(noise(50, 2))
    writer.abandon()
    tape = Tape(writer.folder)
    content = tape.files["000001.seg"]
    states = [content[:size] for size in range(len(content))]
    states += [content[:size] + bytes(len(content) - size) for size in range(len(content))]
    states += [bytes(HEADER_BYTES) + content[HEADER_BYTES:], bytes(len(content))]
    for torn in states:
        (tape.folder / "000001.seg").write_bytes(torn)
        outcome = tape.read()
        assert outcome is not None
        assert outcome[1] == (tape.events if torn == content else tape.events[:-1])
        assert outcome[0].damage


def test_damage__tape_erased_in_between__says_erased(tape: Tape) -> None:
    (tape.folder / "head").write_bytes(bytes(160))
    with pytest.raises(TapeErased):
        TapeReader(tape.folder, tape.key)
