"""Everything that the recorder's one loop has to hear, from whichever thread it comes."""

from dataclasses import dataclass
from queue import SimpleQueue

from firmware.faults import Fault
from firmware.preflight import Findings
from firmware.status import Command


@dataclass(frozen=True, slots=True)
class ButtonMoved:
    down: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class FaultFound:
    fault: Fault
    at_ms: int


@dataclass(frozen=True, slots=True)
class ActionsDone:
    fault: Fault | None  # what kept the rest of them from being performed
    at_ms: int


@dataclass(frozen=True, slots=True)
class Checked:
    findings: Findings
    asked_at_ms: int


@dataclass(frozen=True, slots=True)
class Quit:
    """The recorder is to end; a session under way is closed first."""


Message = ButtonMoved | FaultFound | ActionsDone | Checked | Quit | Command

# SimpleQueue, because its `put` is reentrant: a signal's handler may interrupt another `put` of the same thread.
Inbox = SimpleQueue[Message]
