import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

from app.asr.protocol import heard_head, receive_frame, send_frame, window_from
from app.asr.transcriber import Transcriber
from models import ModelError

log = logging.getLogger(__name__)


class TranscriberServer:
    """Answers the app's windows one after another, loading the model at the first one.

    A model that is missing or damaged is answered with its sentence and looked for again at the next window, so that
    a repaired model is taken up without a restart.
    """

    def __init__(self, listener: socket.socket, load: Callable[[], Transcriber]) -> None:
        self._load = load
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
                try:
                    answer = heard_head(self._loaded().hear(window_from(head, body)))
                except ModelError as error:
                    answer = {"error": str(error)}
                send_frame(connection, answer)
        except (ConnectionError, ValueError, KeyError):
            return  # the app went away or was restarted; it comes back by itself

    def _loaded(self) -> Transcriber:
        if self._transcriber is None:
            self._transcriber = self._load()
            log.info("model loaded")
        return self._transcriber


def listen(socket_path: Path) -> socket.socket:
    socket_path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(socket_path))
    os.chmod(socket_path, 0o600)  # noqa: PTH101  Path.chmod is the same call
    listener.listen(1)
    return listener
