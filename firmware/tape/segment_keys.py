"""The keys of one segment: a chain that can be shortened from its end, and then opens only what came before."""

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROWS: Final = 16
CELLS: Final = 32  # in a row
MAX_RECORDS: Final = ROWS * CELLS  # of a segment: five minutes of sound, and whatever happens in them
SLOT_BYTES: Final = 96

_LINK_BYTES = 32
_NONCE_BYTES = 12
_ROW_LABEL = b"tacet tape v2 row"
_START_LABEL = b"tacet tape v2 start of row"
_CELL_LABEL = b"tacet tape v2 cell"
_RECORD_INFO = b"tacet tape v2 record"
_SLOT_INFO = b"tacet tape v2 slot"


@dataclass(frozen=True)
class SegmentKeys:
    """What opens the first `records` records of a segment, and nothing behind them.

    Each link of a chain is the digest of the one after it, so whoever has one can compute all before and none that
    follows. In rows, so that the first key is 47 digests away from the last and not 511. Keys in clear.
    Source: Lamport, Password authentication with insecure communication, 1981.
    """

    records: int
    cell: bytes = field(repr=False)  # the link of record `records - 1`
    row: bytes = field(repr=False)  # the link of the row before that record's; zeros where there is none

    @classmethod
    def new(cls) -> Self:
        last_row = os.urandom(_LINK_BYTES)
        return cls(MAX_RECORDS, _digest(_START_LABEL, last_row), _digest(_ROW_LABEL, last_row))

    def shortened(self, records: int) -> "SegmentKeys":
        """The keys of fewer records; the others cannot be had from these any more."""
        row, cell = divmod(records - 1, CELLS)
        return SegmentKeys(records, self._cells(row)[cell], self._rows[row - 1] if row else bytes(_LINK_BYTES))

    def record_key(self, index: int, header_digest: bytes) -> bytes:
        """Of one record (32 bytes); IndexError for one that these keys do not open."""
        row, cell = divmod(index, CELLS)
        hkdf = HKDF(hashes.SHA256(), 32, salt=None, info=_RECORD_INFO + header_digest)
        return hkdf.derive(self._cells(row)[cell])

    def _cells(self, row: int) -> tuple[bytes, ...]:
        if row not in self._known_cells:
            last_row, last_cell = divmod(self.records - 1, CELLS)
            if row == last_row:
                cells = _chain(_CELL_LABEL, self.cell, last_cell + 1)
            else:
                cells = _chain(_CELL_LABEL, _digest(_START_LABEL, self._rows[row]), CELLS)
            self._known_cells[row] = cells
        return self._known_cells[row]

    @cached_property
    def _known_cells(self) -> dict[int, tuple[bytes, ...]]:
        return {}

    @cached_property
    def _rows(self) -> tuple[bytes, ...]:
        """All whole rows before the last record's."""
        return _chain(_ROW_LABEL, self.row, (self.records - 1) // CELLS)

    def wrap(self, session_key: bytes, header_digest: bytes) -> bytes:
        """The segment's slot: these keys for whoever has the session key, bound to the segment's header."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + _slot_cipher(session_key).encrypt(nonce, self._packed(), header_digest)

    def _packed(self) -> bytes:
        return self.records.to_bytes(4) + self.cell + self.row

    @classmethod
    def unwrap(cls, slot: bytes, session_key: bytes, header_digest: bytes) -> Self | None:
        """The inverse of `wrap`; None for a slot that is not authentic, such as one that was erased."""
        if len(slot) != SLOT_BYTES:
            return None
        try:
            plain = _slot_cipher(session_key).decrypt(slot[:_NONCE_BYTES], slot[_NONCE_BYTES:], header_digest)
        except InvalidTag:
            return None
        records = int.from_bytes(plain[:4])
        return (
            cls(records, plain[4 : 4 + _LINK_BYTES], plain[4 + _LINK_BYTES :]) if 0 < records <= MAX_RECORDS else None
        )


NO_KEYS: Final = SegmentKeys(0, b"", b"")


def _slot_cipher(session_key: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, salt=None, info=_SLOT_INFO).derive(session_key))


def _chain(label: bytes, last: bytes, count: int) -> tuple[bytes, ...]:
    """So many links, the last of them given."""
    links = [last] * min(count, 1)
    while len(links) < count:
        links.append(_digest(label, links[-1]))
    return tuple(reversed(links))


def _digest(label: bytes, link: bytes) -> bytes:
    return hashlib.sha256(label + link).digest()
