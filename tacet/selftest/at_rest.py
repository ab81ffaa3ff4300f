"""No self-test beside a session: what it asks of the recorder, and how it makes way."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from firmware.status import BoxState, BoxStatus, Command, encode

ANSWERS_WITHIN_S: Final = 5.0
LOOKS_EVERY_S: Final = 5.0
TRIAL_LOOKS_EVERY_S: Final = 0.2
_AT_REST: Final = frozenset({BoxState.READY, BoxState.NOT_READY})


class SessionBegan(Exception):
    """What was being measured was given up; measure it again when the session is over."""


class RecorderSide:
    """The recorder as the self-test sees it: asked anew each time, since it may come and go."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path

    def status(self) -> BoxStatus | None:
        """How it greets; None where it does not answer: then it cannot be recording either."""
        with socket.socket(socket.AF_UNIX) as recorder:
            recorder.settimeout(ANSWERS_WITHIN_S)
            try:
                recorder.connect(str(self._path))
                with recorder.makefile("rb") as lines:
                    return BoxStatus.model_validate_json(lines.readline())
            except (OSError, ValidationError, json.JSONDecodeError):
                return None

    def send(self, command: Command) -> None:
        """A recorder that is away is asked nothing."""
        with socket.socket(socket.AF_UNIX) as recorder:
            recorder.settimeout(ANSWERS_WITHIN_S)
            try:
                recorder.connect(str(self._path))
                recorder.sendall(encode(command))
                recorder.shutdown(socket.SHUT_WR)
                while recorder.recv(4096):  # it hangs up once it has read to the end
                    pass
            except OSError:
                return

    def is_at_rest(self) -> bool:
        status = self.status()
        return status is None or status.state in _AT_REST

    def make_way(self) -> None:
        """Raises SessionBegan while there is one."""
        if not self.is_at_rest():
            raise SessionBegan

    def when_tried(self, pause: Callable[[float], None] = time.sleep) -> BoxStatus | None:
        """How it greets once nobody is awaited at its button any more; a trial ends by itself."""
        while (status := self.status()) is not None and status.parts.trying:
            pause(TRIAL_LOOKS_EVERY_S)
        return status

    def wait_for_rest(self, pause: Callable[[float], None] = time.sleep) -> None:
        while not self.is_at_rest():
            pause(LOOKS_EVERY_S)
