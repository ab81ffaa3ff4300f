"""What it takes to erase the end of a tape: where it begins, and what is to stand there instead."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware.tape.cut import CutPlan
from firmware.tape.errors import NothingToErase
from firmware.tape.records import ConsentEvent, ConsentRecord, ErasedRecord, Record, encode
from firmware.tape.segment_file import segment_name
from firmware.tape.segment_keys import SegmentKeys
from firmware.tape.stream import HEADER_BYTES, OPENING_BYTES, TAG_BYTES, SegmentHeader, SegmentSeal
from firmware.tape.timeline import ConsentState, Timeline

BLOCK_BYTES: Final = 4096  # what a power cut may tear when a part of it is overwritten


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was taken off the end of a tape, in samples."""

    audio_samples: int
    gap_samples: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A record that has a length, and where it stands."""

    number: int  # of its segment
    index: int
    offset: int  # of its first byte in the segment
    samples: int
    before: Timeline


@dataclass(frozen=True, slots=True)
class EndCut:
    plan: CutPlan
    timeline: Timeline  # when it is done
    link: bytes  # for the segment that follows


def pieces_kept(pieces: Sequence[Piece], samples: int) -> int:
    """How many pieces stay when so much is taken off the end, and as little more as records allow.

    Raises:
        NothingToErase: there is none.
    """
    if not pieces:
        raise NothingToErase
    kept = len(pieces)
    while kept and samples > 0:
        kept -= 1
        samples -= pieces[kept].samples
    return kept


def cut_before(folder: Path, session_key: bytes, first: Piece, erased: ErasedRecord, now: Timeline) -> EndCut:
    """How to erase `first` and all behind it, and to say so. Changes nothing; raises OSError. Handles keys in clear."""
    records: list[Record] = [erased]
    if now.consent is ConsentState.PAUSED:  # the record of that is among what goes
        paused = ConsentRecord(now.sample, ConsentEvent.PAUSED, erased.at_ms, erased.clock_trusted)
        records.append(paused)
    timeline = first.before
    for record in records:
        timeline = timeline.after(record)
    start = _read(folder, first.number, 0, BLOCK_BYTES)
    cut = SegmentHeader.parse(start[:HEADER_BYTES])
    if first.index:
        keys = SegmentSeal.open_slot(cut, start[HEADER_BYTES:OPENING_BYTES], session_key).keys.shortened(first.index)
        slot = keys.wrap(session_key, cut.digest())
        kept_start = cut.pack() + slot + start[OPENING_BYTES : first.offset]
        link = cut.link_after(first.index, _read(folder, first.number, first.offset - TAG_BYTES, TAG_BYTES))
        header = SegmentHeader(first.number + 1, cut.head_digest, link)
        kept_bytes = first.offset
    else:
        header, kept_bytes, kept_start = cut, 0, b""
    segment = _sealed(header, records, session_key)
    plan = CutPlan(header.number, segment, kept_bytes, kept_start)
    return EndCut(plan, timeline, header.link_after(len(records), segment[-TAG_BYTES:]))


def _read(folder: Path, number: int, offset: int, length: int) -> bytes:
    fd = os.open(folder / segment_name(number), os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(fd, length, offset)
    finally:
        os.close(fd)


def _sealed(header: SegmentHeader, records: Sequence[Record], session_key: bytes) -> bytes:
    """A whole segment, under keys of its own."""
    seal = SegmentSeal.of(header, SegmentKeys.new())
    last = len(records) - 1
    sealed = [seal.seal(index, encode(record), final=index == last) for index, record in enumerate(records)]
    return b"".join([seal.opening(session_key), *sealed])
