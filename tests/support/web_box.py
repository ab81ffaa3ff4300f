"""A box whose page is served for real: real vaults, tapes and TLS; only the recorder and the model are not there.

Run by hand, it serves a box full of sessions and prints where: `python -m support.web_box` in `tests/`.
"""

import socket
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from support.web_sessions import add_session, conversation, plain

from app.asr.transcriber import SecondModel
from app.box.invitations import read_setup_code
from app.box.record import BoxRecord
from app.changes import Changes
from app.domain import Pause, SessionState, Turn
from app.hearing_queue import HearingQueue
from app.settings import AppSettings
from app.tls import ensure_certificate
from app.vault.keys import CHEAP_COST
from app.vault.vault import Vault, Vaults
from app.web.server import PageServer, create_app
from app.web.serving import server_config
from firmware.light import Light
from firmware.status import BoxState, BoxStatus, Parts
from firmware.tape import Recipient

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "Dr. Ada Example"
PASSPHRASE = "slow green river stone"
DAY_MS = 24 * 3600 * 1000
LIGHTS = {
    BoxState.READY: Light("off", green=True),
    BoxState.RECORDING: Light("on", green=False),
    BoxState.PAUSED: Light("slow_blink", green=True),
}


class FakeRecorder:
    """Keeps to the port `app.web.ports.Recorder`: shows what it is told to show, and remembers what it was asked."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.asked: list[str] = []
        self.prepared: tuple[str | None, bool] = (None, False)
        self.on_erase_end: Callable[[], object] | None = None  # what the recorder then does
        self.status: BoxStatus | None = None
        self._key_id: str | None = None
        self.show(BoxState.READY)

    def show(
        self,
        state: BoxState | None,
        *reasons: str,
        elapsed_ms: int = 0,
        level_dbfs: float | None = None,
        session_id: str | None = None,
    ) -> None:
        """Any thread. None is a recorder that is away."""
        self.status = state and BoxStatus(
            state=state,
            reasons=reasons,
            elapsed_ms=elapsed_ms,
            level_dbfs=level_dbfs,
            session_id=session_id,
            light=LIGHTS.get(state, Light("double_blink", green=False)),
            recipient_key_id=self._key_id,
            microphone="test",
        )
        self.changes.notify()

    async def send(self, command: Literal["pause", "stop"]) -> None:
        self.asked.append(command)
        elapsed_ms = self.status.elapsed_ms if self.status else 0
        self.show(BoxState.PAUSED if command == "pause" else BoxState.READY, elapsed_ms=elapsed_ms)

    async def erase_end(self, session_id: str, minutes: int) -> None:
        self.asked.append(f"erase_end {session_id} {minutes}")
        if self.on_erase_end is not None:
            self.on_erase_end()

    async def withdraw(self, session_id: str) -> None:
        self.asked.append(f"withdraw {session_id}")
        self.show(BoxState.READY)

    async def try_light(self) -> None:
        self.asked.append("try_light")
        if self.status:
            self.status = self.status.model_copy(update={"parts": Parts(trying=True)})
            self.changes.notify()

    async def prepare(
        self, public_key: bytes, appointment_id: str | None = None, *, consent_on_file: bool = False
    ) -> None:
        self.prepared = (appointment_id, consent_on_file)
        self._key_id = Recipient(public_key).key_id
        if self.status:
            self.status = self.status.model_copy(update={"recipient_key_id": self._key_id})
            self.changes.notify()


@dataclass(frozen=True)
class FakeProgress:
    transcribed_ms: int
    total_ms: int
    live: bool


@dataclass(frozen=True)
class FakeAhead:
    until_sample: int
    text: str


class FakePipeline:
    """Keeps to the port `app.web.ports.Pipeline`."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.speech_problem: str | None = None
        self.by_session: dict[str, FakeProgress] = {}
        self.waiting = HearingQueue()
        self.words_ahead: dict[str, FakeAhead] = {}
        self.turns: dict[str, tuple[Turn, ...]] = {}
        self.second: SecondModel | None = None
        self.second_waits = ""

    def progress(self, session_id: str) -> FakeProgress | None:
        return self.by_session.get(session_id)

    def queue(self) -> HearingQueue:
        return self.waiting

    def second_model(self) -> SecondModel | None:
        return self.second

    def second_waits_for(self) -> str:
        return self.second_waits

    def ahead(self, session_id: str) -> FakeAhead | None:
        return self.words_ahead.get(session_id)

    def provisional(self, session_id: str) -> tuple[Turn, ...]:
        return self.turns.get(session_id, ())


class WebBox:
    """Serves from a thread of its own until `close`."""

    def __init__(self, folder: Path) -> None:
        self.settings = AppSettings(data_dir=folder, run_dir=folder, announce=False, requests_a_second=10_000)
        self.vaults = Vaults(folder / "vaults", cost=CHEAP_COST)
        self.record = BoxRecord.open(folder / "box")
        self.recorder = FakeRecorder()
        self.pipeline = FakePipeline()
        self.app = create_app(self.settings, self.vaults, self.record, self.recorder, self.pipeline)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.address = f"https://127.0.0.1:{self.port}"
        certificate = ensure_certificate(folder / "tls", "tacet")
        config = server_config(self.app, certificate, ends_within_s=10)
        self._server = PageServer(config, self.app.state.desk.closing)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name="page")

    @property
    def connections(self) -> dict[str, int]:
        """How many are open, by address."""
        return dict(self._server.bounded.by_address)

    @property
    def tapes_dir(self) -> Path:
        return self.settings.data_dir / "tapes"

    @property
    def setup_code(self) -> str:
        """As the box's console shows it."""
        return read_setup_code(self.settings.data_dir / "box") or ""

    def start(self) -> None:
        try:
            self._thread.start()
            self._await_server()
        except BaseException:
            self.close()
            raise

    def _await_server(self) -> None:
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert self._thread.is_alive(), "the page server ended by itself"
            assert time.monotonic() < deadline, "the page server does not start"
            time.sleep(0.02)

    def stop_serving(self) -> float:
        """End the server as its process would, and give how long that took, in seconds."""
        began = time.monotonic()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "the page server does not end"
        seconds = time.monotonic() - began
        self._listener.close()
        self._server.bounded.close_all()
        return seconds

    def close(self) -> float:
        seconds = self.stop_serving()
        self.vaults.lock_all()
        self.record.close()
        return seconds

    def close_unserved(self) -> None:
        """As `close`, where nothing was started."""
        self._listener.close()
        self.vaults.lock_all()
        self.record.close()

    def new_person(self, name: str = NAME) -> Vault:
        return self.vaults.create(name, PASSPHRASE)[0]


def fill(box: WebBox, vault: Vault, now_ms: int) -> list[str]:
    """Sessions in every state; gives their ids, the one to look at closely first."""
    day, sessions = 0, []
    states = (
        SessionState.DRAFTED,
        SessionState.DRAFTED,
        SessionState.TRANSCRIBING,
        SessionState.CAPTURED,
        SessionState.DRAFTED,
        SessionState.DRAFTED,
    )
    for number, state in enumerate(states):
        first = number == 0
        sessions.append(
            add_session(
                vault,
                box.tapes_dir,
                conversation(seed=number + 3, turns=None if first else 4 + number),
                session_id=f"{number + 1:032x}",
                started_at_ms=now_ms - day * DAY_MS - number * 5_400_000,
                state=state,
                pauses=(Pause(61_000),) if first else (),
            )
        )
        day += number > 0
    box.pipeline.by_session[sessions[2]] = FakeProgress(14_000, 35_000, live=False)
    return sessions


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        box = WebBox(Path(folder))
        fill(box, box.new_person(), time.time_ns() // 1_000_000)
        box.start()
        print(f"{box.address}  passphrase: {PASSPHRASE}")  # noqa: T201  run by hand
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            box.close()


if __name__ == "__main__":
    main()


__all__ = ["NAME", "PASSPHRASE", "FakePipeline", "FakeProgress", "FakeRecorder", "WebBox", "fill", "plain"]
