"""Where therapist and client sit in this room, in room.json: how each chair sounds to the two microphones.

Levels and delays only: nothing that was said, and nothing by which a voice could be known. Another room's are learned
anew; moved chairs or microphones fit no longer, and then nobody is named by them.
"""

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.durable import make_private_folder, write_private
from app.speech.known_seats import KnownSeats
from app.speech.seats import Seat

_FILE = "room.json"

log = logging.getLogger(__name__)


class _Chair(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    level_db: float
    delays: tuple[float, ...]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    therapist: _Chair
    client: _Chair
    learned_at_ms: int  # UTC epoch


class RoomSeats:
    """Any thread and process; the file is replaced whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def known(self) -> KnownSeats | None:
        """None where nobody has shown the box who sits where."""
        stored = self._read()
        return KnownSeats(_seat(stored.therapist), _seat(stored.client)) if stored else None

    @property
    def learned_at_ms(self) -> int | None:
        stored = self._read()
        return stored.learned_at_ms if stored else None

    def keep(self, seats: KnownSeats, at_ms: int) -> None:
        """Raise OSError where the storage refuses."""
        therapist, client = (
            _Chair(level_db=seat.level_db, delays=seat.delays) for seat in (seats.therapist, seats.client)
        )
        stored = _Stored(therapist=therapist, client=client, learned_at_ms=at_ms)
        make_private_folder(self._folder)
        write_private(self._folder / _FILE, stored.model_dump_json().encode())

    def forget(self) -> None:
        (self._folder / _FILE).unlink(missing_ok=True)

    def _read(self) -> _Stored | None:
        try:
            return _Stored.model_validate_json((self._folder / _FILE).read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            log.warning("what was learned of the room cannot be read; it can be learned again")
            return None


def _seat(chair: _Chair) -> Seat:
    return Seat(chair.level_db, chair.delays)
