"""Where a language model may be asked: on this box, or on one host of the clinic's network that IT named, over TLS.

A transcript is the most private thing the box has, so every other address is refused before anything is sent, and the
address that was checked is the one that is connected to: a name cannot change its mind in between.
"""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from app.errors import TacetError

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class AddressRefused(TacetError):
    """No transcript goes there. The sentence says why and what would be allowed."""


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """A server that may be asked."""

    host: str
    ip: str  # what `host` stands for; connect to this one
    port: int
    path: str  # of the API, "/v1"
    tls: bool


def check_address(url: str, named_host: str | None) -> ModelAddress:
    """Resolve and judge the address of an OpenAI-compatible server.

    Args:
        url: "http://127.0.0.1:8080/v1", or "https://HOST/v1".
        named_host: The one host besides this box that clinic IT allows, None for none.

    Raises:
        AddressRefused: It is neither this box nor the named host over TLS, or the name stands for a public address.
    """
    host, port, path, tls = _parts(url)
    ip = _resolve(host, port)
    if ipaddress.ip_address(ip).is_loopback:
        return ModelAddress(host, ip, port, path, tls)
    if named_host is None or host.casefold() != named_host.casefold():
        raise AddressRefused(
            f"The language model's host {host} is neither this box nor the host that the settings allow, so nothing "
            "was sent. Use http://127.0.0.1:PORT/v1, or name the host in note_model_host."
        )
    if not tls:
        raise AddressRefused(f"The language model on {host} is not reached over TLS. Use https:// in note_model_url.")
    if not _is_of_the_clinic(ip):
        raise AddressRefused(
            f"{host} stands for the public address {ip}, so nothing was sent. Use a host of the clinic."
        )
    return ModelAddress(host, ip, port, path, tls)


def _parts(url: str) -> tuple[str, int, str, bool]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("note_model_url is no web address. Use http://127.0.0.1:PORT/v1.") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise AddressRefused("note_model_url is no plain web address. Use http://127.0.0.1:PORT/v1 or https://HOST/v1.")
    return parts.hostname, port or _DEFAULT_PORTS[parts.scheme], parts.path.rstrip("/"), parts.scheme == "https"


def _resolve(host: str, port: int) -> str:
    """The address of the host; where it has several, all have to be of one kind, and the first is used."""
    try:
        found = [
            str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        ]
    except (OSError, UnicodeError):
        raise AddressRefused(f"The language model's host {host} is not known on this network.") from None
    kinds = {(ipaddress.ip_address(ip).is_loopback, _is_of_the_clinic(ip)) for ip in found}
    if len(kinds) != 1:
        raise AddressRefused(f"{host} stands for addresses inside and outside of the clinic, so nothing was sent.")
    return found[0]


def _is_of_the_clinic(ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    return address.is_private and not (address.is_unspecified or address.is_multicast or address.is_reserved)
