"""A real asr process with the real model."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from support.demo_sound import MODELS_DIR

ANSWERS_WITHIN_S = 60.0


class AsrProcess:
    """Starts `tacet asr` in a folder; may be killed and started again."""

    def __init__(
        self,
        folder: Path,
        models_dir: Path = MODELS_DIR,
        model: str = "base",
        threads: int = 0,
        *,
        second_model: str | None = None,
    ) -> None:
        self.socket_path = folder / "asr.sock"
        self._config = folder / "asr.toml"
        second = f'second_model = "{second_model}"\n' if second_model else ""
        self._config.write_text(
            f'data_dir = "{folder}"\nrun_dir = "{folder}"\nmodels_dir = "{models_dir}"\n'
            f'[asr]\nmodel = "{model}"\nthreads = {threads}\n{second}'
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self.socket_path.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tacet", "asr", "--config", str(self._config)], stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + ANSWERS_WITHIN_S
        while not self._listens():
            assert self._process.poll() is None, "asr ended by itself"
            assert time.monotonic() < deadline, "asr does not start"
            time.sleep(0.02)

    def _listens(self) -> bool:
        """Its socket is there a moment before anybody listens at it."""
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.socket_path)) == 0

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> bytes:
        """End it and give what it said."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> bytes:
        if self._process is None:
            return b""
        self._process.send_signal(number)
        _, said = self._process.communicate(timeout=30)
        self._process = None
        return said
