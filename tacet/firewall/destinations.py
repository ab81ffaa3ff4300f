"""Which servers the settings name, and for which of the box's processes. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app.pool.ports import DOOR_PORT, JOIN_PORT
from tacet.backup.target import sftp_target
from tacet.settings import BoxSettings

_WEB_PORTS: Final = {"http": 80, "https": 443}
CALLERS: Final = ("update", "backup", "pool")  # each has two sets in nftables.conf, as update4 and update6
_NAMESERVER: Final = re.compile(r"^\s*nameserver\s+(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Destination:
    """One server, as somebody wrote it."""

    caller: str  # of CALLERS
    host: str  # an address or a name
    port: int


def named_in(settings: BoxSettings) -> tuple[Destination, ...]:
    """All of them."""
    return (*_update(settings), *_backup(settings), *_pool(settings))


def name_servers(resolv_conf: str) -> tuple[str, ...]:
    """The addresses in a resolv.conf, as the network or tacet.toml gave them."""
    return tuple(found.partition("%")[0] for found in _NAMESERVER.findall(resolv_conf))


def _update(settings: BoxSettings) -> Iterator[Destination]:
    parts = urlsplit(settings.update.server)
    if parts.hostname is not None:
        yield Destination("update", parts.hostname, parts.port or _WEB_PORTS[parts.scheme])


def _backup(settings: BoxSettings) -> Iterator[Destination]:
    if settings.backup.sftp:
        target = sftp_target(settings.backup.sftp)
        yield Destination("backup", target.host, target.port)


def _pool(settings: BoxSettings) -> Iterator[Destination]:
    if settings.pool.address is not None:
        yield from (Destination("pool", str(settings.pool.address), port) for port in (DOOR_PORT, JOIN_PORT))
