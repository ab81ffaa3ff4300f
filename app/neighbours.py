"""The clinic's other boxes and its pools, as they speak of themselves on its network: for looking, not for trusting."""

import re
import threading
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address

MOST = 200  # more of them is no clinic but noise
MOST_POOLS = 8
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")  # Source: RFC 1123, 2.1


class Wellbeing(StrEnum):
    """All that a box tells the network of how it is: no reason, and not whether it records."""

    WELL = "well"
    ATTENTION = "attention"  # somebody should look


@dataclass(frozen=True, slots=True)
class Neighbour:
    name: str  # its page is https://NAME.local
    wellbeing: Wellbeing


@dataclass(frozen=True, slots=True)
class PoolHeard:
    name: str
    address: str
    port: int  # where boxes ask


class Pools:
    """Which announce themselves. Any thread."""

    def __init__(self) -> None:
        self._pools: dict[str, PoolHeard] = {}
        self._changing = threading.Lock()

    def all(self) -> tuple[PoolHeard, ...]:
        """By name."""
        with self._changing:
            return tuple(sorted(self._pools.values(), key=lambda pool: pool.name))

    def heard(self, name: str, address: str, port: int) -> None:
        """What is no pool's name, or not an address within private networks, is passed over."""
        try:
            near = IPv4Address(address).is_private
        except ValueError:
            return
        if NAME.fullmatch(name) is None or not near:
            return
        with self._changing:
            if name in self._pools or len(self._pools) < MOST_POOLS:
                self._pools[name] = PoolHeard(name, address, port)

    def gone(self, name: str) -> None:
        with self._changing:
            self._pools.pop(name, None)


class Neighbours:
    """Who was heard last. Any thread."""

    def __init__(self) -> None:
        self.pools = Pools()
        self._boxes: dict[str, Neighbour] = {}
        self._changing = threading.Lock()

    def all(self) -> tuple[Neighbour, ...]:
        """By name."""
        with self._changing:
            return tuple(sorted(self._boxes.values(), key=lambda box: box.name))

    def heard(self, name: str, wellbeing: str) -> None:
        """What is no box's name or no such word is passed over: anybody on the network can say anything."""
        if NAME.fullmatch(name) is None or wellbeing not in set(Wellbeing):
            return
        with self._changing:
            if name in self._boxes or len(self._boxes) < MOST:
                self._boxes[name] = Neighbour(name, Wellbeing(wellbeing))

    def gone(self, name: str) -> None:
        with self._changing:
            self._boxes.pop(name, None)
