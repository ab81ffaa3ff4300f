"""The port to whatever delivers sound."""

from typing import Protocol

from firmware.errors import FirmwareError


class MicrophoneMissing(FirmwareError):
    """The microphone cannot be opened now. The recorder shows a fault and tries again when `problem` finds none."""


class MicrophoneStuck(FirmwareError):
    """The microphone did not answer in time; the call may still be hanging. The recorder shows a fault."""


class BlockSink(Protocol):
    """Takes speech in clear, in a thread of the adapter's; returns at once and never raises."""

    def __call__(self, block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:
        """Takes 20 to 100 ms of sound as interleaved signed 16-bit little-endian frames; less at an end or a loss.

        Just before this block (which may be empty) `missing_samples` frames were lost; `overflowed` says that sound was
        lost there and no one knows how much.
        """


class Microphone(Protocol):
    """Delivers blocks while it is open, and only then. Calls come from one thread at a time."""

    @property
    def name(self) -> str:
        """What the page calls it."""

    @property
    def ended(self) -> bool:
        """Nothing more will come, and that is as it should be: a file has been played to its end."""

    def problem(self) -> str | None:
        """Why it could not be opened now, as a sentence, or None. Asked only while it is closed; hears nothing."""

    def rewind(self) -> None:
        """A new session begins: a file starts anew. Means nothing to a real microphone."""

    def open(self, on_block: BlockSink) -> None:
        """Begins to deliver. Raises MicrophoneMissing or MicrophoneStuck, and is closed then."""

    def close(self) -> None:
        """Delivers nothing any more when it returns. Harmless when repeated. Raises MicrophoneStuck."""
