"""Who spoke in a whole session: by seat where two microphones tell, else by voice. Voiceprints stay in memory here.

Sound is looked at once, chunk by chunk, also while the session goes on. Where two microphones turn out to tell nobody
apart (one is dead, both stand together), it is looked at a second time, by voice. What is told is stored by the caller
when the session has ended; a look that was killed begins again.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from app.asr.transcriber import SAMPLE_RATE_HZ, TranscriberFailed
from app.asr.voiceprints import VoicePrinter
from app.domain import Attribution, Told, Turn
from app.ingest import OpenTape
from app.speech.attribution import mixed_down, one_channel
from app.speech.known_seats import KnownSeats, therapist_among
from app.speech.seats import Seats
from app.speech.telling_apart import Voices
from app.speech.windows import next_span
from app.vault.sessions import SessionStore

VOICES = 2  # how many people a session has unless somebody says otherwise


@dataclass(frozen=True, slots=True)
class Chunk:
    """At most 30 s of sound, interleaved s16le at 16 kHz. Speech in clear."""

    start_sample: int
    pcm: bytes = field(repr=False)


Source = Callable[[], Iterator[Chunk | None]]  # None: nothing more for now
SoFar = Callable[[], Sequence[Turn]]


def telling(
    source: Source,
    channels: int,
    printer: VoicePrinter | None,
    *,
    voices: int = VOICES,
    seats: KnownSeats | None = None,
) -> Generator[SoFar | None, None, Attribution]:
    """Look at the sound step by step, one chunk a step, and return who spoke when.

    Yields:
        what tells who spoke as far as can be told by now, after each chunk of one microphone; None where there is
        nothing new, and with two, where the louder one tells. It takes a while, so only who shows it calls it.

    Raises:
        TranscriberAway: begin again later.
    """
    if channels == 1:
        return (yield from _by_voice(source, channels, printer, voices, None))
    measured = Seats()
    for chunk in source():
        if chunk:
            measured.add(chunk.pcm)
        yield None
    if measured.dead_channel is None and voices == VOICES:
        told = measured.told()
        if len({turn.speaker for turn in told.turns}) > 1:
            at = therapist_among(told.seats, seats) if seats else None
            therapist = None if at is None else str(at + 1)
            return Attribution(told.turns, Told.SEATS, VOICES, overlaps=told.overlaps, therapist=therapist)
    return (yield from _by_voice(source, channels, printer, voices, measured.dead_channel))


def _by_voice(
    source: Source, channels: int, printer: VoicePrinter | None, voices: int, dead: int | None
) -> Generator[SoFar | None, None, Attribution]:
    heard = Voices()
    try:
        for chunk in source():
            if chunk:
                if printer is None:
                    return Attribution((), Told.NO_MODEL, dead_channel=dead, asked=voices)
                pcm = mixed_down(chunk.pcm, channels) if dead is None else one_channel(chunk.pcm, channels, 1 - dead)
                heard.add(printer.voiceprints(pcm), chunk.start_sample * 1000 // SAMPLE_RATE_HZ)
            yield partial(heard.turns, voices) if chunk and channels == 1 else None
    except TranscriberFailed:
        return Attribution((), Told.NO_MODEL, dead_channel=dead, asked=voices)
    if not heard.spans:
        return Attribution((), Told.NOBODY, dead_channel=dead, asked=voices)
    one = voices == VOICES and heard.is_one()
    return Attribution(
        tuple(heard.turns(1 if one else voices)),
        Told.ONE_VOICE if one else Told.VOICES,
        heard.count(),
        dead,
        asked=voices,
    )


def told_at_once(source: Source, channels: int, printer: VoicePrinter | None, *, voices: int = VOICES) -> Attribution:
    """Look at all of it, now."""
    steps = telling(source, channels, printer, voices=voices)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            told: Attribution = ended.value
            return told


class Speakers:
    """Follows the sessions of all tapes and stores who spoke once each has ended. One thread."""

    def __init__(self, printer: VoicePrinter | None, seats: Callable[[], KnownSeats | None] = lambda: None) -> None:
        self._printer = printer
        self._seats = seats
        self._looking: dict[str, Generator[SoFar | None, None, Attribution]] = {}
        self._provisional: dict[str, tuple[Turn, ...]] = {}
        self._told: set[str] = set()

    def follow(self, tape: OpenTape, store: SessionStore) -> bool:
        """Take one step more; tells whether who spoke is stored by now.

        Raises:
            TranscriberAway: nothing was stored; call again later.
        """
        if tape.session_id in self._told:
            return True
        looking = self._looking.get(tape.session_id)
        if looking is None:
            if store.content(tape.session_id).attribution is not None:
                self._told.add(tape.session_id)
                return True
            voices = store.people_wanted(tape.session_id) or VOICES
            looking = self._looking[tape.session_id] = self._telling(tape, voices)
        try:
            if so_far := next(looking):
                self._provisional[tape.session_id] = tuple(so_far())
        except StopIteration as ended:
            store.add_attribution(tape.session_id, ended.value)
            self.forget(tape.session_id)
            self._told.add(tape.session_id)
            return True
        except BaseException:
            self.forget(tape.session_id)
            raise
        return False

    def provisional(self, session_id: str) -> tuple[Turn, ...]:
        """Who spoke as far as can be told while the session goes on; none where nothing can. Any thread."""
        return self._provisional.get(session_id, ())

    def forget(self, session_id: str) -> None:
        """Drop what is in memory of a session, voiceprints included."""
        self._provisional.pop(session_id, None)
        looking = self._looking.pop(session_id, None)
        if looking:
            looking.close()

    def forget_all(self) -> None:
        for session_id in list(self._looking):
            self.forget(session_id)

    def _telling(self, tape: OpenTape, voices: int) -> Generator[SoFar | None, None, Attribution]:
        channels = tape.reader.head.channels
        return telling(lambda: chunks(tape), channels, self._printer, voices=voices, seats=self._seats())


def chunks(tape: OpenTape) -> Iterator[Chunk | None]:
    """Give the sound of a tape in order, None where it has to grow first."""
    place = 0
    while True:
        span = next_span(tape.reader.stretches(), place, ended=not tape.being_written)
        if span is None:
            if not tape.being_written:
                return
            yield None
            continue
        yield Chunk(span.start_sample, tape.reader.read_pcm(span.start_sample, span.samples))
        place = span.start_sample + span.samples
