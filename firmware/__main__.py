"""The recorder's wiring: which parts there are and who knows whom."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from firmware import clock
from firmware.capture import SoundFormat
from firmware.core_dump import forbid_core_dumps
from firmware.deck import Deck
from firmware.errors import FirmwareError
from firmware.hands import Hands
from firmware.hearing import Hearing
from firmware.inbox import FaultFound, Inbox, Quit
from firmware.lamp import Lamp
from firmware.microphone_process import ProcessMicrophone
from firmware.notify import Notifier
from firmware.own_log import ERROR, TroubleLog, write_line
from firmware.panel import Panel, PanelMissing, PanelPins
from firmware.panel_gpio import open_pi_panel
from firmware.panel_simulated import SimulatedPanel
from firmware.preflight import Preflight
from firmware.recipient import RecipientFile
from firmware.recorder import Recorder
from firmware.sole_recorder import sole_recorder
from firmware.status_server import StatusServer
from firmware.tape import SHARED_FOLDER, TapeError, finish_withdrawals
from firmware.telling import Teller
from firmware.thermal import Thermal
from firmware.trials import Trials
from firmware.without_panel import tell_why

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from firmware.microphone import Microphone
    from firmware.settings import RecorderSettings
    from firmware.status import BoxStatus

_PRIORITY: Final = -10  # nice: as PulseAudio chooses for itself


def main(settings: RecorderSettings) -> int:
    """Records until SIGTERM or SIGINT, then closes what is under way; returns the process's exit status.

    To be called in the main thread of a process of its own: it sets signal handlers, the umask, and where native
    libraries may write. Says in one sentence on standard error why it could not start or end as it should.
    """
    os.umask(0o007)  # what is private says so itself; tapes and the status are for the app's group, too
    forbid_core_dumps()
    inbox = Inbox()
    crashed = _quit_on(inbox)
    try:
        with ExitStack() as parts:
            recorder = _build(settings, inbox, parts)
            closed = recorder.run()
    except PanelMissing as missing:
        write_line(ERROR, str(missing))
        reasons = [reason for reason in (settings.configuration_problem, str(missing)) if reason]
        tell_why(reasons, settings.run_dir / "recorder.sock", inbox)
        return 1
    except FirmwareError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(
            f"The recorder cannot use its folders: {error.strerror} ({error.filename}). Check data_dir and run_dir."
        )
    if not closed:
        return _fail("The storage did not answer, so the last seconds may be missing. All before is safe.")
    return 1 if crashed.is_set() else 0


def _go_first() -> None:
    """Words can wait for a core, sound cannot; the capture process inherits this. Where it may not: see systemd/."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)


def _fail(sentence: str) -> int:
    write_line(ERROR, sentence)
    return 1


@dataclass(frozen=True, slots=True)
class _Fittings:
    """What stands in and on the box, and what several of its parts look at."""

    sound: SoundFormat
    panel: Panel
    lamp: Lamp
    microphone: Microphone
    recipients: RecipientFile


def _build(settings: RecorderSettings, inbox: Inbox, parts: ExitStack) -> Recorder:
    """Everything that has to be closed again goes into `parts`. Raises FirmwareError or OSError."""
    recorder_dir = _folder(settings.data_dir / "recorder")
    tapes_dir = _folder(settings.data_dir / "tapes", SHARED_FOLDER)
    run_dir = _folder(settings.run_dir)
    parts.enter_context(sole_recorder(recorder_dir / "lock"))
    with suppress(TapeError):  # tried again at the next start; the key is what goes first
        finish_withdrawals(tapes_dir, clock.utc_ms)
    box = _fittings(settings, recorder_dir / "recipient.json", parts)
    deck = _deck(settings, box, tapes_dir, inbox)
    server = StatusServer(run_dir / "recorder.sock", inbox.put)
    trials = Trials(recorder_dir / "tried.json")
    teller = Teller(
        publish=_telling_systemd(server.publish, parts),
        deck=deck,
        lamp=box.lamp,
        microphone=box.microphone,
        recipients=box.recipients,
        trials=trials,
        sample_rate_hz=settings.sample_rate_hz,
    )
    recorder = Recorder(
        inbox=inbox,
        hands=Hands(),
        panel=box.panel,
        lamp=box.lamp,
        microphone=box.microphone,
        deck=deck,
        preflight=_preflight(settings, box),
        recipients=box.recipients,
        teller=teller,
        trials=trials,
        block_timeout_ms=settings.block_timeout_ms,
        clock_ms=clock.monotonic_ms,
    )
    server.start(teller.status(recorder.state, None))
    parts.callback(server.close)
    return recorder


def _fittings(settings: RecorderSettings, recipient_file: Path, parts: ExitStack) -> _Fittings:
    panel = _panel(settings)
    parts.callback(panel.close)
    silence_allowed = settings.silence_allowed or settings.microphone == "file"
    return _Fittings(
        SoundFormat(settings.sample_rate_hz, settings.channels, settings.speed, silence_allowed),
        panel,
        Lamp(panel, clock.monotonic_ms),
        _microphone(settings),
        RecipientFile(recipient_file, settings.consent_policy),
    )


def _deck(settings: RecorderSettings, box: _Fittings, tapes_dir: Path, inbox: Inbox) -> Deck:
    return Deck(
        tapes_dir=tapes_dir,
        recipients=box.recipients,
        microphone=box.microphone,
        lamp=box.lamp,
        sound=box.sound,
        segment_s=settings.segment_s,
        on_sealed=box.panel.beat,
        on_fault=lambda fault: inbox.put(FaultFound(fault, clock.monotonic_ms())),
    )


def _preflight(settings: RecorderSettings, box: _Fittings) -> Preflight:
    hearing = Hearing(box.microphone, box.sound.sample_rate_hz, box.sound.channels, clock.monotonic_ms)
    return Preflight(
        settings.data_dir,
        settings.min_free_hours,
        box.sound,
        box.recipients,
        box.microphone,
        None if box.sound.silence_allowed else hearing,
        Thermal(settings.max_temperature_c),
        settings.configuration_problem,
    )


def _telling_systemd(publish: Callable[[BoxStatus], None], parts: ExitStack) -> Callable[[BoxStatus], None]:
    """The loop publishes several times a second as long as it turns, and that is what systemd watches."""
    notifier = Notifier.from_environment(os.environ)
    parts.callback(notifier.stopping)
    troubles = TroubleLog()

    def publish_and_tell(status: BoxStatus) -> None:
        publish(status)
        troubles.saw(status)
        notifier.turned(status.state.value.replace("_", " "), clock.monotonic_ms())

    return publish_and_tell


def _folder(path: Path, mode: int = 0o700) -> Path:
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    return path


def _panel(settings: RecorderSettings) -> Panel:
    pins = PanelPins(settings.button_pin, settings.red_pin, settings.green_pin, settings.heartbeat_pin)
    match settings.panel:
        case "gpio":
            return open_pi_panel(pins)
        case "jetson":
            from firmware.panel_jetson import open_jetson_panel  # noqa: PLC0415  elsewhere there may be no gpiod

            return open_jetson_panel(pins)
        case "simulated":
            return SimulatedPanel(pins, settings.run_dir / "panel.sock")
        case _:
            assert_never(settings.panel)


def _microphone(settings: RecorderSettings) -> Microphone:
    match settings.microphone:
        case "pyaudio":
            return ProcessMicrophone(
                settings.device, settings.sample_rate_hz, settings.channels, native_rate=settings.native_rate
            )
        case "file":
            assert settings.audio_file is not None, "the settings see to it"
            from firmware.microphone_file import FileMicrophone  # noqa: PLC0415  its decoder is for rooms out of a file

            return FileMicrophone(
                settings.audio_file,
                settings.sample_rate_hz,
                settings.channels,
                speed=settings.speed,
                at_end=settings.at_end,
            )
        case _:
            assert_never(settings.microphone)


def _quit_on(inbox: Inbox) -> threading.Event:
    """SIGTERM, SIGINT and a thread that dies of an error end the recorder; the event tells the last from the others."""
    crashed = threading.Event()
    report = threading.excepthook

    def thread_died(args: threading.ExceptHookArgs) -> None:
        report(args)
        crashed.set()
        inbox.put(Quit())

    threading.excepthook = thread_died
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: inbox.put(Quit()))
    return crashed
