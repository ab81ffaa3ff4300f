import gc
import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.asr.memory import give_back
from app.asr.protocol import (
    ANEW,
    READY,
    SECOND,
    VOICEPRINTS,
    heard_head,
    receive_frame,
    second_head,
    send_frame,
    voiceprints_frame,
    window_from,
)
from app.asr.transcriber import SecondModel, Transcriber
from app.asr.voiceprints import VoicePrinter
from models import ModelError, ModelMissing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Second:
    """The model for sessions that are heard anew."""

    told: Callable[[], SecondModel]
    load: Callable[[], Transcriber]


class TranscriberServer:
    """Answers the app's windows one after another, loading the model at the first one.

    The second model is loaded in the first one's place and let go for it: never are both in memory. A model that is
    missing or damaged is answered with its sentence and looked for again at the next window, so that a repaired one
    is taken up without a restart.
    """

    def __init__(
        self,
        listener: socket.socket,
        load: Callable[[], Transcriber],
        load_printer: Callable[[], VoicePrinter],
        rest_s: Callable[[float], float] = lambda _: 0.0,
        second: Second | None = None,
    ) -> None:
        """`rest_s` says how long to rest after so many seconds of work."""
        self._second = second
        self._is_second = False  # which of them is loaded
        self._rest_s = rest_s
        self._load = load
        self._load_printer = load_printer
        self._printer: VoicePrinter | None = None
        self._transcriber: Transcriber | None = None
        self._listener = listener

    def warm_up(self) -> None:
        """Load the model before somebody waits for it. A model that cannot be loaded is told at the first window."""
        try:
            self._loaded()
        except ModelError as error:
            log.error("%s", error)  # noqa: TRY400  a sentence, no traceback

    def serve_forever(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            while True:
                head, body = receive_frame(connection)
                began = time.monotonic()
                try:
                    answer = self._answer(head, body)
                except ModelError as error:
                    answer = {"error": str(error)}, b""
                send_frame(connection, *answer)
                time.sleep(self._rest_s(time.monotonic() - began))
        except (ConnectionError, ValueError, KeyError):
            return  # the app went away or was restarted; it comes back by itself

    def _answer(self, head: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        if head == VOICEPRINTS:
            self._printer = self._printer or self._load_printer()
            return voiceprints_frame(self._printer.voiceprints(body))
        if head == SECOND:
            return second_head(self._second.told() if self._second else None), b""
        if head == READY:
            self._loaded()
            return {}, b""
        anew = head.pop("ask", None) == ANEW["ask"]
        return heard_head(self._loaded(second=anew).hear(window_from(head, body))), b""

    def _loaded(self, *, second: bool = False) -> Transcriber:
        load = self._second.load if second and self._second else self._load
        if second and self._second is None:
            raise ModelMissing("No second model is set, so nothing is heard anew.")
        if self._is_second != second:
            self._transcriber = None
            gc.collect()
            give_back()
        if self._transcriber is None:
            self._transcriber = load()
            self._is_second = second
            log.info("second model loaded" if second else "model loaded")
        return self._transcriber


def listen(socket_path: Path) -> socket.socket:
    socket_path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(socket_path))
    os.chmod(socket_path, 0o600)  # noqa: PTH101  Path.chmod is the same call
    listener.listen(1)
    return listener
