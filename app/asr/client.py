import socket
from pathlib import Path

from app.asr.protocol import heard_from, receive_frame, send_frame, window_head
from app.asr.transcriber import Heard, TranscriberAway, TranscriberFailed, Window

ANSWER_WITHIN_S = 300.0  # a window takes seconds; a slow board under heat, a minute


class SocketTranscriber:
    """The Transcriber in its own process. Keeps one connection; one thread at a time. Handles speech in clear."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._connection: socket.socket | None = None

    def hear(self, window: Window) -> Heard:
        try:
            connection = self._connected()
            send_frame(connection, window_head(window), window.pcm)
            head, _ = receive_frame(connection)
        except (OSError, ValueError) as error:
            self.close()
            message = "the asr process does not answer"
            raise TranscriberAway(message) from error
        if "error" in head:
            raise TranscriberFailed(head["error"])
        return heard_from(head)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connected(self) -> socket.socket:
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(ANSWER_WITHIN_S)
            self._connection = connection
            connection.connect(str(self._path))
        return self._connection
