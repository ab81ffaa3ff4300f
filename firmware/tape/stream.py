"""One segment's seal: its header, its key, and the STREAM construction over its records."""

import hashlib
import os
import struct
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware.tape.records import BYTES_PER_SAMPLE, MAX_SMALL_PLAINTEXT_BYTES, PREFIX_BYTES

TAG_BYTES = 16
FIRST_LINK = bytes(32)

_MAGIC = b"TACETSEG"
_HEADER = struct.Struct(">8sI32s32s32s")  # magic, number, head's digest, link to the segment before, salt
_FRAME = struct.Struct(">IIB")  # ciphertext bytes, index, final
_BINDING = struct.Struct(">I?")  # index, final
_SALT_BYTES = 32
_KEY_INFO = b"tacet tape v1 segment"
HEADER_BYTES = _HEADER.size
SALT_OFFSET = HEADER_BYTES - _SALT_BYTES
FRAME_BYTES = _FRAME.size
MAX_SMALL_BYTES = MAX_SMALL_PLAINTEXT_BYTES + TAG_BYTES
MIN_CIPHERTEXT_BYTES = PREFIX_BYTES + TAG_BYTES


@dataclass(frozen=True)
class SegmentHeader:
    number: int
    head_digest: bytes
    link: bytes  # `Segment.link` of the one before, FIRST_LINK for the first
    salt: bytes

    @classmethod
    def new(cls, number: int, head_digest: bytes, link: bytes) -> Self:
        return cls(number, head_digest, link, os.urandom(_SALT_BYTES))

    def pack(self) -> bytes:
        return _HEADER.pack(_MAGIC, self.number, self.head_digest, self.link, self.salt)

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """The inverse of `pack`, for a header of full length; whether it is a true one, only a record proves."""
        _, number, head_digest, link, salt = _HEADER.unpack(raw)
        return cls(number, head_digest, link, salt)


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
    """Seals and opens the records of one segment. Holds the segment's key; handles speech in clear.

    An index is used once: whoever seals counts upward and never seals again under an index that may have reached a
    disk, since two plaintexts under one nonce would open both.
    """

    header: SegmentHeader
    _cipher: AESGCM = field(repr=False)
    _header_digest: bytes = field(repr=False)

    @classmethod
    def of(cls, header: SegmentHeader, session_key: bytes) -> Self:
        digest = hashlib.sha256(header.pack()).digest()
        hkdf = HKDF(hashes.SHA256(), 32, salt=header.salt, info=_KEY_INFO + digest)
        return cls(header, AESGCM(hkdf.derive(session_key)), digest)

    def seal(self, index: int, plaintext: bytes, *, final: bool) -> bytes:
        """The record as it stands in the file: frame and ciphertext."""
        ciphertext = self._cipher.encrypt(_nonce(index, final=final), plaintext, self._binding(index, final=final))
        return Frame(len(ciphertext), index, final).pack() + ciphertext

    def open(self, index: int, ciphertext: bytes, *, final: bool) -> bytes | None:
        """The plaintext, or None when this is not the record that was sealed here."""
        try:
            return self._cipher.decrypt(_nonce(index, final=final), ciphertext, self._binding(index, final=final))
        except InvalidTag:
            return None

    def link(self, records: int, last_tag: bytes) -> bytes:
        """What the next segment's header says of this one: its header, how many records it has, the last one's tag."""
        return hashlib.sha256(self.header.pack() + records.to_bytes(4) + last_tag).digest()

    def _binding(self, index: int, *, final: bool) -> bytes:
        return self._header_digest + _BINDING.pack(index, final)


def _nonce(index: int, *, final: bool) -> bytes:
    return index.to_bytes(11) + bytes([final])


def max_ciphertext_bytes(sample_rate_hz: int, channels: int) -> int:
    """The longest record: one second of sound."""
    return PREFIX_BYTES + sample_rate_hz * channels * BYTES_PER_SAMPLE + TAG_BYTES
