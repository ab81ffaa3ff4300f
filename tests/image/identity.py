"""Two boxes flashed from one image: what could both of them hold that has to be born anew in each?"""

import base64
import contextlib
import io
import json
import re
import tarfile
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificates

from image.machine import Machine

WINDOW: Final = 8  # bytes: two random keys share no eight in a row, ever
KEY_LIKE: Final = re.compile(r"[0-9a-fA-F]{16,}|[A-Za-z0-9+/_-]{22,}={0,2}")
PLACES: Final = "/var/lib/tacet /etc/machine-id /var/lib/systemd/random-seed /data/machine-id /etc/hostname"


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a box holds: private keys, raw; key-like words in its files; whole databases."""

    keys: dict[str, bytes]
    values: dict[str, str]
    sealed: dict[str, bytes]


def secrets_of(box: Machine) -> Secrets:
    """Everything that the box has written for itself since it was flashed."""
    packed = box.out("/bin/sh", "-c", f"tar -C / -c {PLACES} 2>/dev/null | base64 -w0", within_s=600)
    return secrets_in(base64.b64decode(packed))


def secrets_in(packed: bytes) -> Secrets:
    """What a tar file of a box's folders holds of them."""
    keys: dict[str, bytes] = {}
    values: dict[str, str] = {}
    sealed: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.isfile() else None
            content = opened.read() if opened else b""
            if b"PRIVATE KEY" in content:
                keys[member.name] = raw_key(content)
            elif b"BEGIN CERTIFICATE" in content:
                values |= dict.fromkeys(numbers(content), member.name)
            elif member.name.endswith((".db", "/key", "random-seed")):
                sealed[member.name] = content
            else:
                values |= dict.fromkeys(words(content), member.name)
    return Secrets(keys, values, sealed)


def shared(one: Secrets, other: Secrets, given: str = "") -> list[str]:
    """What stands in both boxes, named by its files; never the bytes themselves.

    What clinic IT wrote into the settings of both, as a server's public key, is `given`.
    """
    found = [f"{name}: part of a private key" for name, key in one.keys.items() if _common(key, other.keys.values())]
    found += [
        f"{name}: part of a database or key"
        for name, content in one.sealed.items()
        if _common(content, other.sealed.values())
    ]
    common = one.values.keys() & other.values.keys() - set(words(given.encode()))
    found += [f"{one.values[word]} and {other.values[word]}" for word in common]
    return sorted(found)


def _common(content: bytes, others: Any) -> bool:
    mine = _windows(content)
    return any(not mine.isdisjoint(_windows(other)) for other in others)


def _windows(content: bytes) -> set[bytes]:
    """All windows but those of padding: a run of one byte is nobody's key."""
    windows = {content[at : at + WINDOW] for at in range(len(content) - WINDOW + 1)}
    return {window for window in windows if any(left != right for left, right in pairwise(window))}


def raw_key(pem: bytes) -> bytes:
    key = load_pem_private_key(pem, None)
    if isinstance(key, EllipticCurvePrivateKey):
        value = key.private_numbers().private_value
        return value.to_bytes((value.bit_length() + 7) // 8)
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def numbers(pem: bytes) -> list[str]:
    """What is a certificate's own; names and dates, which stand in it as well, two boxes may share."""
    own = []
    for certificate in load_pem_x509_certificates(pem):
        key = certificate.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        own += [key.hex(), f"{certificate.serial_number:x}", certificate.signature.hex()]
    return own


def words(content: bytes) -> list[str]:
    """Key-like words of a text file, JSON's field names left out."""
    text = content.decode("utf-8", errors="ignore")
    with contextlib.suppress(ValueError):
        text = " ".join(_texts(json.loads(text)))
    return [word for word in KEY_LIKE.findall(text) if "/" not in word.strip("/") or len(word) > 40]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
