"""A whole recorder on fakes, with a tape on a real disk and time that passes only when it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.fake_microphone import FakeMicrophone
from support.fake_panel import FakePanel
from support.sound import noise
from support.waiting import wait_until

from firmware.capture import SoundFormat
from firmware.deck import Deck
from firmware.inbox import FaultFound, Inbox, Quit
from firmware.lamp import Lamp
from firmware.preflight import Preflight
from firmware.recipient import RecipientFile
from firmware.recorder import Recorder
from firmware.status import Prepare
from firmware.tape import ConsentRecord, TapeError, TapeReader, list_tapes, open_session_key, read_head
from firmware.telling import Teller
from firmware.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firmware.light import Levels
    from firmware.recipient import ConsentPolicy
    from firmware.status import BoxStatus, Command

RATE_HZ = 1_000
BLOCK_MS = 50
BLOCK = noise(RATE_HZ * BLOCK_MS // 1000)


class WitnessPanel(FakePanel):
    """Looks at the tape each time red changes, so that the history tells what was durable by then."""

    def __init__(self, history: list[str], consents: Callable[[], list[str]]) -> None:
        super().__init__(history)
        self._consents = consents

    def show(self, levels: Levels) -> None:
        if levels.red != self.shown_without_looking.red:
            self.history.append(f"the tape says {' '.join(self._consents()) or 'nothing'}")
        super().show(levels)

    @property
    def shown_without_looking(self) -> Levels:
        return self._levels


class FakeBox:
    """`history` is what panel and microphone were asked to do, in order. Jobs are done at once unless `jobs` is set."""

    def __init__(
        self,
        folder: Path,
        *,
        min_free_hours: float = 0.0,
        private_key: X25519PrivateKey | None = None,
        consent_policy: ConsentPolicy = "allow",
    ) -> None:
        self.now_ms = 10_000
        self.private_key = private_key or X25519PrivateKey.generate()
        self.history: list[str] = []
        self.told: list[BoxStatus] = []
        self.inbox = Inbox()
        self.tapes_dir = folder / "tapes"
        self.tapes_dir.mkdir(exist_ok=True)
        self.panel = WitnessPanel(self.history, self.consents)
        self.microphone = FakeMicrophone(self.history)
        self.lamp = Lamp(self.panel, self._clock_ms)
        self.recipients = RecipientFile(folder / "recipient.json", consent_policy)
        self.jobs: list[Callable[[], None]] | None = None
        sound = SoundFormat(RATE_HZ, 1)
        trials = Trials(folder / "tried.json")
        self.deck = Deck(
            tapes_dir=self.tapes_dir,
            recipients=self.recipients,
            microphone=self.microphone,
            lamp=self.lamp,
            sound=sound,
            segment_s=300,
            on_sealed=self.panel.beat,
            on_fault=lambda fault: self.inbox.put(FaultFound(fault, self.now_ms)),
            clock_ms=self._clock_ms,
        )
        self.recorder = Recorder(
            inbox=self.inbox,
            hands=self._do,
            panel=self.panel,
            lamp=self.lamp,
            microphone=self.microphone,
            deck=self.deck,
            preflight=Preflight(folder, min_free_hours, sound, self.recipients, self.microphone),
            recipients=self.recipients,
            teller=Teller(
                publish=self.told.append,
                deck=self.deck,
                lamp=self.lamp,
                microphone=self.microphone,
                recipients=self.recipients,
                trials=trials,
                sample_rate_hz=RATE_HZ,
            ),
            trials=trials,
            block_timeout_ms=500,
            clock_ms=self._clock_ms,
        )
        self.recorder.begin()

    @property
    def status(self) -> BoxStatus:
        return self.told[-1]

    def pass_time(self, ms: int, *, speaking: bool = False) -> None:
        """Turns the recorder's loop every 10 ms; the microphone delivers a block every 50 when somebody speaks."""
        for _ in range(ms // 10):
            self.now_ms += 10
            if speaking and self.now_ms % BLOCK_MS == 0:
                self.microphone.speak(BLOCK)
            self.recorder.turn(0)

    def prepare(self, *, appointment_id: str | None = None, consent_on_file: bool = False) -> None:
        """Ready, with a recipient whose private key this box's tapes can be opened with."""
        public_key = self.private_key.public_key().public_bytes_raw().hex()
        self.inbox.put(Prepare(public_key=public_key, appointment_id=appointment_id, consent_on_file=consent_on_file))
        self.pass_time(2_000)

    def press(self, *, speaking: bool = False) -> None:
        self.panel.press()
        self.pass_time(100, speaking=speaking)
        self.panel.release()
        self.pass_time(50, speaking=speaking)

    def hold(self, *, speaking: bool = False) -> None:
        self.panel.press()
        self.pass_time(2_050, speaking=speaking)
        self.panel.release()
        self.pass_time(50, speaking=speaking)

    def hold_long(self, *, speaking: bool = False) -> None:
        self.panel.press()
        self.pass_time(6_050, speaking=speaking)
        self.panel.release()
        self.pass_time(50, speaking=speaking)

    def command(self, command: Command | Quit) -> None:
        self.inbox.put(command)
        self.pass_time(20)

    def wait_for_sealed(self, records: int) -> None:
        """The writer works in real time, whatever the box's clock says."""
        wait_until(lambda: self.history.count("heartbeat") >= records)

    def tape(self, index: int = -1) -> TapeReader:
        folder = sorted(list_tapes(self.tapes_dir), key=lambda path: path.stat().st_ctime_ns)[index]
        return TapeReader(folder, open_session_key(read_head(folder), self.private_key.private_bytes_raw()))

    def consents(self) -> list[str]:
        """What the newest tape says about consent, read from the disk."""
        if not self.tapes_dir.is_dir() or not list_tapes(self.tapes_dir):
            return []
        try:
            return [record.event.value for record in self.tape().events() if isinstance(record, ConsentRecord)]
        except TapeError:
            return []

    def _clock_ms(self) -> int:
        return self.now_ms

    def _do(self, job: Callable[[], None]) -> None:
        if self.jobs is None:
            job()
        else:
            self.jobs.append(job)
