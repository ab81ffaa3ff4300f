"""The recorder's settings: one frozen section of the box's configuration file."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Pin = Annotated[int, Field(ge=0, le=27)]  # BCM number on the 40-pin header


class RecorderSettings(BaseModel):
    """Button, lights and microphones, and what the recorder asks of them.

    Raises:
        pydantic.ValidationError: it names the field and says what it may be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    data_dir: Path  # tapes and the last recipient
    run_dir: Path  # sockets; its path leaves room for a socket's name within 107 bytes
    panel: Literal["gpio", "jetson", "simulated"] = "gpio"  # button and lights: a Pi's pins, a Jetson's, none
    button_pin: Pin = 17
    red_pin: Pin = 27
    green_pin: Pin = 22
    heartbeat_pin: Pin = 23
    microphone: Literal["pyaudio", "file"] = "pyaudio"
    device: str | None = None  # part of the PortAudio device's name; None is the system's default input
    audio_file: Path | None = None  # what the file microphone plays
    speed: float = Field(default=1.0, ge=1, le=100)  # seconds of the file in a second
    at_end: Literal["silence", "loop", "end"] = "silence"
    sample_rate_hz: int = Field(default=16_000, ge=8_000, le=48_000)
    channels: Literal[1, 2] = 1
    native_rate: bool = False  # take the device's own 48 or 44.1 kHz and resample here, whatever else is offered
    silence_allowed: bool = False  # the microphone has a noise gate and delivers exact zeros in a quiet room
    block_timeout_ms: int = Field(default=500, ge=100)  # no sound for so long is a fault
    min_free_hours: float = Field(default=4.0, ge=0)  # of recording, before a session may start
    max_temperature_c: float = Field(default=80.0, ge=40, le=110)  # of the board, before a session may start
    segment_s: int = Field(default=300, ge=1)
    consent_policy: Literal["refuse", "warn", "allow"] = "warn"  # where no written consent is on file
    configuration_problem: str | None = None  # the box sets it by itself: a mistake in tacet.toml, told by the light

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.microphone == "file" and self.audio_file is None:
            raise ValueError('microphone = "file" needs audio_file')
        if len({self.button_pin, self.red_pin, self.green_pin, self.heartbeat_pin}) < 4:  # noqa: PLR2004  the four just named
            raise ValueError("button_pin, red_pin, green_pin and heartbeat_pin must differ")
        return self
