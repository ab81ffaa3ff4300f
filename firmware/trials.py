"""Whether button, lights and microphone have shown on this box that they work, where a person has to help.

A trial lets green and red flash twice in turn until somebody presses the button: who has seen both lamps. Red is never
lit for longer than in "not ready", which the box is meanwhile: that press is the trial's and starts nothing. What was
seen working is kept across restarts.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from firmware.light import Light
from firmware.status import Parts, Trial

if TYPE_CHECKING:
    from pathlib import Path

    from firmware.button import ButtonState
    from firmware.lamp import Lamp

TRIAL: Final = Light("in_turn", green=False)
TRIAL_MS: Final = 120_000
STUCK_AFTER_MS: Final = 30_000  # down since before anybody watched it


class Trials:
    """For the recorder's loop alone, except `keep`. It shows no light but TRIAL: what comes after is the loop's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _read(path)
        self._kept = self._seen
        self._until_ms: int | None = None
        self._light_dead = False
        self._button_stuck = False
        self._microphone = Trial.NOT_TRIED

    @property
    def running(self) -> bool:
        return self._until_ms is not None

    @property
    def parts(self) -> Parts:
        return Parts(
            button=Trial.BROKEN if self._button_stuck else _trial("button" in self._seen),
            light=Trial.BROKEN if self._light_dead else _trial("light" in self._seen),
            microphone=self._microphone,
            trying=self.running,
        )

    def begin(self, lamp: Lamp, now_ms: int) -> None:
        self._light_dead = False
        self._until_ms = now_ms + TRIAL_MS
        lamp.show(TRIAL)

    def look(self, button: ButtonState, lamp: Lamp, now_ms: int) -> bool:
        """Whether the trial is over: the pins do not answer, or nobody has pressed for too long.

        Not while a finger is down: that press is still the trial's.
        """
        self._button_stuck = button.spent and button.down and now_ms - button.down_since_ms >= STUCK_AFTER_MS
        if self._until_ms is None:
            return False
        if not lamp.answers():
            self._light_dead = True
        return (self._light_dead or now_ms >= self._until_ms) and not (button.raw_down or button.down)

    def leave(self) -> None:
        """Something else is to be shown."""
        self._until_ms = None

    def pressed(self) -> None:
        """Note a press, as every one shows that the button works."""
        self._seen = self._seen | ({"button", "light"} if self.running else {"button"})

    def microphone_checked(self, problem: str | None) -> None:
        self._microphone = Trial.WORKS if problem is None else Trial.BROKEN

    def keep(self) -> None:
        """Write down what is new. One thread at a time. Raises OSError; then it is told until the recorder ends."""
        seen = self._seen
        if seen == self._kept:
            return
        temporary = self._path.with_suffix(".new")
        temporary.touch(mode=0o600)
        with temporary.open("w", encoding="ascii") as file:
            json.dump(sorted(seen), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self._kept = seen


def _trial(seen: bool) -> Trial:  # noqa: FBT001  a word for it
    return Trial.WORKS if seen else Trial.NOT_TRIED


def _read(path: Path) -> frozenset[str]:
    try:
        kept = json.loads(path.read_text(encoding="ascii"))
        return frozenset(kept) & {"button", "light"}
    except (OSError, ValueError, TypeError):
        return frozenset()
