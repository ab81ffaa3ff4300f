"""What the recorder tells and what it may be told: JSON lines, UTF-8, on run_dir/recorder.sock.

The recorder sends one `BoxStatus` line at once, on every change, and at least every half second. A client may send
`{"command": "pause"}`, `{"command": "stop"}`, `{"command": "withdraw", "session_id": "<id>"}`,
`{"command": "erase_last", "session_id": "<id>", "minutes": 1 to 60}` and
`{"command": "prepare", "public_key": "<hex>", "appointment_id": "<32 hex>" or null, "consent_on_file": true or false}`.
None of them, and no other line, starts or resumes a recording; what is no command is passed over.

This module is all that other processes import to talk with the recorder.
"""

from __future__ import annotations

import asyncio
import contextlib
from enum import StrEnum
from pathlib import Path  # noqa: TC003  pydantic and readers of the signature need it
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from firmware.errors import FirmwareError
from firmware.light import Light, RedPattern

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = [
    "BoxState",
    "BoxStatus",
    "Command",
    "EraseLast",
    "Light",
    "Parts",
    "Pause",
    "Prepare",
    "RecorderAway",
    "RecorderClient",
    "RedPattern",
    "Stop",
    "Trial",
    "TryLight",
    "Withdraw",
]

RECONNECT_S = 0.5
SILENCE_S = 3.0  # the recorder tells something every half second; after six times that it is as good as away


class BoxState(StrEnum):
    NOT_READY = "not_ready"
    READY = "ready"
    RECORDING = "recording"
    PAUSED = "paused"
    CONFIRMING = "confirming"  # stopped, and a press within five seconds erases
    ERASING = "erasing"
    FAULT = "fault"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trial(StrEnum):
    """What is known of a part of the box."""

    NOT_TRIED = "not_tried"
    WORKS = "works"
    BROKEN = "broken"


class Parts(_Message):
    """Button and light count as tried once a person has helped; the microphone once it was listened to."""

    button: Trial = Trial.NOT_TRIED
    light: Trial = Trial.NOT_TRIED
    microphone: Trial = Trial.NOT_TRIED
    trying: bool = False  # green and red flash in turn, and a press is awaited


class BoxStatus(_Message):
    """The box at one moment. Counts are frames (per channel) of the session under way, or else of the last one.

    `samples_in` is what the microphone delivered and what it is known to have missed; once a session is closed it is
    exactly `samples_sealed + gap_samples + erased_samples`, and the length of the tape.
    """

    state: BoxState
    reasons: tuple[str, ...] = ()  # sentences for the page: what is missing, or what has gone wrong
    session_id: str | None = None  # as long as its tape is open
    elapsed_ms: int = 0  # of sound on the tape
    level_dbfs: float | None = None  # of the last block; None unless recording
    light: Light
    samples_in: int = 0
    samples_sealed: int = 0
    gap_samples: int = 0
    erased_samples: int = 0  # of the session's end, because somebody asked for it
    recipient_key_id: str | None = None
    microphone: str
    microphone_ended: bool = False  # a file has been played to its end
    receipt_id: str | None = None  # the session that was withdrawn and erased last, since the recorder started
    appointment_id: str | None = None  # what the next recording belongs to
    parts: Parts = Parts()


class Pause(_Message):
    command: Literal["pause"] = "pause"


class Stop(_Message):
    command: Literal["stop"] = "stop"


class Withdraw(_Message):
    """Stop and erase the session under way, if it is this one. Whoever sends it has asked the person twice."""

    command: Literal["withdraw"] = "withdraw"
    session_id: str


class EraseLast(_Message):
    """Go off the record and erase the last minutes of the session under way, if it is this one."""

    command: Literal["erase_last"] = "erase_last"
    session_id: str
    minutes: int = Field(ge=1, le=60)


class Prepare(_Message):
    """Whom the next recordings are sealed to, and what the next one is."""

    command: Literal["prepare"] = "prepare"
    public_key: str  # raw X25519, in hex
    appointment_id: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$")
    consent_on_file: bool = False  # the client's written consent


class TryLight(_Message):
    """Let green and red flash in turn until somebody presses the button, if no session is going on."""

    command: Literal["try_light"] = "try_light"


Command: TypeAlias = Pause | Stop | Withdraw | EraseLast | Prepare | TryLight
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="command")])


def encode(message: BoxStatus | Command) -> bytes:
    return message.model_dump_json().encode() + b"\n"


def decode_command(line: bytes) -> Command | None:
    """None for whatever is no command."""
    try:
        return _COMMANDS.validate_json(line)
    except ValidationError:
        return None


class RecorderAway(FirmwareError):
    """The recorder does not listen; the command was not taken. Try again once `watch` yields a status."""


class RecorderClient:
    """The other end of the socket, for use within one event loop."""

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    async def watch(self) -> AsyncGenerator[BoxStatus | None, None]:
        """Yields each status as it comes, and None once whenever the recorder is away; reconnects for ever."""
        away = False
        while True:
            async with contextlib.aclosing(self._watch_once()) as statuses:
                async for status in statuses:
                    away = False
                    yield status
            if not away:
                away = True
                yield None
            await asyncio.sleep(RECONNECT_S)

    async def send(self, command: Command) -> None:
        """Returns once the recorder has taken the command; its effect shows in the next statuses. Raises RecorderAway.

        The recorder hangs up after it has read to the end. To close before that, with its greeting unread, would reset
        the connection, and the kernel would drop the command.
        """
        try:
            async with asyncio.timeout(SILENCE_S):
                reader, writer = await asyncio.open_unix_connection(self._socket_path)
                try:
                    writer.write(encode(command))
                    writer.write_eof()
                    with contextlib.suppress(ConnectionResetError):
                        await reader.read()
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise RecorderAway(
                "The recorder does not answer, so the box did not do that. Use the button on the box."
            ) from error

    async def _watch_once(self) -> AsyncGenerator[BoxStatus, None]:
        """Ends when the recorder hangs up, falls silent or says something that is no status."""
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket_path)
        except OSError:
            return
        try:
            while line := await asyncio.wait_for(reader.readline(), SILENCE_S):
                yield BoxStatus.model_validate_json(line)
        except (OSError, TimeoutError, ValueError):
            return
        finally:
            writer.close()
