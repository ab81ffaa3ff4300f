"""Under which names and addresses the box can be reached. Linux only: asks the kernel, sends nothing."""

import fcntl
import re
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

Address = IPv4Address | IPv6Address

_LABELS = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_SIOCGIFADDR = 0x8915  # Source: linux/sockios.h
_IFREQ_BYTES = 40
_TEMPORARY, _DEPRECATED, _TENTATIVE = 0x01, 0x20, 0x40  # Source: linux/if_addr.h
IPV6_ADDRESSES = Path("/proc/self/net/if_inet6")  # /proc/net itself is not there under ProcSubset=pid
_LOOPBACK: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


@dataclass(frozen=True, slots=True)
class BoxNames:
    """What may stand in the address bar."""

    hosts: tuple[str, ...]
    addresses: tuple[Address, ...]


def is_host_name(text: str) -> bool:
    """Whether it is a name that can stand in a certificate, in small letters; an address is none."""
    return _LABELS.fullmatch(text) is not None and not text.replace(".", "").isdecimal()


def names_of_box(name: str, if_inet6: Path = IPV6_ADDRESSES) -> BoxNames:
    """The names of this machine, and the addresses that it has now, loopback included.

    Link-local addresses are left out, and IPv6's temporary ones: those change every day.

    Args:
        name: The box's own: its page is https://<name>.local.
        if_inet6: Where the kernel lists its IPv6 addresses.
    """
    machine = socket.gethostname().lower()
    candidates = ("localhost", f"{name.lower()}.local", machine, f"{machine.removesuffix('.local')}.local")
    hosts = dict.fromkeys(host for host in candidates if _LABELS.fullmatch(host))
    found = [*_LOOPBACK, *_ipv4_addresses(), *_ipv6_addresses(if_inet6)]
    addresses = dict.fromkeys(address for address in found if not address.is_link_local)
    return BoxNames(tuple(hosts), tuple(addresses))


def _ipv4_addresses() -> list[Address]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, interface in socket.if_nameindex():
            request = struct.pack(f"16s{_IFREQ_BYTES - 16}x", interface.encode())
            with suppress(OSError):  # the interface has no IPv4 address
                found.append(ip_address(fcntl.ioctl(asking, _SIOCGIFADDR, request)[20:24]))
    return found


def _ipv6_addresses(if_inet6: Path) -> list[Address]:
    try:
        rows = if_inet6.read_text().splitlines()
    except OSError:  # IPv6 is switched off
        return []
    # Columns: address, interface number, prefix length, scope, flags, interface name.
    fields = [row.split() for row in rows]
    passing = _TEMPORARY | _DEPRECATED | _TENTATIVE
    return [IPv6Address(bytes.fromhex(field[0])) for field in fields if not int(field[4], 16) & passing]
