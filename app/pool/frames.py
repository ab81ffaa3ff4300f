"""The frames of the asr process (`app.asr.protocol`) on asyncio's streams."""

import asyncio
import json
from typing import Any

from app.asr.protocol import LENGTH, MAX_BODY_BYTES, MAX_HEAD_BYTES


async def read_frame(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """Raise ConnectionError or EOFError when the other side went away, ValueError when it speaks something else."""
    head = json.loads(await _read_part(reader, MAX_HEAD_BYTES))
    body = await _read_part(reader, MAX_BODY_BYTES)
    if not isinstance(head, dict):
        raise ValueError("a head that is no object")  # noqa: TRY004  of the sender, not of ours
    return head, body


async def write_frame(writer: asyncio.StreamWriter, head: dict[str, Any]) -> None:
    encoded = json.dumps(head).encode()
    writer.write(LENGTH.pack(len(encoded)) + encoded + LENGTH.pack(0))
    await writer.drain()


async def _read_part(reader: asyncio.StreamReader, limit: int) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    if length > limit:
        raise ValueError("a frame over its limit")
    return await reader.readexactly(length)
