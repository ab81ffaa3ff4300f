import hashlib
import os
import re
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import constant_time, hashes, hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware.tape.errors import TapeErased, TapeFailed, TapeRefused, WrongKey

HEAD_NAME = "head"
VERSION = 2
SESSION_KEY_BYTES = 32

_MAGIC = b"TACETAPE"
_FACTS = struct.Struct(">8sH16sIBBQ8s")  # magic, version, session, rate, channels, clock trusted, start, key id
_WRAPPED_BYTES = 32 + SESSION_KEY_BYTES + 16  # HPKE: encapsulated key, ciphertext, tag
_CHECK_BYTES = 32
HEAD_BYTES = _FACTS.size + _WRAPPED_BYTES + _CHECK_BYTES
_HPKE_INFO = b"tacet tape v2 session key"
_CHECK_INFO = b"tacet tape v2 head"
# Source: RFC 9180, base mode. The same suite for every tape; another one would be another version of the format.
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_SESSION_ID = re.compile(r"[0-9a-f]{32}")
_PUBLIC_KEY_BYTES = 32


def is_session_id(name: str) -> bool:
    """Whether this is a session's id, and so the name of a tape's folder."""
    return _SESSION_ID.fullmatch(name) is not None


@dataclass(frozen=True)
class Recipient:
    """Whoever can open the tape: the public half of a vault's X25519 key pair (32 raw bytes)."""

    public_key: bytes

    def __post_init__(self) -> None:
        if len(self.public_key) != _PUBLIC_KEY_BYTES:
            raise ValueError("an X25519 public key has 32 bytes")

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self.public_key).hexdigest()[:16]


@dataclass(frozen=True)
class TapeHead:
    """What a tape says in clear. Nothing here tells what was said; the wrapped key opens only with the private key."""

    version: int
    session_id: str
    sample_rate_hz: int
    channels: int
    key_id: str  # of the recipient: first 16 hex digits of the public key's SHA-256
    started_at_ms: int  # UTC epoch, a label
    clock_trusted: bool  # whether the clock was known to be right at that moment
    wrapped_key: bytes = field(repr=False)
    check: bytes = field(default=b"", repr=False)  # proves to whoever has the session key that the head is unchanged

    def facts(self) -> bytes:
        """The part of the head before the wrapped key; the wrapping is bound to it."""
        session = bytes.fromhex(self.session_id)
        key_id = bytes.fromhex(self.key_id)
        return _FACTS.pack(
            _MAGIC,
            self.version,
            session,
            self.sample_rate_hz,
            self.channels,
            self.clock_trusted,
            self.started_at_ms,
            key_id,
        )

    def pack(self) -> bytes:
        """The head file's bytes."""
        return self.facts() + self.wrapped_key + self.check

    def digest(self) -> bytes:
        """SHA-256 of the head file; every segment carries it."""
        return hashlib.sha256(self.pack()).digest()

    def belongs_to(self, session_key: bytes) -> bool:
        """Whether the session key is this tape's and the head is what the recorder wrote."""
        return constant_time.bytes_eq(self.check, _check(session_key, self.facts() + self.wrapped_key))


def new_head(facts: TapeHead, recipient: Recipient, session_key: bytes) -> TapeHead:
    """The head with the session key wrapped to the recipient. Handles a key in clear."""
    public_key = X25519PublicKey.from_public_bytes(recipient.public_key)
    wrapped = _SUITE.encrypt(session_key, public_key, info=_HPKE_INFO + facts.facts())
    return replace(facts, wrapped_key=wrapped, check=_check(session_key, facts.facts() + wrapped))


def _check(session_key: bytes, head: bytes) -> bytes:
    return HKDF(hashes.SHA256(), _CHECK_BYTES, salt=None, info=_CHECK_INFO + head).derive(session_key)


def open_session_key(head: TapeHead, private_key: bytes) -> bytes:
    """The key of one session (32 bytes, in clear: keep it wrapped). `private_key` is 32 raw X25519 bytes.

    Raises:
        WrongKey: the tape was sealed to another key pair.
        TapeRefused: it was sealed to this one, and somebody changed the head since.
    """
    private = X25519PrivateKey.from_private_bytes(private_key)
    if Recipient(private.public_key().public_bytes_raw()).key_id != head.key_id:
        raise WrongKey
    try:
        session_key = _SUITE.decrypt(head.wrapped_key, private, info=_HPKE_INFO + head.facts())
    except (InvalidTag, ValueError):
        raise _changed() from None
    if not head.belongs_to(session_key):
        raise _changed()
    return session_key


def _changed() -> TapeRefused:
    return TapeRefused("The head of this recording was changed after it was made, so the recording cannot be opened.")


def read_head(folder: Path) -> TapeHead:
    """What the tape says in clear. Any process; needs no key, and so proves nothing yet.

    Raises:
        TapeErased: no head is left.
        TapeRefused: this is no tape, one of a newer version, or one under another session's name.
        TapeFailed: the disk could not read it.
    """
    try:
        raw = (folder / HEAD_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise TapeErased from None
    except OSError as error:
        raise TapeFailed("The recording could not be read from the disk; check the disk and try again.") from error
    if raw == bytes(HEAD_BYTES):
        raise TapeErased
    head = parse_head(raw)
    if is_session_id(folder.name) and folder.name != head.session_id:
        raise TapeRefused("This recording stands under another session's name, so it cannot be trusted.")
    return head


def parse_head(raw: bytes) -> TapeHead:
    """The inverse of `TapeHead.pack`.

    Raises:
        TapeRefused: not a head that this version writes.
    """
    if len(raw) != HEAD_BYTES or not raw.startswith(_MAGIC):
        raise TapeRefused("This is not a recording of this box, or its head was cut.")
    _, version, session, rate_hz, channels, trusted, start_ms, key_id = _FACTS.unpack_from(raw)
    if version != VERSION:
        if version > VERSION:
            raise TapeRefused("This recording was made by a newer version of the box; update this one to open it.")
        raise TapeRefused("This recording was made by an earlier version of the box, and this one cannot open it.")
    if trusted > 1 or not rate_hz or not channels:
        raise _changed()
    wrapped, check = raw[_FACTS.size : -_CHECK_BYTES], raw[-_CHECK_BYTES:]
    return TapeHead(version, session.hex(), rate_hz, channels, key_id.hex(), start_ms, bool(trusted), wrapped, check)


def new_session_key() -> bytes:
    return os.urandom(SESSION_KEY_BYTES)
