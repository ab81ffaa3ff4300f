"""What fills the firewall's sets, which are empty when nft reads it. Pure. Source: nft(8)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_TABLE = "inet tacet"


@dataclass(frozen=True, slots=True)
class Opening:
    """One address and port that one of the box's processes may call."""

    address: IPv4Address | IPv6Address
    port: int


def may_be_called(address: str) -> IPv4Address | IPv6Address | None:
    """The address, if it lies within private networks; never the box itself, and nothing that only one cable has."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return found if found.is_private and not (found.is_loopback or found.is_link_local) else None


def caller_lines(caller: str, openings: Iterable[Opening]) -> Iterator[str]:
    """What one process may call."""
    wanted = set(openings)
    for version in (4, 6):
        mine = sorted(f"{one.address} . {one.port}" for one in wanted if one.address.version == version)
        yield from _elements(f"{caller}{version}", mine)


def name_server_lines(addresses: Iterable[str]) -> Iterator[str]:
    """Whom names are asked of."""
    known = {ip_address(one) for one in addresses}
    for version in (4, 6):
        yield from _elements(f"dns{version}", sorted(str(one) for one in known if one.version == version))


def lines_before(caller: str, before: str) -> Iterator[str]:
    """Those of one process in what was written before."""
    for version in (4, 6):
        opening = f"add element {_TABLE} {caller}{version} "
        yield from (line for line in before.splitlines() if line.startswith(opening))


def _elements(name: str, elements: list[str]) -> Iterator[str]:
    if elements:
        yield f"add element {_TABLE} {name} {{ {', '.join(elements)} }}"
