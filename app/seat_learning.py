"""Listening to one chair: the sound of a recording that goes on, measured from a moment on. Handles speech in clear.

The recording is one like any other: a press on the box began it, the red light is on, and it is erased at the end.
"""

from dataclasses import dataclass
from pathlib import Path

from app.asr.transcriber import SAMPLE_RATE_HZ
from app.errors import TacetError
from app.speech.seats import Seat, Seats
from app.vault.vault import Vault
from firmware.tape import TapeError, TapeReader, read_head

LONGEST_S = 60  # of one chair that is listened to


class NotHeard(TacetError):
    """The recording cannot be listened to; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Chair:
    """What was heard from one place so far."""

    spoken_s: float
    seat: Seat | None  # None where too little was said


class LiveSound:
    """The recording under way, for the person it is sealed to."""

    def __init__(self, tapes_dir: Path, vault: Vault, session_id: str) -> None:
        """Raise NotHeard where there is no such recording, or it has one microphone."""
        try:
            head = read_head(tapes_dir / session_id)
            key = vault.session_key(session_id) or vault.open_tape_key(head)
            self._tape = TapeReader(tapes_dir / session_id, key)
            self._tape.refresh()
        except (TapeError, OSError):
            raise NotHeard("The recording has ended. Press the button on the box and begin again.") from None
        if head.channels != 2:  # noqa: PLR2004  one nearer each chair
            raise NotHeard("This box has one microphone, so it tells people apart by their voices, not by their seats.")

    @property
    def samples(self) -> int:
        return self._tape.samples

    def chair(self, first_sample: int, last_sample: int) -> Chair:
        """Measure what was said between, at most a minute of it."""
        last_sample = min(last_sample, first_sample + LONGEST_S * SAMPLE_RATE_HZ, self._tape.samples)
        heard = Seats()
        for stretch in self._tape.stretches():
            start = max(stretch.start_sample, first_sample)
            end = min(stretch.start_sample + stretch.samples, last_sample)
            if start < end:
                heard.add(self._tape.read_pcm(start, end - start))
        return Chair(heard.spoken_s, heard.seat())
