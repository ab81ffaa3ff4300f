"""A real PulseAudio server with a virtual microphone that PortAudio records bit for bit, paced as a sound card is.

Source: module-null-sink and module-remap-source of PulseAudio 16; needs no sound card, D-Bus or system service.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from support.waiting import wait_until

_SMALL_BLOCKS_MS = 20  # one silent player of such a latency makes the sink deliver steadily
_AHEAD_MS = 4_000  # what a player keeps ahead, so that a busy machine tears no hole into what it plays


def missing_programs() -> str | None:
    """Why the virtual microphone cannot run here, or None."""
    missing = [name for name in ("pulseaudio", "pacat", "pactl") if shutil.which(name) is None]
    return f"{', '.join(missing)} not installed" if missing else None


class PulseMicrophone:
    """The server, its virtual microphone `vmic`, and a silent player that keeps it running. Use as a context."""

    def __init__(self, folder: Path, sample_rate_hz: int = 16_000, channels: int = 1) -> None:
        """`folder` has a short path: it holds a Unix socket."""
        self._folder = folder
        self._sample_rate_hz = sample_rate_hz
        self._channels = channels
        self._socket = folder / "server"  # not "pulse": the name of the server's own folder
        self._server: subprocess.Popen[bytes] | None = None
        self._froze = False
        self._silence: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs so that PortAudio's default device is this microphone and no other is looked for."""
        return {
            "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_CLIENTCONFIG": str(self._folder / "client.conf"),
            "ALSA_CONFIG_PATH": str(self._folder / "asound.conf"),
            "HOME": str(self._folder),
            "XDG_RUNTIME_DIR": str(self._folder),
            "JACK_NO_START_SERVER": "1",
        }

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / "client.conf").write_text("autospawn = no\n")
        (self._folder / "asound.conf").write_text("pcm.!default {\n  type pulse\n  device vmic\n}\n")
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Starts the server (again); returns when the microphone delivers."""
        shape = f"rate={self._sample_rate_hz} channels={self._channels} format=s16le"
        self._server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--realtime=no"),
                *("--disable-shm=yes", "--log-target=stderr", "--log-level=error"),
                *("-L", f"module-native-protocol-unix socket={self._socket} auth-anonymous=1"),
                *("-L", f"module-null-sink sink_name=vsink {shape}"),
                *("-L", "module-remap-source source_name=vmic master=vsink.monitor remix=no"),
            ],
            env=os.environ | self.environment,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, 10, "for PulseAudio")
        self._silence = self._player("/dev/zero", _SMALL_BLOCKS_MS)
        self._hear_first_sound()

    def kill(self) -> None:
        """The server is gone at once, as when a sound card is pulled out."""
        for process in (self._server, self._silence):
            if process is not None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        self._server = self._silence = None
        self._froze = False
        self._socket.unlink(missing_ok=True)

    def restore(self) -> None:
        """Starts it anew where it was killed, or frozen at any time since it started."""
        if self._server is None or self._froze:
            self.kill()
            self.start()

    def freeze(self) -> None:
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        self._froze = True

    def thaw(self) -> None:
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def play(self, pcm_file: Path) -> None:
        """Plays it to its end, which on a busy machine may reach a listener even later than this returns."""
        self._player(str(pcm_file)).wait(600)
        time.sleep(0.5)

    @contextmanager
    def playing(self, pcm_file: Path) -> Iterator[None]:
        """Plays beside everything else, until the context is left."""
        player = self._player(str(pcm_file))
        try:
            yield
        finally:
            player.kill()
            player.wait()

    def _player(self, source: str, latency_ms: int = _AHEAD_MS) -> subprocess.Popen[bytes]:
        command = [*self._pacat("--playback", "vsink", latency_ms), source]
        return subprocess.Popen(command, env=os.environ | self.environment, stderr=subprocess.DEVNULL)

    def _hear_first_sound(self) -> None:
        """The sink's first two seconds come at once, when they are over; what is played meanwhile would be cut."""
        with subprocess.Popen(
            self._pacat("--record", "vmic", _SMALL_BLOCKS_MS), env=os.environ | self.environment, stdout=subprocess.PIPE
        ) as listener:
            assert listener.stdout is not None
            listener.stdout.read(320)
            listener.kill()

    def _pacat(self, direction: str, device: str, latency_ms: int) -> list[str]:
        shape = (f"--rate={self._sample_rate_hz}", f"--channels={self._channels}", "--format=s16le")
        return ["pacat", direction, "--raw", f"--latency-msec={latency_ms}", *shape, "-d", device]

    def _answers(self) -> bool:
        return self._socket.exists() and "vmic" in self._pactl("list", "short", "sources")

    def _pactl(self, *words: str) -> str:
        environment = os.environ | self.environment
        asked = subprocess.run(["pactl", *words], env=environment, capture_output=True, timeout=5, check=False)  # noqa: S607  wherever Debian keeps it
        return asked.stdout.decode()
