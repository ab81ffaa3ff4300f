"""Voices told apart anew, where somebody said that another number of people had spoken. Handles speech in clear."""

from collections.abc import Callable, Generator
from dataclasses import replace

from app.asr.voiceprints import VoicePrinter
from app.domain import Attribution, KeptLine
from app.ingest import Ingest, OpenTape
from app.review.pieces import pieces_of
from app.speech.known_seats import KnownSeats
from app.speech.relabelling import like_before
from app.speech.speaking import SoFar, chunks, telling
from app.vault.session_content import SessionContent
from app.vault.sessions import SessionStore


class TellingAnew:
    """Listens to recordings again, a chunk a step; the first telling is `Speakers`' own. One thread."""

    def __init__(self, printer: VoicePrinter | None, seats: Callable[[], KnownSeats | None]) -> None:
        self._printer = printer
        self._seats = seats
        self._looking: dict[str, tuple[int, Generator[SoFar | None, None, Attribution]]] = {}
        self._gone: set[str] = set()  # sessions whose sound is gone

    def step(self, ingest: Ingest, store: SessionStore) -> bool:
        """Take one step with each session that waits; tells whether any did.

        Raises:
            TranscriberAway: nothing was stored; call again later.
        """
        worked = [self._follow(ingest, store, *waiting) for waiting in store.to_tell_anew()]
        return any(worked)

    def forget_all(self) -> None:
        """Drop what is in memory, voiceprints included."""
        for _, looking in self._looking.values():
            looking.close()
        self._looking.clear()
        self._gone.clear()

    def _follow(self, ingest: Ingest, store: SessionStore, session_id: str, people: int) -> bool:
        if session_id in self._gone:
            return False
        known, looking = self._looking.pop(session_id, (people, None))
        if looking is not None and known != people:
            looking.close()
            looking = None
        if looking is None:
            tape = ingest.reopen(session_id)
            if tape is None:
                self._gone.add(session_id)
                store.tell_anew(session_id, lambda content: _as_it_was(content, people))
                return True
            looking = self._telling(tape, people)
        try:
            next(looking)
        except StopIteration as ended:
            told: Attribution = ended.value
            store.tell_anew(session_id, lambda content: keeping_work(content, told))
            return True
        self._looking[session_id] = people, looking
        return True

    def _telling(self, tape: OpenTape, people: int) -> Generator[SoFar | None, None, Attribution]:
        channels = tape.reader.head.channels
        return telling(lambda: chunks(tape), channels, self._printer, voices=people, seats=self._seats())


def keeping_work(content: SessionContent, told: Attribution) -> Attribution:
    """What was told anew, with the numbers that voices had, and every line as it is that a person has worked on."""
    before = content.attribution
    if before and before.turns and not told.turns:
        return _as_it_was(content, told.asked)
    worked_on = {seq for seq, edit in content.edits.items() if edit.text is not None} | {
        mark.seq for mark in content.marks
    }
    pieces = pieces_of(content.segments, before, content.voice_changes)
    kept = tuple(KeptLine(one.first, one.last, one.speaker) for one in pieces if one.key in worked_on)
    return replace(like_before(told, before.turns if before else ()), kept=kept)


def _as_it_was(content: SessionContent, people: int) -> Attribution:
    """The sound or the model is gone: what was told stays, and the page says for how many people it was asked."""
    assert content.attribution is not None
    return replace(content.attribution, asked=people)
