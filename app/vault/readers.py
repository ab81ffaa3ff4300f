"""Connections for reading, kept between two questions: setting one up costs more than most answers."""

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.vault.database import Connection

MOST_IDLE = 3


class Readers:
    """Lends each connection to one thread at a time. Thread-safe.

    An idle one holds its schema, but no transaction and no page in clear: it neither keeps the log from being emptied
    nor remembers what was erased.
    """

    def __init__(self, open_one: "Callable[[], Connection]") -> None:
        self._open = open_one
        self._idle: list[Connection] = []
        self._changing = threading.Lock()
        self._closed = False

    @contextmanager
    def lent(self) -> "Iterator[Connection]":
        """A connection within one snapshot. One that failed is not lent again."""
        connection = self._take()
        try:
            connection.execute("BEGIN")
            yield connection
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA shrink_memory")  # lets go of every page, wiped
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)

    def close(self) -> None:
        """Nobody reads any more."""
        with self._changing:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> "Connection":
        with self._changing:
            if self._idle:
                return self._idle.pop()
        return self._open()

    def _give_back(self, connection: "Connection") -> None:
        with self._changing:
            if not self._closed and len(self._idle) < MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()
