"""What the recorder does while its button and lights cannot be reached: it says so, and records nothing."""

import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty
from typing import Final

from firmware.inbox import Inbox, Quit
from firmware.light import Light
from firmware.status import BoxState, BoxStatus
from firmware.status_server import StatusServer

TELL_FOR_S: Final = 60.0  # then the recorder starts anew, and looks for them again
_TELL_EVERY_S: Final = 0.25


def tell_why(reasons: Sequence[str], socket_path: Path, inbox: Inbox) -> None:
    """Tells the page these sentences for a minute, or until somebody ends the recorder. Raises SocketUnusable.

    systemd is told nothing, so the unit never counts as running: a version that does not find the panel is not kept.
    """
    status = BoxStatus(
        state=BoxState.NOT_READY, reasons=tuple(reasons), light=Light("off", green=False), microphone="not listened to"
    )
    server = StatusServer(socket_path, lambda _: None)
    server.start(status)
    try:
        until_s = time.monotonic() + TELL_FOR_S
        while time.monotonic() < until_s and not _is_ended(inbox):
            server.publish(status)
    finally:
        server.close()


def _is_ended(inbox: Inbox) -> bool:
    try:
        return isinstance(inbox.get(timeout=_TELL_EVERY_S), Quit)
    except Empty:
        return False
