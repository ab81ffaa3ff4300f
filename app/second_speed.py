"""How long the second model takes on this machine, in box/second-model.json: measured while it hears. No content."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.durable import make_private_folder, write_private

_FILE = "second-model.json"


class SecondSpeed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    sound_s: float
    took_s: float

    @property
    def a_minute_s(self) -> float:
        """Seconds for a minute of sound."""
        return self.took_s * 60 / max(self.sound_s, 1e-6)


def read_speed(box_dir: Path, model: str) -> SecondSpeed | None:
    """None where this model has not been measured here."""
    try:
        found = SecondSpeed.model_validate_json((box_dir / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.model == model else None


def keep_speed(box_dir: Path, speed: SecondSpeed) -> None:
    """Raises OSError where the storage refused."""
    make_private_folder(box_dir)
    write_private(box_dir / _FILE, speed.model_dump_json().encode())
