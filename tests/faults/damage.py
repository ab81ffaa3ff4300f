"""A tape that somebody, or a bad card, has changed."""

import random
from pathlib import Path

from support.damaged_tape import HEADER_BYTES, Tape, boundaries, shows_a_missing_end
from support.tapes import OTHER_SESSION_ID, new_tape, noise, record_session

from faults.promise import Figure, Progress, Scale
from faults.scratch import scratch_folder
from firmware.tape import ConsentEvent


def detect_all(scale: Scale, progress: Progress) -> Figure:
    with scratch_folder(in_memory=True) as folder:
        tapes = [_session(folder / "closed", close=True), _session(folder / "open", close=False), _long(folder)]
        other = _session(folder / "other", OTHER_SESSION_ID, close=True)
        cuts, undetected_cuts, lost_more = _truncate(tapes)
        progress("truncated")
        flips, splices = scale.of(5_000, 500), scale.of(2_000, 200)
        undetected_flips = _flip(tapes, flips)
        progress("flipped")
        undetected_splices = _splice(tapes, other, splices)
    words = (
        f"undetected: {undetected_cuts} of {cuts:,} truncations, {undetected_flips} of {flips:,} flips, "
        f"{undetected_splices} of {splices:,} splices; {lost_more} cuts lost more than the torn record"
    )
    return Figure(words, kept=not any((undetected_cuts, undetected_flips, undetected_splices, lost_more)))


def _session(tapes_dir: Path, session_id: str | None = None, *, close: bool) -> Tape:
    writer = new_tape(tapes_dir) if session_id is None else new_tape(tapes_dir, session_id)
    record_session(writer, close=close)
    return Tape(writer.folder)


def _long(folder: Path) -> Tape:
    """One segment of several seconds, so that a part of it is more than a kill can explain."""
    writer = new_tape(folder / "long")
    writer.append_consent(ConsentEvent.GIVEN)
    for seed in range(6):
        writer.append_audio(noise(50, seed))
    writer.close()
    return Tape(writer.folder)


def _is_detected(tape: Tape) -> bool:
    """Refused; or it reads as a tape that lost its last moment, and says so."""
    return tape.read() is None or shows_a_missing_end(tape)


def _truncate(tapes: list[Tape]) -> tuple[int, int, int]:
    cuts = undetected = lost_more = 0
    for tape in tapes:
        for name in (*tape.segments, "head"):
            content = tape.files[name]
            for size in range(len(content)):
                (tape.folder / name).write_bytes(content[:size])
                cuts += 1
                undetected += not _is_detected(tape)
                lost_more += name == tape.segments[-1] and not _keeps_what_is_whole(tape, name, size)
            (tape.folder / name).write_bytes(content)
    return cuts, undetected, lost_more


def _keeps_what_is_whole(tape: Tape, name: str, size: int) -> bool:
    ends = boundaries(tape.files[name])[1:]
    outcome = tape.read()
    return outcome is not None and len(tape.events) - len(outcome[1]) == sum(end > size for end in ends)


def _flip(tapes: list[Tape], count: int) -> int:
    choice = random.Random(1)
    undetected = 0
    for _ in range(count):
        tape = choice.choice(tapes)
        name = choice.choice(sorted(tape.files))
        changed = bytearray(tape.files[name])
        changed[choice.randrange(len(changed))] ^= 1 << choice.randrange(8)
        (tape.folder / name).write_bytes(changed)
        undetected += not _is_detected(tape)
        (tape.folder / name).write_bytes(tape.files[name])
    return undetected


def _splice(tapes: list[Tape], other: Tape, count: int) -> int:
    choice = random.Random(2)
    undetected = done = 0
    while done < count:
        tape = choice.choice(tapes)
        files = _mixed(choice, tape, choice.choice([*tapes, other]))
        if files == tape.files:
            continue
        done += 1
        tape.put(files)
        undetected += not _is_detected(tape)
        tape.put(tape.files)
    return undetected


def _mixed(choice: random.Random, tape: Tape, donor: Tape) -> dict[str, bytes]:
    """Parts of two tapes put together at places where they could fit."""
    name, taken = choice.choice(tape.segments), choice.choice(donor.segments)
    content, foreign = tape.files[name], donor.files[taken]
    match choice.randrange(5):
        case 0:  # a whole segment
            return tape.with_file(name, foreign)
        case 1:  # another's records behind these
            return tape.with_file(name, content[: _place(choice, content)] + foreign[_place(choice, foreign) :])
        case 2:  # one record exchanged
            at, end = _record(choice, content)
            other_at, other_end = _record(choice, foreign)
            return tape.with_file(name, content[:at] + foreign[other_at:other_end] + content[end:])
        case 3:  # another's header
            return tape.with_file(name, foreign[:HEADER_BYTES] + content[HEADER_BYTES:])
        case _:  # another's head, or the last segment once more
            if donor is not tape:
                return tape.with_file("head", donor.files["head"])
            return tape.with_file(f"{len(tape.segments):06d}.seg", content)


def _record(choice: random.Random, segment: bytes) -> tuple[int, int]:
    places = boundaries(segment)
    number = choice.randrange(len(places) - 1)
    return places[number], places[number + 1]


def _place(choice: random.Random, segment: bytes) -> int:
    return choice.choice(boundaries(segment)[:-1])
