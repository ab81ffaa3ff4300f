"""Every page of a vault's database and of its log in clear, also those that nothing points to any more.

Source: SQLCipher 4's page format: AES-256-CBC, the last 80 bytes of a page are its IV (16) and its HMAC (64), and the
first page begins with 16 bytes of salt. A raw key is the key of the cipher itself.
"""

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE_BYTES = 4096
RESERVED_BYTES = 80
SALT_BYTES = 16
WAL_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24


def pages_in_clear(database: Path, key: bytes) -> Iterator[bytes]:
    content = database.read_bytes()
    for at in range(0, len(content), PAGE_BYTES):
        yield _decrypt(content[at : at + PAGE_BYTES], key, first=at == 0)
    log = database.with_name(f"{database.name}-wal")
    frames = log.read_bytes()[WAL_HEADER_BYTES:] if log.exists() else b""
    for at in range(0, len(frames), FRAME_HEADER_BYTES + PAGE_BYTES):
        number = int.from_bytes(frames[at : at + 4], "big")
        page = frames[at + FRAME_HEADER_BYTES : at + FRAME_HEADER_BYTES + PAGE_BYTES]
        if len(page) == PAGE_BYTES:
            yield _decrypt(page, key, first=number == 1)


def _decrypt(page: bytes, key: bytes, *, first: bool) -> bytes:
    iv_at = PAGE_BYTES - RESERVED_BYTES
    sealed = page[SALT_BYTES if first else 0 : iv_at]
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(page[iv_at : iv_at + 16])).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()
