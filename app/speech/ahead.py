"""Words ahead of the record, for the eyes alone: what the window that still fills holds so far.

A session is made of whole windows, so that the same sound always gives the same words, however often the process is
killed; alone they would leave the page half a minute behind the room. So the first part of each window is heard as soon
as it is there. What is found is kept in memory, never stored, and gone once the whole window was heard.
"""

import time
from dataclasses import dataclass, field

from app.asr.transcriber import SAMPLE_RATE_HZ, Transcriber
from app.domain import Cursor
from app.ingest import OpenTape
from app.speech.hearing import window_at
from app.speech.windows import begun_span

FIRST_PART_SAMPLES = 15 * SAMPLE_RATE_HZ
SLOWEST_S = 6.0  # for a first part; a machine that takes longer needs its time for whole windows


@dataclass(frozen=True, slots=True)
class Ahead:
    """Words in clear."""

    until_sample: int
    text: str = field(repr=False)


class WordsAhead:
    """Looks ahead in the sessions that go on. One thread looks, any thread reads."""

    def __init__(self) -> None:
        self._found: dict[str, Ahead] = {}
        self._looked_from: dict[str, int] = {}  # the window whose first part was heard
        self._too_slow = False

    def look(self, tape: OpenTape, cursor: Cursor, transcriber: Transcriber) -> bool:
        """Hear the first part of the next window once it is there; tells whether there is something new to show.

        Raises:
            TranscriberAway, TranscriberFailed: call again later.
            TapeError: the tape was changed or is gone.
        """
        if self._too_slow or self._looked_from.get(tape.session_id) == cursor.next_sample:
            return False
        span = begun_span(tape.reader.stretches(), cursor.next_sample, FIRST_PART_SAMPLES)
        if span is None:
            return False
        began = time.monotonic()
        heard = transcriber.hear(window_at(tape, cursor, span))
        self._too_slow = time.monotonic() - began > SLOWEST_S
        self._looked_from[tape.session_id] = cursor.next_sample
        text = " ".join(utterance.text for utterance in heard.utterances)
        self._found[tape.session_id] = Ahead(span.start_sample + heard.advance_samples, text)
        return True

    def of(self, session_id: str) -> Ahead | None:
        """Give the words ahead of those that are stored; None where there are none."""
        return self._found.get(session_id)

    def forget(self, session_id: str) -> None:
        self._found.pop(session_id, None)

    def forget_all(self) -> None:
        self._found.clear()
        self._looked_from.clear()
