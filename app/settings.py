from ipaddress import ip_network
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.notes.formats import DEFAULT_FORMAT, NAME, NoteFormat, all_formats

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
    plain_port: int | None = Field(default=None, ge=1, le=65535)  # without TLS: offers the certificate to trust, only
    certificate: Path | None = None  # the clinic's own: a PEM file with the chain, the box's first
    certificate_key: Path | None = None  # its key, PEM without a passphrase
    hosts: tuple[str, ...] = ()  # further names that the clinic has given the box; it answers to no other
    lock_at: str = Field(default="03:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")  # every vault, by the box's own clock
    lock_after_idle_min: int = Field(default=240, ge=15)  # without a sign of life, and with nothing left to write down
    requests_a_second: float = Field(default=50, gt=0)  # from one machine, eight times as many in one go
    metrics_for: tuple[str, ...] = ()  # addresses or networks that may read /metrics, like "192.168.7.9"; nobody else
    sticks_dir: Path = Path("/media")  # a USB stick is mounted in a folder below
    audio_days: int | None = Field(default=7, ge=0)  # sound is kept after approval; None: until somebody erases it
    text_days: int | None = Field(default=None, ge=0)  # transcripts and drafts, the same
    simulator_url: str | None = None  # where the picture of the box is, when the button is simulated
    configuration_problem: str | None = None  # the box sets it by itself: told where the recorder cannot
    note_format: str = Field(default=DEFAULT_FORMAT, pattern=NAME)  # of drafts; another can be chosen on the page
    note_formats: dict[str, NoteFormat] = Field(default_factory=dict)  # the clinic's own, beside the built-in ones
    note_model_url: str | None = None  # an OpenAI-compatible server; None: the extractive drafter
    note_model: str = ""  # what the model is called there
    note_model_host: str | None = None  # the one host besides this box that may be asked, over TLS
    note_model_ca: Path | None = None  # the authority that signed that host's certificate; None: the system's
    note_model_sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")  # of the weights, shown beside each draft
    note_model_timeout_s: float = Field(default=300, gt=0, le=3600)

    @field_validator("metrics_for")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(f'{one} is no address; write one like "192.168.7.9" or "192.168.7.0/28"') from None
        return value

    @model_validator(mode="after")
    def _certificate_is_whole(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("certificate and certificate_key go together; write both, or neither")
        if self.plain_port == self.port:
            raise ValueError("plain_port is the page's own; choose another")
        return self

    @model_validator(mode="after")
    def _notes_can_be_drafted(self) -> Self:
        if self.note_format not in all_formats(self.note_formats):
            raise ValueError(f"note_format {self.note_format} is none of: {', '.join(all_formats(self.note_formats))}")
        if self.note_model_url is not None and not self.note_model:
            raise ValueError("note_model_url needs note_model: what the model is called on that server")
        return self
