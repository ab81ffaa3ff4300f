"""The pool as this box sees it: its link knows, and tells whoever may use its socket."""

import socket
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from app.asr.protocol import receive_frame, send_frame

SEEN: Final = {"ask": "seen"}  # the head of the question
ANSWERS_WITHIN_S = 2.0  # the link answers from memory


class Standing(StrEnum):
    OFF = "off"  # this box is in no pool
    UNUSED = "unused"  # it is in one, and tacet.toml says that it hears by itself
    STOPPED = "stopped"  # it is in one, and its link does not run
    JOINING = "joining"  # it has a code, which nobody has taken yet
    JOINED = "joined"  # and has not asked yet
    REACHABLE = "reachable"
    REFUSED = "refused"  # another version, another model, a code that is not right: somebody has to mend it
    AWAY = "away"


class PoolSeen(BaseModel):
    """One look. Names machines and counts, nobody and no words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standing: Standing
    since_ms: int = 0  # wall clock; 0 where nobody has looked
    sentence: str = ""  # why it is refused or away
    code_problem: str = ""  # why the last code did not make this box a member, or not anew
    name: str = ""  # of this box in the pool
    pool: str = ""
    host: str = ""
    port: int = 0
    version: str = ""  # of Tacet, here
    pool_version: str = ""  # there
    model: str = ""  # with which this box hears by itself
    pool_model: str = ""  # and the pool
    pool_model_digest: str = ""
    workers: tuple[str, ...] = ()
    queued: int = 0  # windows of all boxes
    sound_s_a_second: float = 0.0  # heard for all boxes, over the last minutes
    waited_s: float = 0.0  # for this box's last window
    lag_s: float = 0.0  # for how long this box waits now

    @property
    def may_get_sound(self) -> bool:
        """Whether sound may go there now or later; a client is told so, also while the pool is away."""
        return self.standing not in {Standing.OFF, Standing.UNUSED}

    @property
    def hears(self) -> bool:
        return self.standing is Standing.REACHABLE and bool(self.workers)


def look(run_dir: Path) -> PoolSeen:
    """Ask this box's link. Any thread; never raises."""
    path = run_dir / "pool.sock"
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(ANSWERS_WITHIN_S)
        try:
            link.connect(str(path))
            send_frame(link, SEEN)
            head, _ = receive_frame(link)
            return PoolSeen.model_validate(head)
        except FileNotFoundError:
            return PoolSeen(standing=Standing.OFF)
        except (OSError, ValueError, ValidationError):
            return PoolSeen(standing=Standing.STOPPED)
