"""The sections of tacet.toml that the box itself needs, beside those of its processes."""

from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.box.it_code import LEAST_LETTERS
from app.pool.code import Code
from app.pool.errors import PoolRefused
from app.settings import HOST_NAME

TAKEN_IN = "taken in"  # stands where a code stood

DnsName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$")]


_SERVER = r"^(https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?)?$"


class BoxSection(BaseModel):
    """What the box is called and where it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = Field(default=None, pattern=HOST_NAME)  # the page is https://NAME.local; else tacet-xxxx
    room: str = Field(default="", max_length=40)  # shown on the box's screen
    time_zone: str = "UTC"  # like Europe/Berlin
    it_code: str = Field(default="", repr=False)  # makes IT's account at /it/join; taken in, and wiped here

    @field_validator("it_code")
    @classmethod
    def _is_long(cls, value: str) -> str:
        if value.strip() not in {"", TAKEN_IN} and sum(one.isalnum() for one in value) < LEAST_LETTERS:
            raise ValueError(
                f"is too short; write {LEAST_LETTERS} random letters and digits or more, others for each box"
            )
        return value

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is no time zone; write one like Europe/Berlin")
        return value


class NetworkSection(BaseModel):
    """How the box is reached. Wired; 802.1X is in a file beside this one, Wi-Fi is not offered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["dhcp", "static"] = "dhcp"  # static needs address
    address: IPv4Interface | IPv6Interface | None = None  # with its prefix, like 192.168.7.20/24
    gateway: IPv4Address | IPv6Address | None = None  # to servers outside of this network; the page needs none
    dns: tuple[IPv4Address | IPv6Address, ...] = ()  # for the names of servers that this file names
    time_servers: tuple[DnsName, ...] = ()  # the clinic's own; else Debian's pool
    interface: str = Field(default="", pattern=r"^[a-z0-9._-]{0,15}$")  # like enp1s0; else every wired one

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.method == "static" and self.address is None:
            raise ValueError('method = "static" needs address, like address = "192.168.7.20/24"')
        if self.method == "dhcp" and (self.address is not None or self.gateway is not None):
            raise ValueError('address and gateway are for method = "static"; take them out, or change method')
        if self.address is not None and self.address.network.prefixlen == self.address.max_prefixlen:
            raise ValueError("address has no prefix; write it like 192.168.7.20/24")
        if self.address is not None and self.gateway is not None and self.gateway not in self.address.network:
            raise ValueError(f"gateway is not in the address's network {self.address.network}")
        return self


class PoolSection(BaseModel):
    """The clinic's pool, which hears for this box. Its first two settings make the box a member; docs/pool.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: IPv4Address | IPv6Address | None = None  # of the scheduler's machine, like 192.168.7.5
    code: str = Field(default="", repr=False)  # what `tacet pool invite` shows; taken in once, and wiped from the file
    use: bool = True  # false: this box hears by itself, although it is a member

    @field_validator("code")
    @classmethod
    def _is_one(cls, value: str) -> str:
        if value.strip() not in {"", TAKEN_IN}:
            try:
                Code.read(value)
            except PoolRefused as error:
                raise ValueError("is no code: one has 32 letters and digits; write it as it was shown") from error
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.code_to_redeem and self.address is None:
            raise ValueError('code needs address: where the pool is, like address = "192.168.7.5"')
        return self

    @property
    def code_to_redeem(self) -> str:
        """Empty where there is none, or it was taken in already."""
        return "" if self.code.strip() == TAKEN_IN else self.code.strip()


class UpdateSection(BaseModel):
    """Updates from a server of the clinic, beside those from a USB stick."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: str = Field(default="", pattern=_SERVER)  # a folder, like https://updates.clinic.example/tacet
    certificate_sha256: str = Field(default="", pattern=r"^([0-9A-Fa-f]{2}:?){32}$|^$")  # of the server's certificate
    every_hours: int = Field(default=6, ge=1, le=168)  # how often it is asked, give or take a fifth

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.certificate_sha256 and not self.server.startswith("https://"):
            raise ValueError("certificate_sha256 is for https; write the server's address with https://")
        return self


class BackupSection(BaseModel):
    """Backups by themselves: every day into a folder, and from there to a server of the clinic."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: Path | None = None  # a folder, as on a USB stick or a mounted share; none: no backups by themselves
    at: str = Field(default="02:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")  # by the box's own clock
    horizon_days: int = Field(default=30, ge=1)  # what was erased is gone from backups after so long
    sftp: str = Field(default="", pattern=r"^([^@:/\s]+@[^@:/\s]+(:\d+)?/[^\r\n]+)?$")  # like backup@nas:22/tacet
    sftp_host_key: str = Field(default="", pattern=r"^((ssh|ecdsa)-\S+ [A-Za-z0-9+/=]+)?$")  # the server's own, pinned

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.sftp and self.to is None:
            raise ValueError("sftp carries away what lies in a folder; write `to` as well")
        if bool(self.sftp) != bool(self.sftp_host_key):
            raise ValueError("sftp needs sftp_host_key: a line of `ssh-keyscan HOST` without the host's name")
        return self
