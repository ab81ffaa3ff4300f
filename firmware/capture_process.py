"""The process in which PortAudio lives: started by the recorder for every opening, and killed when PortAudio hangs.

It reads commands from standard input, a word a line: `look` answers whether the device is there, `listen` opens it.
At the input's end it closes the device, sends what it still holds, says END and exits. Handles speech in clear, in
memory only. It ends with the recorder, however that ends: the kernel sends SIGIO when the recorder's end of the
lifeline is closed, which needs no thread of ours that a hanging library could hold up.

Imports little, because its memory counts beside the recorder's: no numpy, no settings, no tape.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING, Final

from firmware.microphone import MicrophoneMissing
from firmware.microphone_pyaudio import PyAudioMicrophone
from firmware.ring import Missing, Ring
from firmware.sound_pipe import Kind, Message, MessageWriter

if TYPE_CHECKING:
    from typing import BinaryIO

_HOLDS_S: Final = 10  # of sound, while the recorder does not read
_FASTEST_HZ: Final = 48_000
_PIPE_BYTES: Final = 1 << 20


class CaptureProcess:
    """Commands come in one thread; while it listens, another one sends what PortAudio's has put into the ring."""

    def __init__(self, microphone: PyAudioMicrophone, channels: int, pipe: BinaryIO) -> None:
        self._microphone = microphone
        self._bytes_per_frame = 2 * channels
        self._ring = Ring(_HOLDS_S * _FASTEST_HZ, self._bytes_per_frame)
        self._out = MessageWriter(pipe)
        self._sender: threading.Thread | None = None

    def look(self) -> None:
        try:
            self._say(Kind.FOUND, 0, self._microphone.look())
        except MicrophoneMissing as problem:
            self._say(Kind.PROBLEM, 0, str(problem))

    def listen(self) -> None:
        self._ring.open()
        try:
            name, rate_hz = self._microphone.open(self._take)
        except MicrophoneMissing as problem:
            self._ring.close()
            self._say(Kind.PROBLEM, 0, str(problem))
            return
        self._say(Kind.OPENED, rate_hz, name)
        self._sender = threading.Thread(target=self._send, name="sender", daemon=True)
        self._sender.start()

    def end(self) -> None:
        """Closes the device first, so that nothing comes after the end."""
        self._microphone.close()
        self._ring.close()
        if self._sender is not None:
            self._sender.join()

    def _take(self, block: bytes, *, overflowed: bool, missing_samples: int = 0) -> None:
        if missing_samples:
            self._ring.push_missing(missing_samples)
        if overflowed:
            self._ring.push_missing(None)
        self._ring.push(block)

    def _send(self) -> None:
        position = 0
        while (item := self._ring.take()) != "drained":
            if isinstance(item, Missing):
                lost = b"" if item.samples is None else item.samples.to_bytes(8)
                self._out.write(Message(Kind.MISSING, position, lost))
                position += item.samples or 0
            else:
                self._out.write(Message(Kind.SOUND, position, item))
                position += len(item) // self._bytes_per_frame
        self._out.write(Message(Kind.END, position, b""))

    def _say(self, kind: Kind, position: int, text: str) -> None:
        self._out.write(Message(kind, position, text.encode()))


def main(lifeline: int, wanted_rate_hz: int, channels: int, device: str, *, native_rate: bool) -> None:
    """Works until standard input ends. Returns only then; the process is to exit without ado."""
    end_with(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the recorder's, which closes us in its own order
    pipe = _private_pipe()
    process = CaptureProcess(
        PyAudioMicrophone(device or None, wanted_rate_hz, channels, native_rate=native_rate), channels, pipe
    )
    for command in sys.stdin:
        match command.strip():
            case "look":
                process.look()
            case "listen":
                process.listen()
    process.end()


def end_with(lifeline: int) -> None:
    """From now on the kernel kills this process when the other end of the pipe `lifeline` is closed."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    if select.select([lifeline], [], [], 0)[0]:
        os._exit(1)  # it was closed before the kernel knew of us


def _private_pipe() -> BinaryIO:
    """The way to the recorder, out of reach of the native libraries and of what they start.

    ALSA and JACK write pages to standard output and error at every look; only Python keeps the real standard error.
    """
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return pipe


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], native_rate=sys.argv[5] == "native")
    os._exit(0)  # a sound library's thread that hangs must not keep the process
