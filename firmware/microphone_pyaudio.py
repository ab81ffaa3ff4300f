"""The microphone as PortAudio sees it. A call may hang as long as the sound server does: see capture_process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pyaudio

from firmware.adc_clock import AdcClock
from firmware.microphone import MicrophoneMissing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firmware.microphone import BlockSink

BLOCK_MS: Final = 50
NATIVE_RATES_HZ: Final = (48_000, 44_100)  # what nearly every sound card has, when it has not the rate asked for


class PyAudioMicrophone:
    """Each time it is opened it starts PortAudio anew, and ends it when it is closed.

    PortAudio lists the devices once, when it starts, and finds a microphone that has come back only after every
    `PyAudio()` in the process was terminated. A callback that raises would end the stream at an arbitrary place, and
    `is_active()` stays true on a frozen server: neither is relied upon. Lives in the capture process only.
    """

    def __init__(self, device: str | None, sample_rate_hz: int, channels: int, *, native_rate: bool = False) -> None:
        """With `native_rate` the wanted rate is not asked for: a sound server would convert to it by its own lights."""
        self._device = device
        self._rates_hz = (*(() if native_rate else (sample_rate_hz,)), *NATIVE_RATES_HZ)
        self._channels = channels
        self._portaudio: pyaudio.PyAudio | None = None
        self._stream: pyaudio.PyAudio.Stream | None = None

    def look(self) -> str:
        """The device's name; hears nothing. Raises MicrophoneMissing."""
        portaudio = pyaudio.PyAudio()
        try:
            return str(self._find(portaudio)["name"])
        finally:
            portaudio.terminate()

    def open(self, on_block: BlockSink) -> tuple[str, int]:
        """Begins to deliver, in PortAudio's thread; returns device name and rate. Raises MicrophoneMissing."""
        portaudio = pyaudio.PyAudio()
        try:
            device = self._find(portaudio)
            rate_hz, self._stream = self._open_stream(portaudio, device, on_block)
        except BaseException:
            portaudio.terminate()
            raise
        self._portaudio = portaudio
        return str(device["name"]), rate_hz

    def close(self) -> None:
        """The last block has been delivered when it returns."""
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

    def _open_stream(
        self, portaudio: pyaudio.PyAudio, device: Mapping[str, Any], on_block: BlockSink
    ) -> tuple[int, pyaudio.PyAudio.Stream]:
        reason: OSError | None = None
        for rate_hz in self._rates_hz:
            try:
                return rate_hz, portaudio.open(
                    rate=rate_hz,
                    channels=self._channels,
                    format=pyaudio.paInt16,
                    input=True,
                    input_device_index=int(device["index"]),
                    frames_per_buffer=rate_hz * BLOCK_MS // 1000,
                    stream_callback=_delivering(on_block, AdcClock(rate_hz)),
                )
            except OSError as error:
                reason = error
        rates = " or ".join(str(rate_hz) for rate_hz in self._rates_hz)
        raise MicrophoneMissing(
            f"The microphone “{device['name']}” cannot be opened at {rates} Hz with {self._channels} "
            "channel(s). Check that nothing else uses it, or plug in another one."
        ) from reason

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


def _delivering(on_block: BlockSink, adc: AdcClock) -> Any:
    def deliver(block: bytes | None, frames: int, times: Mapping[str, float], status: int) -> tuple[None, int]:
        overflowed = bool(status & pyaudio.paInputOverflow)
        missing_samples = adc.missing_before(_captured_s(times), frames, overflowed=overflowed)
        if block:
            on_block(block, overflowed=overflowed and not missing_samples, missing_samples=missing_samples)
        return None, pyaudio.paContinue

    return deliver


def _captured_s(times: Mapping[str, float]) -> float | None:
    """PortAudio takes its times from the calendar's clock, which people and networks set; their difference is sound."""
    taken_s, now_s = times["input_buffer_adc_time"], times["current_time"]
    return time.monotonic() - (now_s - taken_s) if taken_s > 0 else None


def _default_of(portaudio: pyaudio.PyAudio, inputs: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The system's default where it is an input that fits, else the first that does."""
    try:
        default = portaudio.get_default_input_device_info()
    except OSError:
        return inputs[0]
    return next((device for device in inputs if device["index"] == default["index"]), inputs[0])
