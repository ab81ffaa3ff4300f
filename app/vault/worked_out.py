"""What was worked out of a session, kept in memory while its vault is open, so that a page need not do it all anew.

It can't be out of date: everything is kept beside what it was made of, and used again only where that is the same.
Reading rows is quick; what takes time is to make words of them, lines of words, and doubtful places of lines.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar, cast

M = TypeVar("M")
T = TypeVar("T")

MOST_SESSIONS = 4  # one of 90 minutes takes about 10 MB


class WorkedOut:
    """Of one session. Any thread; two at once may work the same out, and either result will do. Speech in clear."""

    def __init__(self) -> None:
        self._whole: dict[str, tuple[object, Any]] = {}
        self._each: dict[str, dict[Hashable, tuple[object, Any]]] = {}

    def of(self, name: str, made_of: object, work: Callable[[], T]) -> T:
        """Give what `work` makes of `made_of`, which tells by `==` whether it is still the same."""
        known = self._whole.get(name)
        if known is not None and known[0] == made_of:
            return cast("T", known[1])
        made = work()
        self._whole[name] = (made_of, made)
        return made

    def each(self, name: str, parts: Iterable[tuple[Hashable, M]], work: Callable[[M], T]) -> list[T]:
        """Give what `work` makes of each part; a part that is as it was under its key is not worked out again."""
        known, now, made = self._each.get(name, {}), dict[Hashable, tuple[object, Any]](), list[T]()
        for key, part in parts:
            there = known.get(key)
            if there is None or there[0] != part:
                there = (part, work(part))
            now[key] = there
            made.append(there[1])
        self._each[name] = now
        return made


class Shelf:
    """Of the sessions of one vault that were looked at last. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._sessions: OrderedDict[str, WorkedOut] = OrderedDict()

    def of(self, session_id: str) -> WorkedOut:
        with self._guard:
            found = self._sessions.setdefault(session_id, WorkedOut())
            self._sessions.move_to_end(session_id)
            if len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
            return found

    def forget(self, session_id: str) -> None:
        """Something of the session was erased."""
        with self._guard:
            self._sessions.pop(session_id, None)

    def clear(self) -> None:
        with self._guard:
            self._sessions.clear()
