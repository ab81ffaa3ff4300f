"""One segment's seal: its header, its keys, and the STREAM construction over its records."""

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firmware.tape.records import BYTES_PER_SAMPLE, MAX_SMALL_PLAINTEXT_BYTES, PREFIX_BYTES
from firmware.tape.segment_keys import NO_KEYS, SLOT_BYTES, SegmentKeys

TAG_BYTES = 16
FIRST_LINK = bytes(32)

_MAGIC = b"TACETSEG"
_HEADER = struct.Struct(">8sI32s32s")  # magic, number, head's digest, link to the segment before
_FRAME = struct.Struct(">IIB")  # ciphertext bytes, index, final
_BINDING = struct.Struct(">I?")  # index, final
HEADER_BYTES = _HEADER.size
OPENING_BYTES = HEADER_BYTES + SLOT_BYTES  # what stands before the first record
FRAME_BYTES = _FRAME.size
MAX_SMALL_BYTES = MAX_SMALL_PLAINTEXT_BYTES + TAG_BYTES
MIN_CIPHERTEXT_BYTES = PREFIX_BYTES + TAG_BYTES


@dataclass(frozen=True)
class SegmentHeader:
    number: int
    head_digest: bytes
    link: bytes  # `SegmentSeal.link` of the one before, FIRST_LINK for the first

    def pack(self) -> bytes:
        return _HEADER.pack(_MAGIC, self.number, self.head_digest, self.link)

    def digest(self) -> bytes:
        return hashlib.sha256(self.pack()).digest()

    def link_after(self, records: int, last_tag: bytes) -> bytes:
        """What the next segment's header says of this one: its header, how many records it has, the last one's tag."""
        return hashlib.sha256(self.pack() + records.to_bytes(4) + last_tag).digest()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The inverse of `pack`, for a header of full length; whether it is a true one, only a record proves."""
        _, number, head_digest, link = _HEADER.unpack(raw)
        return cls(number, head_digest, link)


@dataclass(frozen=True)
class Frame:
    """What stands in clear before a record's ciphertext."""

    ciphertext_bytes: int
    index: int
    final: bool

    def pack(self) -> bytes:
        return _FRAME.pack(self.ciphertext_bytes, self.index, self.final)

    @classmethod
    def parse(cls, raw: bytes) -> Self | None:
        """The inverse of `pack`; None for a final flag that is neither 0 nor 1, so that no bit goes unread."""
        ciphertext_bytes, index, final = _FRAME.unpack(raw)
        return cls(ciphertext_bytes, index, bool(final)) if final in {0, 1} else None


@dataclass(frozen=True)
class SegmentSeal:
    """Seals and opens the records of one segment. Holds the segment's keys; handles speech in clear.

    An index is used once: whoever seals counts upward and never seals again under an index that may have reached a
    disk, since two plaintexts under one key and nonce would open both.
    """

    header: SegmentHeader
    keys: SegmentKeys = field(repr=False)
    _header_digest: bytes = field(repr=False)

    @classmethod
    def of(cls, header: SegmentHeader, keys: SegmentKeys) -> Self:
        return cls(header, keys, header.digest())

    @classmethod
    def open_slot(cls, header: SegmentHeader, slot: bytes, session_key: bytes) -> Self:
        """The seal of a segment that was written; it opens nothing where the slot is not authentic."""
        digest = header.digest()
        return cls(header, SegmentKeys.unwrap(slot, session_key, digest) or NO_KEYS, digest)

    def opening(self, session_key: bytes) -> bytes:
        """The bytes before the first record: header, and the keys wrapped under the session key."""
        return self.header.pack() + self.keys.wrap(session_key, self._header_digest)

    def seal(self, index: int, plaintext: bytes, *, final: bool) -> bytes:
        """The record as it stands in the file: frame and ciphertext."""
        bound = self._binding(index, final=final)
        ciphertext = self._cipher(index).encrypt(_nonce(index, final=final), plaintext, bound)
        return Frame(len(ciphertext), index, final).pack() + ciphertext

    def open(self, index: int, ciphertext: bytes, *, final: bool) -> bytes | None:
        """The plaintext, or None when this is not the record that was sealed here."""
        if index >= self.keys.records:
            return None
        bound = self._binding(index, final=final)
        try:
            return self._cipher(index).decrypt(_nonce(index, final=final), ciphertext, bound)
        except InvalidTag:
            return None

    def _cipher(self, index: int) -> AESGCM:
        return AESGCM(self.keys.record_key(index, self._header_digest))

    def _binding(self, index: int, *, final: bool) -> bytes:
        return self._header_digest + _BINDING.pack(index, final)


def _nonce(index: int, *, final: bool) -> bytes:
    return index.to_bytes(11) + bytes([final])


def max_ciphertext_bytes(sample_rate_hz: int, channels: int) -> int:
    """The longest record: one second of sound."""
    return PREFIX_BYTES + sample_rate_hz * channels * BYTES_PER_SAMPLE + TAG_BYTES
