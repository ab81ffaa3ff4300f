"""Under which names the page answers. Any other Host is another site's name that was bent to this address."""

from collections.abc import Callable
from ipaddress import ip_address
from time import monotonic

from app.addresses import BoxNames, names_of_box

LOOK_EVERY_S = 30.0  # an address may be given to the box anew at any time


def host_of(header: str) -> str | None:
    """The host in a Host header, without its port, in small letters; None where it is malformed.

    Source: RFC 9110, section 7.2; RFC 3986, section 3.2.2 (an IPv6 literal stands in brackets).
    """
    text = header.strip().lower()
    if text.startswith("["):
        literal, bracket, rest = text[1:].partition("]")
        return literal if bracket and _is_port(rest) and ":" in literal else None
    host, colon, port = text.partition(":")
    return host.removesuffix(".") if host and _is_port(colon + port) else None


class HostList:
    """The box's names and addresses, looked up anew from time to time. Event loop only."""

    def __init__(
        self,
        name: str,
        more: tuple[str, ...] = (),
        look: Callable[[str], BoxNames] = names_of_box,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`more`: names that the clinic has given the box."""
        self._name = name
        self._more = frozenset(one.lower() for one in more)
        self._look = look
        self._clock = clock
        self._looked_at_s = -LOOK_EVERY_S
        self._hosts: frozenset[str] = frozenset()
        self._addresses: frozenset[str] = frozenset()

    def allows(self, header: str, asked: str | None = None) -> bool:
        """Whether the page answers to this Host header; `asked` is the box's own end of the connection."""
        host = host_of(header)
        if host is None:
            return False
        self._refresh()
        literal = _address(host)
        if literal is None:
            return host in self._hosts
        return literal in self._addresses or literal == _address(asked or "")

    def _refresh(self) -> None:
        if self._clock() - self._looked_at_s < LOOK_EVERY_S:
            return
        names = self._look(self._name)
        self._hosts = self._more | frozenset(names.hosts)
        self._addresses = frozenset(str(address) for address in names.addresses)
        self._looked_at_s = self._clock()


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and len(text) <= len(":65535") and (text[1:].isdecimal() or text == ":"))


def _address(host: str) -> str | None:
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
