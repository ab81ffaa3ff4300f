from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

HOST_NAME = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"


class AppSettings(BaseModel):
    """What the app needs to know: one section of the box's configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Path("/var/lib/tacet")
    run_dir: Path = Path("/run/tacet")
    host: str = "0.0.0.0"  # noqa: S104  the page is for the clinic's network
    port: int = Field(default=8443, ge=1, le=65535)
    name: str = Field(default="tacet", pattern=HOST_NAME)  # the page is https://<name>.local
    announce: bool = True  # by mDNS
    hosts: tuple[str, ...] = ()  # further names that the clinic has given the box; it answers to no other
    lock_at: str = Field(default="03:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")  # every vault, by the box's own clock
    lock_after_idle_min: int = Field(default=240, ge=15)  # without a sign of life, and with nothing left to write down
    requests_a_second: float = Field(default=50, gt=0)  # from one machine, eight times as many in one go
    sticks_dir: Path = Path("/media")  # a USB stick is mounted in a folder below
    audio_days: int | None = Field(default=7, ge=0)  # sound is kept after approval; None: until somebody erases it
    text_days: int | None = Field(default=None, ge=0)  # transcripts and drafts, the same
    simulator_url: str | None = None  # where the picture of the box is, when the button is simulated
