"""What the recorder writes on standard error: why it is not in order, and when it is again. Nothing of any session.

Under systemd and under `tacet run` a line begins with how serious it is, as the journal reads it (sd-daemon(3)).
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Final

from firmware.status import BoxState
from firmware.telling import LAPSED_SENTENCE

if TYPE_CHECKING:
    from firmware.status import BoxStatus

ERROR: Final = 3
WARNING: Final = 4
INFO: Final = 6
_READ_BY: Final = {"JOURNAL_STREAM", "TACET_LOG_LEVELS"}
_WORDS: Final = {BoxState.NOT_READY: (WARNING, "not ready"), BoxState.FAULT: (ERROR, "recording interrupted")}
_FIGURES: Final = re.compile(r"\d+")


def write_line(priority: int, sentence: str) -> None:
    level = f"<{priority}>" if _READ_BY & os.environ.keys() else ""
    sys.stderr.write(f"{level}{sentence}\n")
    sys.stderr.flush()


class TroubleLog:
    """Writes a line when trouble begins, changes or ends. A figure that moves, like a temperature, is no change."""

    def __init__(self) -> None:
        self._trouble = ""

    def saw(self, status: BoxStatus) -> None:
        """Called with every status; what a box does that is in order is nobody's concern."""
        priority, words = _WORDS.get(status.state, (INFO, ""))
        if status.reasons == (LAPSED_SENTENCE,):
            words = ""
        trouble = _FIGURES.sub("", " ".join((words, *status.reasons))) if words else ""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if words:
            write_line(priority, f"recorder: {words}: {' '.join(status.reasons) or 'the page says why'}")
        else:
            write_line(INFO, "recorder: in order again")
