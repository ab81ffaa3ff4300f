"""The real microphone: PortAudio in a process of its own, which is killed when it does not answer in time."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from firmware.microphone import MicrophoneMissing, MicrophoneStuck
from firmware.resampling import Resampler
from firmware.sound_pipe import Kind, MessageReader, PipeBroken

if TYPE_CHECKING:
    from firmware.microphone import BlockSink
    from firmware.sound_pipe import Message

_OPEN_TIMEOUT_S: Final = 5.0  # a sound server that is busy may take long to make a stream
_LOOK_TIMEOUT_S: Final = 2.0
_CLOSE_TIMEOUT_S: Final = 1.5
_KILL_TIMEOUT_S: Final = 1.0
_LOOKS_IN_ONE_PROCESS: Final = 200  # sound libraries leak a little at every look
_STUCK: Final = "The microphone does not answer. Unplug it and plug it in again."
_NOT_FOR_CHILDREN: Final = frozenset({"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"})


class ProcessMicrophone:
    """Whatever the device or the sound server does, every call returns in time, and nothing is left hanging behind.

    Each opening has a fresh process. What that process has heard up to `close` is delivered before `close` returns; if
    it had to be killed, or breaks off by itself, the place is delivered as a loss of unknown length. At a device that
    has not the wanted rate its own is recorded and resampled, see `Resampler`.
    """

    def __init__(self, device: str | None, sample_rate_hz: int, channels: int, *, native_rate: bool = False) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._channels = channels
        rate = "native" if native_rate else "wanted"
        self._arguments = (str(sample_rate_hz), str(channels), device or "", rate)
        self._name = device or "microphone"
        self._looker: _Child | None = None
        self._looks = 0
        self._listener: _Child | None = None
        self._delivery: threading.Thread | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def ended(self) -> bool:
        return False

    def problem(self) -> str | None:
        if self._looks >= _LOOKS_IN_ONE_PROCESS:
            self._end_looker()
        if self._looker is None:
            self._looker, self._looks = _Child(self._arguments), 0
        self._looks += 1
        answer = self._looker.ask("look", _LOOK_TIMEOUT_S)
        if answer is None or answer.kind is not Kind.FOUND:
            self._end_looker()
            return _STUCK if answer is None else answer.payload.decode()
        self._name = answer.payload.decode()
        return None

    def rewind(self) -> None:
        pass

    def open(self, on_block: BlockSink) -> None:
        self.close()
        child = _Child(self._arguments)
        answer = child.ask("listen", _OPEN_TIMEOUT_S)
        if answer is None or answer.kind is not Kind.OPENED:
            child.discard()
            raise MicrophoneStuck(_STUCK) if answer is None else MicrophoneMissing(answer.payload.decode())
        self._name = answer.payload.decode()
        self._listener = child
        self._delivery = threading.Thread(
            target=self._deliver, args=(child, on_block, answer.position), name="microphone", daemon=True
        )
        self._delivery.start()

    def close(self) -> None:
        self._end_looker()
        child, self._listener = self._listener, None
        delivery, self._delivery = self._delivery, None
        if child is None or delivery is None:
            return
        child.end_input()
        delivery.join(_CLOSE_TIMEOUT_S)
        child.kill()
        delivery.join(_KILL_TIMEOUT_S)
        if delivery.is_alive():
            raise MicrophoneStuck(_STUCK)  # stuck in the kernel: it will run no more, but the device is not free

    def _deliver(self, child: _Child, on_block: BlockSink, device_rate_hz: int) -> None:
        """In a thread of its own, from the first message to the last."""
        with child.pipe:
            if device_rate_hz == self._sample_rate_hz:
                child.deliver(on_block, self._channels)
                return
            resampler = Resampler(on_block, device_rate_hz, self._sample_rate_hz, self._channels)
            child.deliver(resampler, self._channels)
            resampler.finish()

    def _end_looker(self) -> None:
        looker, self._looker = self._looker, None
        if looker is not None:
            looker.discard()


class _Child:
    """One capture process, see firmware/capture_process.py. Dies with this object's process at the latest."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        lifeline, self._our_end = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "firmware.capture_process", str(lifeline), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(lifeline,),
                env={name: value for name, value in os.environ.items() if name not in _NOT_FOR_CHILDREN},
            )
        except OSError as error:
            os.close(self._our_end)
            raise MicrophoneStuck("The box could not start its microphone. Switch it off and on again.") from error
        finally:
            os.close(lifeline)
        self.pipe = cast("BinaryIO", self._process.stdout)
        self._messages = MessageReader(self.pipe)

    def ask(self, command: str, timeout_s: float) -> Message | None:
        """The answer; None when there is none in time, or never will be."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(command.encode() + b"\n")
            self._process.stdin.flush()
            readable, _, _ = select.select([self.pipe], [], [], timeout_s)
            return self._messages.read() if readable else None
        except (OSError, PipeBroken):
            return None

    def deliver(self, on_block: BlockSink, channels: int) -> None:
        """All that comes, until the end; what does not fit together is delivered as a loss."""
        position, ended = 0, False
        with contextlib.suppress(PipeBroken):
            while not ended and (message := self._messages.read()) is not None:
                lost_samples = max(0, message.position - position)
                position = message.position
                match message.kind:
                    case Kind.SOUND:
                        on_block(message.payload, overflowed=False, missing_samples=lost_samples)
                        position += len(message.payload) // (2 * channels)
                    case Kind.MISSING:
                        missing = message.missing_samples
                        on_block(b"", overflowed=missing is None, missing_samples=lost_samples + (missing or 0))
                        position += missing or 0
                    case _:
                        ended = message.kind is Kind.END
                        if lost_samples:
                            on_block(b"", overflowed=False, missing_samples=lost_samples)
        if not ended:
            on_block(b"", overflowed=True)

    def discard(self) -> None:
        """Kills it; what it has sent is of no interest."""
        self.kill()
        self.pipe.close()

    def end_input(self) -> None:
        """Has it close the device, send the rest and exit."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """It is gone when this returns, unless the kernel itself holds it. What it has sent can still be read."""
        self.end_input()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_TIMEOUT_S)
        if self._our_end >= 0:
            os.close(self._our_end)
            self._our_end = -1
