"""What each process of the box does without on a machine without our units; systemd/units/ is stricter."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tacet.settings import BoxSettings


@dataclass(frozen=True, slots=True)
class Confinement:
    """What one process may not have."""

    name: str
    network: bool  # whether it keeps one
    hidden: tuple[Path, ...]  # can be opened by nothing that it runs
    kept: tuple[Path, ...] = ()  # folders that it needs nevertheless, made where they are missing
    read: tuple[Path, ...] = ()  # files that it reads nevertheless
    writes_elsewhere: bool = True  # else it changes nothing outside of `kept`

    @property
    def command(self) -> list[str]:
        """What to put before the process's own command line."""
        flags = [*([] if self.network else ["--no-network"]), *([] if self.writes_elsewhere else ["--read-only"])]
        places = (("--hide", self.hidden), ("--keep", self.kept), ("--read", self.read))
        named = [word for option, listed in places for place in listed for word in (option, str(place))]
        return [sys.executable, "-m", "tacet.confinement", self.name, *flags, *named, "--"]


def confinements(settings: BoxSettings) -> dict[str, Confinement]:
    """Asr has no network, no data and nowhere to write; the recorder no network and no vault; the app no device."""
    recorder, app, asr = settings.recorder, settings.app, settings.asr
    tapes = tuple(recorder.data_dir / name for name in ("recorder", "tapes"))
    played = () if recorder.audio_file is None else (recorder.audio_file,)
    listed = (
        Confinement("recorder", network=False, hidden=(app.data_dir,), kept=(*tapes, recorder.run_dir), read=played),
        Confinement("asr", network=False, hidden=(app.data_dir,), kept=(asr.run_dir,), writes_elsewhere=False),
        Confinement("app", network=True, hidden=devices()),
    )
    return {one.name: one for one in listed}


def devices(root: Path = Path("/dev")) -> tuple[Path, ...]:
    """Sound cards, cameras and pins that this machine has."""
    return tuple(sorted(one for name in ("snd", "gpiochip*", "gpiomem*", "video*") for one in root.glob(name)))
