import socket
from pathlib import Path
from typing import Any

from app.asr.protocol import (
    READY,
    SECOND,
    VOICEPRINTS,
    anew_head,
    heard_from,
    receive_frame,
    second_from,
    send_frame,
    voiceprints_from,
    window_head,
)
from app.asr.transcriber import Heard, SecondModel, TranscriberAway, TranscriberFailed, Window
from app.asr.voiceprints import Voiceprints

ANSWER_WITHIN_S = 300.0  # a window takes seconds; a slow board under heat, a minute


class SocketTranscriber:
    """Transcriber, VoicePrinter and HearsAnew in a process of their own; or a pool's Transcriber (`app.pool.link`).

    Keeps one connection; one thread at a time. Handles speech and voiceprints in clear.
    """

    def __init__(self, socket_path: Path) -> None:
        self.at_once = 1
        self._path = socket_path
        self._connection: socket.socket | None = None

    def hear(self, window: Window) -> Heard:
        head, _ = self._ask(window_head(window), window.pcm)
        return heard_from(head)

    def voiceprints(self, pcm: bytes) -> Voiceprints:
        return voiceprints_from(*self._ask(VOICEPRINTS, pcm))

    def second_model(self) -> SecondModel | None:
        head, _ = self._ask(SECOND, b"")
        return second_from(head)

    def hear_anew(self, window: Window) -> Heard:
        head, _ = self._ask(anew_head(window), window.pcm)
        return heard_from(head)

    def make_ready(self) -> None:
        self._ask(READY, b"")

    def _ask(self, asked: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            connection = self._connected()
            send_frame(connection, asked, body)
            head, answer = receive_frame(connection)
        except (OSError, ValueError) as error:
            self.close()
            message = f"nobody answers at {self._path.name}"
            raise TranscriberAway(message) from error
        if "error" in head:
            raise TranscriberFailed(head["error"])
        return head, answer

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
