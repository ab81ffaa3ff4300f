"""What the recorder looks at many times a second while it records. Pure but for what it is given to look at."""

from typing import Final

from firmware.deck import Deck
from firmware.faults import Fault
from firmware.lamp import Lamp
from firmware.microphone import Microphone

FIRST_BLOCK_MS: Final = 3_000  # a sound server may take 2 s to deliver the first block
STORAGE_PATIENCE_MS: Final = 8_000  # less than the ring holds, so that a dead disk shows before sound is lost


def find_fault(deck: Deck, microphone: Microphone, lamp: Lamp, *, block_timeout_ms: int, now_ms: int) -> Fault | None:
    """The first thing that makes "recording" untrue: no light, no sound, or sound that is not stored."""
    capture, listens_since_ms = deck.capture, deck.listens_since_ms
    if capture is None or listens_since_ms is None:
        return None
    if not lamp.answers():
        return Fault.LIGHT_DEAD
    if not microphone.ended and _is_silent(capture.last_block_ms, listens_since_ms, block_timeout_ms, now_ms):
        return Fault.MICROPHONE_SILENT
    if capture.last_block_ms is not None and capture.last_block_ms - capture.last_sealed_ms > STORAGE_PATIENCE_MS:
        return Fault.TAPE_FAILED
    return None


def _is_silent(last_block_ms: int | None, listens_since_ms: int, block_timeout_ms: int, now_ms: int) -> bool:
    if last_block_ms is None:
        return now_ms - listens_since_ms > max(FIRST_BLOCK_MS, block_timeout_ms)
    return now_ms - last_block_ms > block_timeout_ms
