"""The simulator's process: wiring only. Loopback, no keys, no speech."""

import signal
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn

from app.errors import TacetError
from tacet.simulator.page import Surroundings, create_app
from tacet.simulator.stage import Stage

LOOPBACK = "127.0.0.1"
STREAMS_END_WITHIN_S = 2


class _Server(uvicorn.Server):
    """Ends the streams first: uvicorn waits for open connections, and a stream never closes by itself."""

    def __init__(self, config: uvicorn.Config, stage: Stage) -> None:
        super().__init__(config)
        self._stage = stage

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stage.close()
        await super().shutdown(sockets)


def main(run_dir: Path, port: int, review_url: str, room: str) -> int:
    """Show the box at http://127.0.0.1:`port` until SIGTERM or SIGINT.

    Args:
        run_dir: where the recorder's sockets are, or will be.
        port: of the page.
        review_url: what the page links to.
        room: a sentence that says what is heard in the room.

    Raises:
        TacetError: the port is taken; a sentence.
    """
    signal.signal(signal.SIGTERM, _leave)
    stage = Stage()
    with _listening(port) as listener:
        app = create_app(run_dir, Surroundings(port, review_url, room), stage)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=STREAMS_END_WITHIN_S
        )
        _Server(config, stage).run([listener])
    return 0


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise TacetError(
            f"The picture of the box cannot be served on {LOOPBACK} port {port} ({error.strerror}). "
            "Stop the program that uses the port, or choose another."
        ) from error


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """Uvicorn repeats the signal that ended it once it has cleaned up; being asked to end is no failure."""
    sys.exit(0)
