"""What can go wrong while a session is being recorded, and what the page says about it."""

from enum import StrEnum
from typing import assert_never


class Fault(StrEnum):
    """Its value is the code that the tape keeps."""

    MICROPHONE_SILENT = "microphone_silent"
    MICROPHONE_STUCK = "microphone_stuck"
    LIGHT_DEAD = "light_dead"
    TAPE_FULL = "tape_full"
    TAPE_FAILED = "tape_failed"
    ERASING_FAILED = "erasing_failed"
    END_NOT_ERASED = "end_not_erased"


def sentence(fault: Fault) -> str:  # noqa: PLR0911  a fault each
    """What happened, what it means, what to do."""
    match fault:
        case Fault.MICROPHONE_SILENT:
            return (
                "The microphone has gone silent. The recording up to then is safe, and it goes on by itself when the "
                "sound is back. Check the cable, or hold the button to stop."
            )
        case Fault.MICROPHONE_STUCK:
            return (
                "The microphone does not let itself be closed, so the session was ended. What was recorded is safe. "
                "Switch the box off and on again."
            )
        case Fault.LIGHT_DEAD:
            return (
                "The red light does not answer, and without it the box does not record. What was recorded is safe. "
                "Press the button, and tell clinic IT if this comes back."
            )
        case Fault.TAPE_FULL:
            return (
                "The storage is full, so the session was ended. What was recorded is safe. Make room by finishing "
                "older sessions, then press the button."
            )
        case Fault.TAPE_FAILED:
            return (
                "The storage refused to keep the recording, so the session was ended. What was stored before is safe. "
                "Press the button, and tell clinic IT if this comes back."
            )
        case Fault.ERASING_FAILED:
            return (
                "The storage has not let the withdrawn recording be erased yet; the box tries again by itself. "
                "Leave it switched on, and tell clinic IT if this stays. Check this page for the receipt."
            )
        case Fault.END_NOT_ERASED:
            return (
                "The storage has not let the last minutes be erased, so the session was ended. Switch the box off and "
                "on again: it tries once more. Withdraw the session if they must not stay, and tell clinic IT."
            )
        case _:
            assert_never(fault)


SEEN_SENTENCE = (
    "The microphone is still silent. The recording up to then is safe. Check the cable, and when the light blinks "
    "slowly press the button to go on; hold it to stop."
)
