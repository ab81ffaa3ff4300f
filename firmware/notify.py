"""Tells systemd that the recorder is up, what it does, and that its loop still turns.

Source: sd_notify(3). A datagram to the socket named in NOTIFY_SOCKET; without one nothing is told to anybody.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Notifier:
    """For one thread: the one whose turning is to be watched."""

    address: str | None
    beat_every_ms: int | None  # None: nobody watches
    _told: str = field(default="", init=False)
    _beat_at_ms: int | None = field(default=None, init=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Beats twice as often as systemd asks for."""
        address = environment.get("NOTIFY_SOCKET", "")
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        beat_every_ms = int(watchdog_us) // 2000 if watchdog_us.isdigit() else None
        return cls(f"\0{address[1:]}" if address.startswith("@") else address or None, beat_every_ms)

    def turned(self, doing: str, now_ms: int) -> None:
        """The loop has come round. `doing` is a few plain words of the box's state, nothing from the room."""
        lines = []
        if doing != self._told:
            lines += ["READY=1", f"STATUS={doing}"]
        if self.beat_every_ms is not None and self._is_due(now_ms, self.beat_every_ms):
            lines.append("WATCHDOG=1")
            self._beat_at_ms = now_ms
        if lines and self._send("\n".join(lines)):
            self._told = doing

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _is_due(self, now_ms: int, every_ms: int) -> bool:
        return self._beat_at_ms is None or now_ms - self._beat_at_ms >= every_ms

    def _send(self, text: str) -> bool:
        if self.address is None:
            return True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.setblocking(False)  # noqa: FBT003  systemd that does not read must not stop the loop
            notify.sendto(text.encode(), self.address)
            return True
        return False
