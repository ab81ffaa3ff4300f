"""The page's port, which no machine can fill: connections are bounded as they are taken, before TLS costs anything.

asyncio gives a connection sixty seconds for its handshake and counts none of them meanwhile; a machine that opens
thousands and says nothing would use up the process's files.
"""

import socket
import threading
import weakref
from collections import Counter

A_MACHINE = 48  # connections: several browsers with several pages behind one address
IN_ALL = 400


class Bounded:
    """Counts open connections by address. Any thread."""

    def __init__(self) -> None:
        self.by_address: Counter[str] = Counter()
        self.open: weakref.WeakSet[Taken] = weakref.WeakSet()
        self._guard = threading.Lock()

    def take(self, address: str) -> bool:
        """Count one more, where there may be one."""
        with self._guard:
            if self.by_address[address] >= A_MACHINE or self.by_address.total() >= IN_ALL:
                return False
            self.by_address[address] += 1
            return True

    def give_back(self, address: str) -> None:
        with self._guard:
            self.by_address[address] -= 1
            if self.by_address[address] <= 0:
                del self.by_address[address]

    def close_all(self) -> None:
        """Close what a loop that has ended had taken and not got round to: asyncio leaves it to the collector."""
        for one in list(self.open):
            one.close()


class Taken(socket.socket):
    """A connection that is counted until it is closed."""

    def __init__(self, taken: socket.socket, address: str, bounded: Bounded) -> None:
        super().__init__(taken.family, taken.type, taken.proto, fileno=taken.detach())
        self._address = address
        self._bounded: Bounded | None = bounded
        bounded.open.add(self)

    def close(self) -> None:
        super().close()
        bounded, self._bounded = self._bounded, None
        if bounded is not None:
            bounded.give_back(self._address)


class BoundedListener(socket.socket):
    """Takes the place of a listening socket, which is closed by it."""

    def __init__(self, listener: socket.socket, bounded: Bounded) -> None:
        super().__init__(listener.family, listener.type, listener.proto, fileno=listener.detach())
        self._bounded = bounded

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        """The next connection. One that is too many is closed, and the caller told that it has gone by itself."""
        taken, peer = super().accept()
        address = str(peer[0])
        if not self._bounded.take(address):
            taken.close()
            raise ConnectionAbortedError
        return Taken(taken, address, self._bounded), peer
