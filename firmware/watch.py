"""What the recorder looks at many times a second while it records. Pure but for what it is given to look at."""

from typing import Final

from firmware.deck import Deck
from firmware.faults import Fault
from firmware.lamp import Lamp
from firmware.microphone import Microphone

FIRST_BLOCK_MS: Final = 3_000  # a sound server may take 2 s to deliver the first block
STORAGE_PATIENCE_MS: Final = 8_000  # less than the ring holds, so that a dead disk shows before sound is lost
HELD_UP_MS: Final = 250  # between two looks, which are 20 ms apart otherwise
CATCH_UP_MS: Final = 300  # what waits in the pipe has come in by then


class Attention:
    """Knows when the recorder itself was held up, so that it does not blame the microphone for its own absence."""

    def __init__(self) -> None:
        self._looked_at_ms: int | None = None
        self._fair_from_ms = 0

    def grace_ms(self, now_ms: int) -> int:
        """How much longer than usual the microphone may seem silent; called at every look, 0 as a rule.

        After being held up for good the microphone still has no more than this: a silent one shows in time.
        """
        if self._looked_at_ms is not None and now_ms - self._looked_at_ms > HELD_UP_MS:
            self._fair_from_ms = now_ms + CATCH_UP_MS
        self._looked_at_ms = now_ms
        return 2 * CATCH_UP_MS if now_ms < self._fair_from_ms else 0


def find_fault(deck: Deck, microphone: Microphone, lamp: Lamp, *, block_timeout_ms: int, now_ms: int) -> Fault | None:
    """The first thing that makes "recording" untrue: no light, no sound, or sound that is not stored."""
    capture, listens_since_ms = deck.capture, deck.listens_since_ms
    if capture is None or listens_since_ms is None:
        return None
    if not lamp.answers():
        return Fault.LIGHT_DEAD
    if not microphone.ended and _is_silent(capture.last_block_ms, listens_since_ms, block_timeout_ms, now_ms):
        return Fault.MICROPHONE_SILENT
    if _waits_for_the_disk(capture.last_block_ms, capture.unsealed_since_ms):
        return Fault.TAPE_FAILED
    return None


def _is_silent(last_block_ms: int | None, listens_since_ms: int, block_timeout_ms: int, now_ms: int) -> bool:
    if last_block_ms is None:
        return now_ms - listens_since_ms > max(FIRST_BLOCK_MS, block_timeout_ms)
    return now_ms - last_block_ms > block_timeout_ms


def _waits_for_the_disk(last_block_ms: int | None, unsealed_since_ms: int | None) -> bool:
    """Sound has been coming for long, and none of it is sealed. Time without any sound does not count."""
    if last_block_ms is None or unsealed_since_ms is None:
        return False
    return last_block_ms - unsealed_since_ms > STORAGE_PATIENCE_MS
