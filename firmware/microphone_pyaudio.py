"""The microphone as PortAudio sees it. A call may hang as long as the sound server does: see microphone_bounded."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyaudio

from firmware.microphone import MicrophoneMissing, MicrophoneStuck

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from firmware.microphone import BlockSink

BLOCK_MS = 50
_TURN_S = 4.0  # how long a call waits for another one that is still inside PortAudio


class PyAudioMicrophone:
    """Each time it is opened it starts PortAudio anew, and ends it when it is closed.

    PortAudio lists the devices once, when it starts, and finds a microphone that has come back only after every
    `PyAudio()` in the process was terminated. A callback that raises would end the stream at an arbitrary place, and
    `is_active()` stays true on a frozen server: neither is relied upon.
    """

    def __init__(self, device: str | None, sample_rate_hz: int, channels: int) -> None:
        self._device = device
        self._sample_rate_hz = sample_rate_hz
        self._channels = channels
        self._inside = threading.Lock()  # one `PyAudio()` at a time
        self._portaudio: pyaudio.PyAudio | None = None
        self._stream: pyaudio.PyAudio.Stream | None = None
        self._name = device or "microphone"
        self.overflows = 0  # blocks that PortAudio flagged, since the start

    @property
    def name(self) -> str:
        return self._name

    @property
    def ended(self) -> bool:
        return False

    def problem(self) -> str | None:
        try:
            with self._turn():
                portaudio = pyaudio.PyAudio()
                try:
                    self._name = str(self._find(portaudio)["name"])
                finally:
                    portaudio.terminate()
        except (MicrophoneMissing, MicrophoneStuck) as error:
            return str(error)
        return None

    def rewind(self) -> None:
        pass

    def open(self, on_block: BlockSink) -> None:
        with self._turn():
            portaudio = pyaudio.PyAudio()
            try:
                self._stream = self._open_stream(portaudio, on_block)
            except BaseException:
                portaudio.terminate()
                raise
            self._portaudio = portaudio

    def close(self) -> None:
        with self._turn():
            stream, self._stream = self._stream, None
            portaudio, self._portaudio = self._portaudio, None
            if portaudio is None or stream is None:
                return
            try:
                stream.stop_stream()
                stream.close()
            except OSError:
                pass  # the device is gone already, which is as closed as it gets
            finally:
                portaudio.terminate()

    def _open_stream(self, portaudio: pyaudio.PyAudio, on_block: BlockSink) -> pyaudio.PyAudio.Stream:
        device = self._find(portaudio)
        self._name = str(device["name"])

        def deliver(block: bytes | None, _frames: int, _times: Mapping[str, float], status: int) -> tuple[None, int]:
            overflowed = bool(status & pyaudio.paInputOverflow)
            self.overflows += overflowed
            if block:
                on_block(block, overflowed=overflowed)
            return None, pyaudio.paContinue

        try:
            return portaudio.open(
                rate=self._sample_rate_hz,
                channels=self._channels,
                format=pyaudio.paInt16,
                input=True,
                input_device_index=int(device["index"]),
                frames_per_buffer=self._sample_rate_hz * BLOCK_MS // 1000,
                stream_callback=deliver,
            )
        except OSError as error:
            raise MicrophoneMissing(
                f"The microphone “{self._name}” cannot be opened at {self._sample_rate_hz} Hz with {self._channels} "
                "channel(s). Check that nothing else uses it, or plug in another one."
            ) from error

    def _find(self, portaudio: pyaudio.PyAudio) -> Mapping[str, Any]:
        devices: list[Mapping[str, Any]] = [
            portaudio.get_device_info_by_index(index) for index in range(portaudio.get_device_count())
        ]
        inputs = [device for device in devices if device["maxInputChannels"] >= self._channels]
        if not inputs:
            raise MicrophoneMissing("No microphone is connected. Plug it in; the box will notice by itself.")
        if self._device is None:
            return _default_of(portaudio, inputs)
        for device in inputs:
            if self._device.casefold() in str(device["name"]).casefold():
                return device
        raise MicrophoneMissing(
            f"The microphone “{self._device}” is not connected. Plug it in; the box will notice by itself."
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._inside.acquire(timeout=_TURN_S):
            raise MicrophoneStuck("The microphone does not answer. Unplug it and plug it in again.")
        try:
            yield
        finally:
            self._inside.release()


def _default_of(portaudio: pyaudio.PyAudio, inputs: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The system's default where it is an input that fits, else the first that does."""
    try:
        default = portaudio.get_default_input_device_info()
    except OSError:
        return inputs[0]
    return next((device for device in inputs if device["index"] == default["index"]), inputs[0])
