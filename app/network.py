"""Who the box talks with, and how much it has sent, as the kernel counts it. Reads /proc alone."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED = "01"  # Source: include/net/tcp_states.h
_IPV4_HEX = 8
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Interface:
    name: str
    sent_bytes: int  # since the boot
    received_bytes: int


@dataclass(frozen=True, slots=True)
class Network:
    interfaces: tuple[Interface, ...]  # without the loopback
    peers: tuple[str, ...]  # addresses of other machines with an open connection
    outside: tuple[str, ...]  # those of them that are in no private network


def read_network(proc: Path = _PROC) -> Network:
    """What the kernel says at this moment; what cannot be read is left out."""
    found = {one for name in ("tcp", "tcp6") for one in _peers(proc / "net" / name)}
    peers = sorted(found, key=lambda one: (-one.version, int(one)))
    outside = tuple(str(one) for one in peers if not one.is_private)
    return Network(tuple(_interfaces(proc / "net" / "dev")), tuple(str(one) for one in peers), outside)


def _interfaces(path: Path) -> list[Interface]:
    found = []
    for line in _lines(path)[2:]:
        name, _, counters = line.partition(":")
        numbers = counters.split()
        if name.strip() != "lo" and len(numbers) > 8:  # noqa: PLR2004  received first, sent from the ninth
            found.append(Interface(name.strip(), int(numbers[8]), int(numbers[0])))
    return found


def _peers(path: Path) -> list[_Address]:
    found = []
    for line in _lines(path)[1:]:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _ESTABLISHED:  # noqa: PLR2004  the state's column
            address = _address(fields[2].partition(":")[0])
            if not address.is_loopback:
                found.append(address)
    return found


def _address(hexadecimal: str) -> _Address:
    """From the kernel's form: 32-bit words, each in the machine's byte order (little-endian on all of ours)."""
    words = bytes.fromhex(hexadecimal)
    ordered = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
    if len(hexadecimal) == _IPV4_HEX:
        return ipaddress.IPv4Address(ordered)
    address = ipaddress.IPv6Address(ordered)
    return address.ipv4_mapped or address


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
