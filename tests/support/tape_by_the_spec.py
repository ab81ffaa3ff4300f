"""A second reader and writer of tapes, made from the text in `firmware/tape/__init__.py` and nothing else.

It shares no code with `firmware.tape`: HPKE is spelled out from RFC 9180, HKDF from RFC 5869, AES-GCM comes through
another interface. It reads only whole tapes; it writes whatever it is told to, so that tests can forge.
"""

import hashlib
import hmac
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_KEM = b"KEM\x00\x20"  # DHKEM(X25519, HKDF-SHA256)
_SUITE = b"HPKE\x00\x20\x00\x01\x00\x02"  # with HKDF-SHA256 and AES-256-GCM


def hkdf_extract(salt: bytes, key: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), key, "sha256")


def hkdf_expand(pseudorandom: bytes, info: bytes, length: int) -> bytes:
    block, out = b"", b""
    for count in range(1, 1 + -(-length // 32)):
        block = hmac.digest(pseudorandom, block + info + bytes([count]), "sha256")
        out += block
    return out[:length]


def hkdf(key: bytes, salt: bytes, info: bytes) -> bytes:
    return hkdf_expand(hkdf_extract(salt, key), info, 32)


def aes_gcm_open(key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.GCM(nonce, sealed[-16:])).decryptor()
    decryptor.authenticate_additional_data(bound)
    return decryptor.update(sealed[:-16]) + decryptor.finalize()


def aes_gcm_seal(key: bytes, nonce: bytes, plaintext: bytes, bound: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(bound)
    return encryptor.update(plaintext) + encryptor.finalize() + encryptor.tag


def _labelled_extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + key)


def _labelled_expand(suite: bytes, pseudorandom: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(pseudorandom, length.to_bytes(2) + b"HPKE-v1" + suite + label + info, length)


def _hpke_key_and_nonce(shared: bytes, encapsulated: bytes, public: bytes, info: bytes) -> tuple[bytes, bytes]:
    secret = _labelled_extract(_KEM, b"", b"eae_prk", shared)
    secret = _labelled_expand(_KEM, secret, b"shared_secret", encapsulated + public, 32)
    info_hash = _labelled_extract(_SUITE, b"", b"info_hash", info)
    context = b"\x00" + _labelled_extract(_SUITE, b"", b"psk_id_hash", b"") + info_hash
    schedule = _labelled_extract(_SUITE, secret, b"secret", b"")
    key = _labelled_expand(_SUITE, schedule, b"key", context, 32)
    return key, _labelled_expand(_SUITE, schedule, b"base_nonce", context, 12)


def hpke_open(private_key: bytes, wrapped: bytes, info: bytes) -> bytes:
    private = X25519PrivateKey.from_private_bytes(private_key)
    shared = private.exchange(X25519PublicKey.from_public_bytes(wrapped[:32]))
    key, nonce = _hpke_key_and_nonce(shared, wrapped[:32], private.public_key().public_bytes_raw(), info)
    return aes_gcm_open(key, nonce, wrapped[32:], b"")


def hpke_seal(public_key: bytes, plaintext: bytes, info: bytes) -> bytes:
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key))
    encapsulated = ephemeral.public_key().public_bytes_raw()
    key, nonce = _hpke_key_and_nonce(shared, encapsulated, public_key, info)
    return encapsulated + aes_gcm_seal(key, nonce, plaintext, b"")


@dataclass(frozen=True)
class SpecRecord:
    type: int
    position: int
    payload: bytes


@dataclass(frozen=True)
class SpecTape:
    session_id: str
    sample_rate_hz: int
    channels: int
    started_at_ms: int
    clock_trusted: bool
    key_id: str
    session_key: bytes
    segments: list[list[SpecRecord]]

    @property
    def records(self) -> list[SpecRecord]:
        return [record for segment in self.segments for record in segment]


def read_whole_tape(files: dict[str, bytes], private_key: bytes) -> SpecTape:
    """Reads a tape from its files' bytes; any deviation from the text is an AssertionError or an InvalidTag."""
    head = files["head"]
    assert len(head) == 160
    assert head[:10] == b"TACETAPE\x00\x02"
    session_key = hpke_open(private_key, head[48:128], b"tacet tape v2 session key" + head[:48])
    assert head[128:] == hkdf(session_key, b"", b"tacet tape v2 head" + head[:128])
    names = sorted(name for name in files if name.endswith(".seg"))
    assert names == [f"{number:06d}.seg" for number in range(len(names))]
    link, segments = bytes(32), []
    for number, name in enumerate(names):
        assert "erasing" not in files
        expected = b"TACETSEG" + number.to_bytes(4) + hashlib.sha256(head).digest() + link
        assert files[name][:76] == expected
        records, link = _read_segment(files[name], session_key)
        segments.append(records)
    return SpecTape(
        session_id=head[10:26].hex(),
        sample_rate_hz=int.from_bytes(head[26:30]),
        channels=head[30],
        started_at_ms=int.from_bytes(head[32:40]),
        clock_trusted=bool(head[31]),
        key_id=head[40:48].hex(),
        session_key=session_key,
        segments=segments,
    )


def _read_segment(raw: bytes, session_key: bytes) -> tuple[list[SpecRecord], bytes]:
    header, slot, at, records, final = raw[:76], raw[76:172], 172, [], 0
    digest = hashlib.sha256(header).digest()
    keys = record_keys(open_slot(slot, session_key, digest), digest)
    while at < len(raw):
        assert not final
        length, index, final = int.from_bytes(raw[at : at + 4]), raw[at + 4 : at + 8], raw[at + 8]
        assert int.from_bytes(index) == len(records)
        sealed = raw[at + 9 : at + 9 + length]
        nonce = index.rjust(11, b"\0") + bytes([final])
        plaintext = aes_gcm_open(keys[len(records)], nonce, sealed, digest + index + bytes([final]))
        records.append(SpecRecord(plaintext[0], int.from_bytes(plaintext[1:9]), plaintext[9:]))
        at += 9 + length
    return records, hashlib.sha256(header + len(records).to_bytes(4) + raw[-16:]).digest()


def open_slot(slot: bytes, session_key: bytes, header_digest: bytes) -> tuple[int, bytes, bytes]:
    """How many records the slot opens, the cell link of the last of them, and the row link of the row before."""
    plain = aes_gcm_open(hkdf(session_key, b"", b"tacet tape v2 slot"), slot[:12], slot[12:], header_digest)
    return int.from_bytes(plain[:4]), plain[4:36], plain[36:]


def record_keys(opened: tuple[int, bytes, bytes], header_digest: bytes) -> list[bytes]:
    records, cell_link, row_link = opened
    keys: list[bytes] = []
    for index in reversed(range(records)):
        keys.insert(0, hkdf(cell_link, b"", b"tacet tape v2 record" + header_digest))
        if index % 32:
            cell_link = hashlib.sha256(b"tacet tape v2 cell" + cell_link).digest()
        else:  # on to the last cell of the row before
            cell_link = hashlib.sha256(b"tacet tape v2 start of row" + row_link).digest()
            row_link = hashlib.sha256(b"tacet tape v2 row" + row_link).digest()
    return keys


@dataclass(frozen=True)
class Forger:
    """Writes tapes with the right keys and any content: what the recorder would never write."""

    public_key: bytes
    session_key: bytes = bytes(range(32))
    sample_rate_hz: int = 50
    channels: int = 1

    def write(self, folder: Path, segments: Sequence[Sequence[tuple[SpecRecord, bool]]]) -> None:
        """Each segment is a list of records with their final flags."""
        folder.mkdir()
        head = self.head(folder.name)
        (folder / "head").write_bytes(head)
        link = bytes(32)
        for number, records in enumerate(segments):
            raw, link = self.segment(head, number, link, records)
            (folder / f"{number:06d}.seg").write_bytes(raw)

    def head(self, session_id: str) -> bytes:
        facts = b"TACETAPE\x00\x02" + bytes.fromhex(session_id) + self.sample_rate_hz.to_bytes(4)
        facts += bytes([self.channels, 1]) + (1_700_000_000_000).to_bytes(8)
        facts += hashlib.sha256(self.public_key).digest()[:8]
        head = facts + hpke_seal(self.public_key, self.session_key, b"tacet tape v2 session key" + facts)
        return head + hkdf(self.session_key, b"", b"tacet tape v2 head" + head)

    def segment(
        self, head: bytes, number: int, link: bytes, records: Iterable[tuple[SpecRecord, bool]]
    ) -> tuple[bytes, bytes]:
        header = b"TACETSEG" + number.to_bytes(4) + hashlib.sha256(head).digest() + link
        digest = hashlib.sha256(header).digest()
        last_row, nonce = os.urandom(32), os.urandom(12)
        row_link = hashlib.sha256(b"tacet tape v2 row" + last_row).digest()
        cell_link = hashlib.sha256(b"tacet tape v2 start of row" + last_row).digest()
        keys = record_keys((512, cell_link, row_link), digest)
        slot_key = hkdf(self.session_key, b"", b"tacet tape v2 slot")
        raw = header + nonce + aes_gcm_seal(slot_key, nonce, (512).to_bytes(4) + cell_link + row_link, digest)
        count = 0
        for record, final in records:
            plaintext = bytes([record.type]) + record.position.to_bytes(8) + record.payload
            index, flag = count.to_bytes(4), bytes([final])
            sealed = aes_gcm_seal(keys[count], bytes(7) + index + flag, plaintext, digest + index + flag)
            raw += len(sealed).to_bytes(4) + index + flag + sealed
            count += 1
        return raw, hashlib.sha256(header + count.to_bytes(4) + raw[-16:]).digest()
