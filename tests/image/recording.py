"""A session from the press of the button to its last word, in the box."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from image.lab import ROOM_S
from image.machine import Machine, MachineError
from image.visiting import (
    PASSPHRASE,
    RECORDER,
    SAMPLE_RATE_HZ,
    SET_UP_WITHIN_S,
    begin,
    hold,
    sealed,
    visitor,
    wait_for_state,
)
from tacet.demo_session.script import read_script

RECORDED_WITHIN_S: Final = 600.0
HEARD_WITHIN_S: Final = 3000.0  # under emulation a window takes minutes
MOST_SAID: Final = 4 * ROOM_S  # words: nobody speaks faster
ASKED_EVERY_S: Final = 10.0  # also keeps the sign-in alive


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a recording; words are counted, never shown."""

    samples_in: int
    samples_sealed: int
    gap_samples: int
    session_samples: int
    words: int
    known_words: int  # of them those that are said in the room, in their order
    took_s: float  # from the end of the recording to the last word
    work_s: float  # the same in processor seconds of the emulation


def recorded_and_heard(box: Machine, folder: Path, seconds: float) -> Heard:
    """Set the box up as a therapist, record so many seconds of sound, stop, and wait until all is written down."""
    return asyncio.run(_walk(box, folder, seconds))


async def _walk(box: Machine, folder: Path, seconds: float) -> Heard:
    async with visitor(box, folder) as therapist:
        await therapist.set_up(SET_UP_WITHIN_S, PASSPHRASE)
        begin(box)
        box.follow(RECORDER)
        box.listen_until(lambda: sealed(box.said) >= seconds * SAMPLE_RATE_HZ, RECORDED_WITHIN_S)
        box.follow(None)
        hold(box)
        last = wait_for_state(box, "ready")
        stopped_s, worked_s = time.monotonic(), box.worked_s()
        session = await _finished(therapist, stopped_s + HEARD_WITHIN_S)
    words = plain(" ".join(line["text"] for line in session["transcript"]))
    counted = (last["samples_in"], last["samples_sealed"], last["gap_samples"], session["samples"])
    return Heard(
        *counted, len(words), known(words, _said_in_the_room()), time.monotonic() - stopped_s, box.worked_s() - worked_s
    )


async def _finished(therapist: Any, deadline_s: float) -> dict[str, Any]:
    while time.monotonic() < deadline_s:
        session: dict[str, Any] = await therapist.session()
        if session["problem"]:
            raise MachineError(session["problem"])
        if session["finished"]:
            return session
        await asyncio.sleep(ASKED_EVERY_S)
    raise MachineError("The recording was not written down to its end.")


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def known(heard: Sequence[str], said: Sequence[str]) -> int:
    """How many of the words are those of a sound that begins anew at its end."""
    matched = SequenceMatcher(None, [*said, *said], heard, autojunk=False).get_matching_blocks()
    return sum(block.size for block in matched)


def _said_in_the_room() -> list[str]:
    return plain(" ".join(turn.text for turn in read_script()))[:MOST_SAID]
