"""What a capture process says to the recorder: messages through a pipe, each counted, so that none is lost silently.

A message is a header (kind, number, position, payload length; big-endian) and its payload. Numbers count messages from
0. Positions count the device's own samples (frames, a channel) since it was opened, known gaps included.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from firmware.errors import FirmwareError

if TYPE_CHECKING:
    from typing import BinaryIO

_HEADER = struct.Struct(">BIQI")
_LONGEST_PAYLOAD_BYTES: Final = 1 << 20  # five seconds of two channels at 48 kHz; anything longer is no message of ours


class Kind(IntEnum):
    FOUND = 1  # answer to a look: the device's name
    OPENED = 2  # position: its sample rate in Hz; payload: its name
    PROBLEM = 3  # answer to either: a sentence for the page
    SOUND = 4  # interleaved s16le from this position on
    MISSING = 5  # payload: how many samples are lost from this position on, 8 bytes; empty when nobody knows
    END = 6  # closed as asked; all sound up to this position has been sent


@dataclass(frozen=True, slots=True)
class Message:
    """Handles speech in clear."""

    kind: Kind
    position: int
    payload: bytes = field(repr=False)

    @property
    def missing_samples(self) -> int | None:
        return int.from_bytes(self.payload) if self.payload else None


class PipeBroken(FirmwareError):
    """A message is missing, cut off or no message. Whoever reads closes the microphone and declares the loss."""


class MessageWriter:
    """One thread's; each message is in the pipe when `write` returns, which waits while the pipe is full."""

    def __init__(self, pipe: BinaryIO) -> None:
        """`pipe` is unbuffered."""
        self._pipe = pipe
        self._number = 0

    def write(self, message: Message) -> None:
        header = _HEADER.pack(message.kind, self._number, message.position, len(message.payload))
        self._number += 1
        left = memoryview(header + message.payload)
        while left:
            left = left[self._pipe.write(left) :]


class MessageReader:
    """Reads what one `MessageWriter` wrote, whole and in order."""

    def __init__(self, pipe: BinaryIO) -> None:
        """`pipe` is buffered."""
        self._pipe = pipe
        self._number = 0

    def read(self) -> Message | None:
        """The next message; waits for it. None at the pipe's end. Raises PipeBroken."""
        header = self._pipe.read(_HEADER.size)
        if not header:
            return None
        if len(header) < _HEADER.size:
            raise _broken()
        kind, number, position, payload_bytes = _HEADER.unpack(header)
        if number != self._number or payload_bytes > _LONGEST_PAYLOAD_BYTES or kind not in set(Kind):
            raise _broken()
        self._number += 1
        payload = self._pipe.read(payload_bytes)
        if len(payload) < payload_bytes:
            raise _broken()
        return Message(Kind(kind), position, payload)


def _broken() -> PipeBroken:
    return PipeBroken("The microphone's process broke off. The box starts it anew by itself.")
